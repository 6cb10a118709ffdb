/** The card of a job. */

import { useEffect, useState, type JSX, type ReactNode } from 'react';

import { MIME, type IJob, type ILine, type Order } from './job';
import type { ILive } from './live';
import { Mark, Roles } from './marks';
import { isFinal, moment, parse } from './model';
import { jobWords, linkWords, type ITranslated } from './words';

interface ILiving extends ITranslated {
  readonly live: ILive;
  readonly order: (what: Order) => void;
}

/** A record of anybody's making: the job's card, or why there is none and the text stored beside it. */
export function Output({ record, text, live, order, trans }: { record: unknown; text: string } & ILiving): JSX.Element {
  const now = live.output === null ? null : parse(live.output[MIME]);
  const parsed = now?.kind === 'job' ? now : parse(record);
  switch (parsed.kind) {
    case 'job':
      return <Card job={parsed.job} live={live} order={order} trans={trans} />;
    case 'newer':
      return (
        <Instead text={text}>
          {trans.__('Stored by a newer jupyter-cube (format %1). To see it as a card, upgrade: ', parsed.version)}
          <code>pip install --upgrade jupyter-cube</code>
        </Instead>
      );
    case 'damaged':
      return (
        <Instead text={text}>{trans.__('The stored job cannot be shown: “%1” is damaged.', parsed.field)}</Instead>
      );
  }
}

function Instead({ text, children }: { text: string; children: ReactNode }): JSX.Element {
  return (
    <div className="cube-Card">
      <div className="cube-Card-note">{children}</div>
      {text !== '' && <pre className="cube-Card-text">{text}</pre>}
    </div>
  );
}

function Card({ job, live, order, trans }: { job: IJob } & ILiving): JSX.Element {
  const later = useSeconds(live.at, live.link === 'live' && job.started !== 0 && !isFinal(job));
  // the room for lines to come stays after the end: nothing below it moves
  const [reserved, setReserved] = useState(!isFinal(job));
  if (!reserved && !isFinal(job)) {
    setReserved(true);
  }
  const words = jobWords(job, later, trans);
  const why = linkWords(live.link, trans);
  return (
    <div
      className="cube-Card"
      data-state={job.state}
      data-link={live.link}
      role="group"
      aria-label={trans.__('Job %1: %2', job.name, words)}
    >
      <header className="cube-Card-head">
        <Mark state={job.state} />
        <div className="cube-Card-facts">
          <span className="cube-Card-words">
            <bdi className="cube-Card-name" title={job.id}>
              {job.name}
            </bdi>{' '}
            {words}
            {job.reason !== '' && <bdi className="cube-Card-reason"> · {job.reason}</bdi>}
          </span>
          <Roles job={job} trans={trans} />
        </div>
        <div className="cube-Card-side">
          {live.link === 'live' ? (
            <Orders job={job} live={live} order={order} trans={trans} />
          ) : (
            <Saved at={job.asOf} trans={trans} />
          )}
        </div>
      </header>
      {live.fault !== '' && (
        <div className="cube-Card-fault" role="alert">
          {live.fault}
        </div>
      )}
      {(reserved || job.tail.length > 0) && <Tail lines={job.tail} reserved={reserved} />}
      {(job.next.length > 0 || why !== '') && (
        <div className="cube-Card-next">
          {job.next.map((command, number) => (
            <code key={number}>{command}</code>
          ))}
          {why !== '' && <span className="cube-Card-why">{why}</span>}
        </div>
      )}
    </div>
  );
}

/** Seconds since a moment of `performance.now`, each second anew; 0 where nothing runs. */
function useSeconds(since: number, runs: boolean): number {
  const [now, setNow] = useState(since);
  useEffect(() => {
    if (!runs) {
      return undefined;
    }
    const timer = setInterval(() => {
      setNow(performance.now());
    }, 1000);
    return (): void => {
      clearInterval(timer);
    };
  }, [runs]);
  return runs ? Math.max(0, now - since) / 1000 : 0;
}

/** What a person may do with the job now. */
function Orders({ job, live, order, trans }: { job: IJob } & ILiving): JSX.Element | null {
  const orders: [Order, string, boolean][] = [
    ['stop', trans.__('Stop'), job.state === 'RUNNING' || job.state === 'WAITING'],
    ['retry', trans.__('Retry'), job.state === 'FAILED' || job.state === 'UNKNOWN'] // a stopped job is not kept for it
  ];
  return (
    <>
      {orders
        .filter(([, , possible]) => possible)
        .map(([what, word]) => (
          <button
            key={what}
            className="cube-Card-order"
            type="button"
            disabled={live.ordered !== null}
            onClick={() => {
              order(what);
            }}
          >
            {word}
          </button>
        ))}
    </>
  );
}

function Saved({ at, trans }: { at: number } & ITranslated): JSX.Element {
  const date = new Date(at * 1000);
  return (
    <time className="cube-Card-saved" dateTime={date.toISOString()} title={date.toLocaleString()}>
      {trans.__('saved %1', moment(at, new Date()))}
    </time>
  );
}

function Tail({ lines, reserved }: { lines: readonly ILine[]; reserved: boolean }): JSX.Element {
  const named = lines.some(({ task }) => task !== '');
  return (
    <div className="cube-Tail" data-named={named} data-reserved={reserved}>
      {lines.map(({ task, text }, number) => (
        // lines have no names, and all of them change together
        <div className="cube-Tail-line" key={number}>
          {named && <bdi className="cube-Tail-task">{task}</bdi>}
          <span className="cube-Tail-text">{text}</span>
        </div>
      ))}
    </div>
  );
}
