/** Below and above the lines: what has come meanwhile, what the view tells of itself, and why there is nothing to see. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState, type JSX } from 'react';

import { bytes } from '../units';
import { textOf } from './ansi';
import type { IFilter } from './ask';
import type { ISearch } from './finder';
import type { LogModel } from './model';
import type { IShown } from './shown';

const SPEAK = 10_000; // milliseconds between two things that are said of a log that grows

interface IStatusProps {
  readonly model: LogModel;
  readonly shown: IShown;
  readonly search: ISearch;
  readonly choose: (filter: Partial<IFilter>) => void;
  readonly trans: TranslationBundle;
}

export function Status({ model, shown, search, choose, trans }: IStatusProps): JSX.Element {
  const { fresh, following, size, fault, loading, link } = shown;
  const spoken = useSpoken(model, trans);
  const words = [
    following && model.isLive ? trans.__('following') : '',
    link === 'lost' ? trans.__('not connected, retrying') : '',
    loading ? trans.__('reading') : '',
    link === 'refused' ? '' : fault,
    link === 'unknown' ? trans.__('the job was deleted') : ''
  ].filter(word => word !== '');
  return (
    <>
      <Instead model={model} shown={shown} choose={choose} trans={trans} />
      {!following && fresh !== null && (
        <button
          className="cube-Log-pill"
          type="button"
          onClick={() => {
            model.follow();
          }}
        >
          {trans._n('%2%3 new line', '%2%3 new lines', fresh.count, fresh.count.toLocaleString(), fresh.more ? '+' : '')} ↓
        </button>
      )}
      <div className="cube-Log-status" hidden={shown.job === null}>
        <span>{bytes(size)}</span>
        <span className="cube-Log-words" data-wrong={fault !== '' || link === 'lost'}>
          {words.join(' · ')}
        </span>
        <span className="cube-Log-note" role="status">
          {search.busy ? trans.__('searching') : search.note}
        </span>
      </div>
      <div className="cube-Log-spoken" role="status" aria-live="polite">
        {spoken}
      </div>
    </>
  );
}

/** Why no line is there, and what to do. */
function Instead({ model, shown, choose, trans }: Omit<IStatusProps, 'search'>): JSX.Element | null {
  const { link, job, pane, size, filter, loading, fault } = shown;
  if (pane.rows.length > 0) {
    return null;
  }
  const words = ((): string => {
    switch (link) {
      case 'opening':
        return trans.__('Opening the log');
      case 'unknown':
        return trans.__('This server has no such job. It may have been deleted, and its log with it.');
      case 'absent':
        return trans.__('This server has no jupyter-cube. Install it there and restart the server: pip install jupyter-cube');
      case 'refused':
        return fault;
      case 'lost':
        return trans.__('Not connected. The log comes as soon as the server answers.');
      case 'live':
        break;
    }
    if (loading || pane.end < size || pane.start > 0) {
      return trans.__('Reading');
    }
    if (filter.tasks !== null || filter.attempt !== 0 || filter.alarms) {
      return filter.alarms ? trans.__('No lines that look like errors.') : trans.__('No lines of these tasks.');
    }
    if (job?.state === 'WAITING') {
      const why = textOf(job.reason);
      return why === ''
        ? trans.__('The job waits. Its lines come here when it starts.')
        : trans.__('The job waits: %1. Its lines come here when it starts.', why);
    }
    return model.isLive ? trans.__('No lines yet.') : trans.__('The job has written no lines.');
  })();
  const isFiltered = link === 'live' && (filter.tasks !== null || filter.attempt !== 0 || filter.alarms);
  return (
    <div className="cube-Log-instead">
      <p>{words}</p>
      {isFiltered && (
        <button
          className="cube-Log-button"
          type="button"
          onClick={() => {
            choose({ tasks: null, attempt: 0, alarms: false });
          }}
        >
          {trans.__('Show all lines')}
        </button>
      )}
    </div>
  );
}

/** Now and then the last line, for who does not see it. */
function useSpoken(model: LogModel, trans: TranslationBundle): string {
  const [spoken, setSpoken] = useState('');
  useEffect(() => {
    const timer = setInterval(() => {
      const { following, fresh, pane } = model.now;
      const last = pane.rows.at(-1);
      if (model.isLive && following && last?.kind === 'line') {
        setSpoken(trans.__('Last line, of %1: %2', last.task, textOf(last.text).slice(0, 200)));
      } else if (!following && fresh !== null) {
        setSpoken(trans._n('%2 new line', '%2 new lines', fresh.count, fresh.count.toLocaleString()));
      }
    }, SPEAK);
    return (): void => {
      clearInterval(timer);
    };
  }, [model, trans]);
  return spoken;
}
