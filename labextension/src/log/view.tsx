/** A log to look at: in a tab of its own, or with a fixed height inside something else. */

import type { TranslationBundle } from '@jupyterlab/translation';
import {
  useCallback,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
  type JSX,
  type KeyboardEvent
} from 'react';

import { useChanges } from '../hooks';
import type { ICubeClient } from '../tokens';
import { ALL, type IFilter } from './ask';
import { USUAL, type IDetail } from './detail';
import { Finder } from './finder';
import type { Way } from './goto';
import { LogModel } from './model';
import { Rows } from './rows';
import { Search } from './search';
import { Sight } from './sight';
import { Status } from './status';
import { Strip } from './strip';
import { Toolbar } from './toolbar';

interface ILogProps {
  readonly client: ICubeClient;
  /** The job's id. */
  readonly job: string;
  /** CSS, such as `20em`. */
  readonly height: string;
  readonly isSeen: boolean;
  /** The task whose lines are shown first; empty: all. */
  readonly task: string;
  readonly trans: TranslationBundle;
}

/** The log of a job inside something else; it asks the server while it can be seen. */
export function EmbeddedLog({ client, job, height, isSeen, task, trans }: ILogProps): JSX.Element {
  const [first] = useState(task); // which task has failed may change, what somebody looks at does not
  const model = useMemo(() => {
    const made = new LogModel(job, client);
    if (first !== '') {
      void made.choose({ ...ALL, tasks: [first] }, 0);
    }
    return made;
  }, [client, first, job]);
  useEffect(() => {
    if (isSeen) {
      model.start();
    } else {
      model.stop();
    }
  }, [isSeen, model]);
  useEffect(
    () => (): void => {
      model.dispose();
    },
    [model]
  );
  return (
    <div className="cube-Log-embedded" style={{ height }} data-lm-suppress-shortcuts="true">
      <LogView model={model} trans={trans} />
    </div>
  );
}

/** It fills what it is in. */
export function LogView({ model, trans }: { model: LogModel; trans: TranslationBundle }): JSX.Element {
  const finder = useFinder(model, trans);
  useChanges(model.changed);
  useChanges(finder.changed);
  const { now: shown } = model;
  const { now: search } = finder;
  const [detail, setDetail] = useState<IDetail>(USUAL);
  const id = useId();
  const [sight] = useState(() => new Sight());
  const box = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const { text, regex, exact } = search;
  // an expression that somebody types could hold the page for hours: only the server runs it
  const hit = useMemo(
    () => (text === '' || regex ? null : new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), exact ? 'gu' : 'giu')),
    [text, regex, exact]
  );
  const choose = useCallback(
    (filter: Partial<IFilter>): void => {
      void model.choose({ ...model.now.filter, ...filter }, sight.now.top);
    },
    [model, sight]
  );
  const only = useCallback(
    (task: string): void => {
      const { tasks } = model.now.filter;
      choose({ tasks: tasks?.length === 1 && tasks[0] === task ? null : [task] });
    },
    [choose, model]
  );
  const go = (way: Way): void => {
    const from = shown.target?.cursor ?? sight.now.top;
    switch (way) {
      case 'start':
        void model.show(0, false);
        break;
      case 'end':
        model.follow();
        break;
      case 'first-error':
        void model.alarm(0, 'forth');
        break;
      case 'next-error':
        void model.alarm(from, 'forth');
        break;
      case 'error-before':
        void model.alarm(from, 'back');
        break;
    }
    box.current?.focus();
  };
  const goHit = (direction: 'forth' | 'back'): void => {
    void finder.go(direction, direction === 'forth' ? sight.now.top - 1 : sight.now.bottom + 1);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget) {
      return;
    }
    const isFind = (event.ctrlKey || event.metaKey) && event.key === 'f';
    if (!isFind && (event.ctrlKey || event.metaKey || event.altKey)) {
      return;
    }
    const act = isFind ? focusSearch : keys[event.key];
    const task = /^[1-9]$/.test(event.key) ? shown.job?.tasks[Number(event.key) - 1]?.name : undefined;
    if (act !== undefined || task !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      act?.();
      if (task !== undefined) {
        only(task);
      }
    }
  };
  const focusSearch = (): void => {
    field.current?.focus();
    field.current?.select();
  };
  const keys: Readonly<Record<string, (() => void) | undefined>> = {
    '/': focusSearch,
    g: () => {
      go('start');
    },
    Home: () => {
      go('start');
    },
    G: () => {
      go('end');
    },
    End: () => {
      go('end');
    },
    f: () => {
      if (shown.following) {
        model.unfollow();
      } else {
        model.follow();
      }
    },
    n: () => {
      goHit('forth');
    },
    N: () => {
      goHit('back');
    },
    e: () => {
      go('next-error');
    },
    E: () => {
      go('error-before');
    },
    w: () => {
      setDetail({ ...detail, wrap: !detail.wrap });
    },
    0: () => {
      choose({ tasks: null });
    }
  };
  return (
    <div className="cube-Log" data-link={shown.link}>
      {shown.job !== null && (
        <Toolbar
          model={model}
          shown={shown}
          detail={detail}
          setDetail={setDetail}
          choose={choose}
          go={go}
          trans={trans}
          search={
            <Search
              finder={finder}
              search={search}
              field={field}
              go={goHit}
              leave={() => box.current?.focus()}
              trans={trans}
            />
          }
        />
      )}
      <div className="cube-Log-body">
        <Rows
          id={id}
          model={model}
          shown={shown}
          detail={detail}
          hit={hit}
          box={box}
          sight={sight}
          only={only}
          onKeyDown={onKeyDown}
          trans={trans}
        />
        <Strip
          lines={id}
          size={shown.size}
          sight={sight}
          alarms={shown.alarms.places}
          gaps={shown.alarms.gaps}
          hits={search.found?.places ?? NONE}
          go={cursor => void model.show(cursor, false)}
          trans={trans}
        />
      </div>
      <Status model={model} shown={shown} search={search} choose={choose} trans={trans} />
    </div>
  );
}

const NONE: readonly number[] = [];

function useFinder(model: LogModel, trans: TranslationBundle): Finder {
  const finder = useMemo(
    () =>
      new Finder(model, {
        begin: trans.__('from the start again'),
        end: trans.__('from the end again'),
        none: trans.__('no hit')
      }),
    [model, trans]
  );
  useEffect(
    () => (): void => {
      finder.dispose();
    },
    [finder]
  );
  return finder;
}
