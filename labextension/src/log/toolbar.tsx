/** Above the lines: search, what is shown of the log and of its lines, where to go, the log as a file. */

import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { downloadIcon, keyboardIcon } from '@jupyterlab/ui-components';
import type { JSX } from 'react';

import { textOf } from './ansi';
import type { IFilter } from './ask';
import type { IDetail } from './detail';
import { Goto, type Way } from './goto';
import type { Row } from './lines';
import type { LogModel } from './model';
import { Popover, useClose } from './popover';
import type { IShown } from './shown';
import { Tasks } from './tasks';

interface IToolbarProps {
  readonly model: LogModel;
  readonly shown: IShown;
  readonly detail: IDetail;
  readonly search: JSX.Element;
  readonly choose: (filter: Partial<IFilter>) => void;
  readonly setDetail: (detail: IDetail) => void;
  readonly go: (way: Way) => void;
  readonly trans: TranslationBundle;
}

export function Toolbar({ model, shown, detail, search, choose, setDetail, go, trans }: IToolbarProps): JSX.Element {
  const { job, filter, following, alarms } = shown;
  const isClean = alarms.whole && alarms.places.length === 0;
  const errors = alarms.places.length === 0 ? '' : alarms.places.length.toLocaleString() + (alarms.whole ? '' : '+');
  return (
    <div className="cube-Log-toolbar" role="group" aria-label={trans.__('What is shown of the log')}>
      {search}
      {job !== null && <Tasks job={job} filter={filter} choose={choose} trans={trans} />}
      <button
        className="cube-Log-button"
        type="button"
        aria-pressed={filter.alarms}
        title={trans.__('Only lines that look like errors')}
        disabled={isClean && !filter.alarms}
        onClick={() => {
          choose({ alarms: !filter.alarms });
        }}
      >
        {isClean ? trans.__('No errors') : `${trans.__('Errors')} ${errors}`}
      </button>
      <Goto
        occasions={{
          started: job?.started ?? 0,
          ended: job?.ended ?? 0,
          failed: firstFailure(shown)
        }}
        errors={errors}
        isClean={isClean}
        go={go}
        goTime={time => void model.showTime(time)}
        trans={trans}
      />
      <Popover label={trans.__('View')} title={trans.__('What is shown of each line')}>
        <Detail detail={detail} setDetail={setDetail} trans={trans} />
      </Popover>
      <Popover label="" title={trans.__('Download the log')} icon={downloadIcon}>
        <Files model={model} shown={shown} trans={trans} />
      </Popover>
      <Popover label="" title={trans.__('Keys')} icon={keyboardIcon}>
        <Keys trans={trans} />
      </Popover>
      <button
        className="cube-Log-button cube-Log-follow"
        type="button"
        aria-pressed={following}
        title={model.isLive ? trans.__('Keep the end in view (f)') : trans.__('Go to the end (f)')}
        onClick={() => {
          if (following) {
            model.unfollow();
          } else {
            model.follow();
          }
        }}
      >
        {model.isLive ? trans.__('Follow') : trans.__('End')}
      </button>
    </div>
  );
}

function firstFailure({ job }: IShown): number {
  const ends = (job?.tasks ?? []).filter(task => task.state === 'FAILED' && task.ended > 0).map(task => task.ended);
  return ends.length === 0 ? 0 : Math.min(...ends);
}

type IDetailProps = Pick<IToolbarProps, 'detail' | 'setDetail' | 'trans'>;

function Detail({ detail, setDetail, trans }: IDetailProps): JSX.Element {
  const times: [IDetail['time'], string][] = [
    ['absolute', trans.__('Time of day')],
    ['relative', trans.__('Time since the start')],
    ['off', trans.__('No time')]
  ];
  const parts: [keyof Omit<IDetail, 'time'>, string][] = [
    ['task', trans.__('Task')],
    ['attempt', trans.__('Attempt')],
    ['wrap', trans.__('Wrap long lines (w)')]
  ];
  return (
    <div className="cube-Detail">
      {times.map(([time, word]) => (
        <label key={time}>
          <input
            type="radio"
            name="cube-log-time"
            checked={detail.time === time}
            onChange={() => {
              setDetail({ ...detail, time });
            }}
          />
          {word}
        </label>
      ))}
      <hr />
      {parts.map(([part, word]) => (
        <label key={part}>
          <input
            type="checkbox"
            checked={detail[part]}
            onChange={event => {
              setDetail({ ...detail, [part]: event.target.checked });
            }}
          />
          {word}
        </label>
      ))}
    </div>
  );
}

function Files({ model, shown: { filter, job, pane }, trans }: Pick<IToolbarProps, 'model' | 'shown' | 'trans'>): JSX.Element {
  const close = useClose();
  const files: [string, string][] = [
    [trans.__('All tasks, as text'), model.source.file(null, 'text')],
    [trans.__('All tasks, with times (NDJSON)'), model.source.file(null, 'ndjson')]
  ];
  if (filter.tasks !== null) {
    const which = filter.tasks.length === 1 ? (filter.tasks[0] ?? '') : trans.__('%1 tasks', filter.tasks.length);
    files.push([trans.__('%1, as text', which), model.source.file(filter.tasks, 'text')]);
    files.push([trans.__('%1, with times (NDJSON)', which), model.source.file(filter.tasks, 'ndjson')]);
  }
  const several = job?.tasks.length !== 1;
  return (
    <div>
      <button
        className="cube-Menu-item"
        type="button"
        onClick={() => {
          close();
          Clipboard.copyToSystem(copied(pane.rows, several));
        }}
      >
        {trans.__('Copy the %1 lines around here', pane.rows.length.toLocaleString())}
      </button>
      {files.map(([word, address]) => (
        <a key={word} className="cube-Menu-item" href={address} download onClick={close}>
          {word}
        </a>
      ))}
    </div>
  );
}

function copied(rows: readonly Row[], several: boolean): string {
  return rows
    .flatMap(row => (row.kind === 'line' ? [`${several ? `${row.task} | ` : ''}${textOf(row.text)}\n`] : []))
    .join('');
}

function Keys({ trans }: { trans: TranslationBundle }): JSX.Element {
  const keys: [string, string][] = [
    ['/', trans.__('Search')],
    ['n  N', trans.__('Next hit, hit before')],
    ['e  E', trans.__('Next error, error before')],
    ['g  G', trans.__('Start, end')],
    ['f', trans.__('Follow')],
    ['1 … 9', trans.__('Only that task')],
    ['0', trans.__('All tasks')],
    ['w', trans.__('Wrap')],
    ['↑ ↓ PgUp PgDn', trans.__('Scroll')]
  ];
  return (
    <dl className="cube-Keys" tabIndex={-1}>
      {keys.map(([key, word]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>{word}</dd>
        </div>
      ))}
    </dl>
  );
}
