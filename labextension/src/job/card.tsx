/** The card of a job. */

import { useLayoutEffect, useRef, useState, type FocusEvent, type JSX, type ReactNode } from 'react';

import { useNow } from '../hooks';
import { EmbeddedLog } from '../log/view';
import { stateWord } from '../states';
import type { ICubeClient } from '../tokens';
import { bytes } from '../units';
import { MIME, NO_FACTS, type IJob } from './job';
import { Tail } from './lines';
import type { ILive } from './live';
import { Mark, Roles } from './marks';
import { failedTask, isFinal, moment, parse } from './model';
import { Orders, type IActions } from './orders';
import { holdWords, jobWords, linkWords, notebookForm, type ITranslated } from './words';

const OPENED = 'calc(20 * var(--jp-code-line-height) * var(--jp-code-font-size))'; // 20 lines and what is around them

interface ILiving extends ITranslated {
  readonly client: ICubeClient;
  /** So many lines of the log to begin with. */
  readonly lines: number;
  readonly live: ILive;
  readonly isSeen: boolean;
  readonly actions: IActions;
}

/** A record of anybody's making: the job's card, or why there is none and the text stored beside it. */
export function Output({ record, text, ...living }: { record: unknown; text: string } & ILiving): JSX.Element {
  const { live, trans } = living;
  const now = live.output === null ? null : parse(live.output[MIME]);
  const parsed = now?.kind === 'job' ? now : parse(record);
  switch (parsed.kind) {
    case 'job':
      return <Card job={parsed.job} {...living} />;
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

function Card({ job, client, lines, live, isSeen, actions, trans }: { job: IJob } & ILiving): JSX.Element {
  const isLive = live.link === 'live';
  const [isOpen, setIsOpen] = useState(false);
  const counts = isLive && job.started !== 0 && !isFinal(job);
  const now = useNow(counts, milliseconds);
  const later = counts ? Math.max(0, now - live.at) / 1000 : 0;
  // the room for lines to come stays after the end: nothing below it moves
  const [reserved, setReserved] = useState(!isFinal(job));
  if (!reserved && !isFinal(job)) {
    setReserved(true);
  }
  const words = jobWords(job, later, trans);
  const isHeld = isLive && job.held.length > 0;
  return (
    <Focused
      className="cube-Card"
      data-state={job.state}
      data-link={live.link}
      data-reserved={reserved}
      style={{ ['--cube-lines' as string]: lines }}
      role="group"
      aria-label={trans.__('Job %1: %2', job.name, words)}
    >
      <header className="cube-Card-head" data-many={job.roles.some(({ tasks }) => tasks === null || tasks.length > 16)}>
        <Mark state={job.held.length > 0 ? 'FAILED' : job.state} />
        <div className="cube-Card-words">
          <bdi className="cube-Card-name" title={`${job.name} (${job.id})`}>
            {job.name}
          </bdi>{' '}
          {words}
        </div>
        <Roles job={job} facts={isLive ? live.facts : NO_FACTS} ask={actions.ask} trans={trans} />
        <div className="cube-Card-side">
          {isLive ? (
            <Orders job={job} live={live} actions={actions} trans={trans} />
          ) : (
            <Saved at={job.asOf} trans={trans} />
          )}
        </div>
      </header>
      <div className="cube-Card-body">
        {live.fault !== '' && (
          <div className="cube-Card-fault" role="alert">
            {notebookForm(live.fault)}
          </div>
        )}
        <Reason job={job} isHeld={isHeld} later={later} trans={trans} />
        {isOpen ? (
          <EmbeddedLog
            client={client}
            job={job.id}
            task={failedTask(job)}
            height={OPENED}
            isSeen={isSeen}
            trans={trans}
          />
        ) : (
          <Tail lines={job.tail.slice(-lines)} go={actions.openLog} />
        )}
      </div>
      <Foot job={job} live={live} isOpen={isOpen} open={setIsOpen} trans={trans} />
      <span className="cube-Card-said" role="status">
        {isLive ? stateWord(job.state, trans) : ''}
      </span>
    </Focused>
  );
}

/** A group in which the focus stays, also where what had it is no longer there: else the next key would go anywhere. */
function Focused({ children, ...attributes }: { children: ReactNode } & JSX.IntrinsicElements['div']): JSX.Element {
  const group = useRef<HTMLDivElement>(null);
  const last = useRef<Element | null>(null);
  useLayoutEffect(() => {
    if (last.current !== null && !last.current.isConnected) {
      last.current = null;
      group.current?.focus();
    }
  });
  return (
    <div
      ref={group}
      tabIndex={-1}
      onFocus={({ target }: FocusEvent) => {
        last.current = target;
      }}
      onBlur={({ target }: FocusEvent) => {
        if (target.isConnected) {
          last.current = null;
        }
      }}
      {...attributes}
    >
      {children}
    </div>
  );
}

/** Why it waits, or ended so; of a held task how long that lasts. */
function Reason({
  job,
  isHeld,
  later,
  trans
}: { job: IJob; isHeld: boolean; later: number } & ITranslated): JSX.Element | null {
  if (isHeld) {
    return (
      <div className="cube-Card-reason" data-kind="bad">
        {job.held.map(one => (
          <bdi key={one.task}>{holdWords(one, job.asOf + later, trans)}</bdi>
        ))}
      </div>
    );
  }
  const kind = job.state === 'FAILED' || job.state === 'UNKNOWN' ? 'bad' : 'plain';
  return job.reason === '' ? null : (
    <div className="cube-Card-reason" data-kind={kind}>
      <bdi>{job.reason}</bdi>
    </div>
  );
}

/** How much log there is and how to see more of it; without the server what a person may type. */
function Foot({
  job,
  live,
  isOpen,
  open,
  trans
}: { job: IJob; live: ILive; isOpen: boolean; open: (isOpen: boolean) => void } & ITranslated): JSX.Element {
  const why = linkWords(live.link, trans);
  const { size } = job;
  return (
    <div className="cube-Card-foot">
      {(live.link === 'live' || isOpen) && (size ?? 0) > 0 && (
        <>
          <button
            className="cube-Card-more"
            type="button"
            aria-expanded={isOpen}
            onClick={() => {
              open(!isOpen);
            }}
          >
            {isOpen ? trans.__('Fewer lines') : trans.__('More lines')}
          </button>
          <span className="cube-Card-size">
            {isFinal(job) ? trans.__('%1 of log', bytes(size ?? 0)) : trans.__('%1 of log · following', bytes(size ?? 0))}
          </span>
        </>
      )}
      {(live.link !== 'live' || job.held.length > 0) &&
        job.next.map((command, number) => <code key={number}>{command}</code>)}
      {why !== '' && <span className="cube-Card-why">{why}</span>}
    </div>
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

/** On the clock that tells when an answer came. */
function milliseconds(): number {
  return performance.now();
}
