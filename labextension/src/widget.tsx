/** The card of a job in a cell's output: the stored record, and where the server answers, how the job is now. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { useEffect, useState, type JSX, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';

import { LiveJob, NOTHING, type ILive, type Link, type Order } from './live';
import { clock, elapsed, isFinal, isOutdated, moment, parse, uniform } from './model';
import {
  MIME,
  type ICount,
  type ICubeClient,
  type IJob,
  type ILine,
  type IRole,
  type State
} from './tokens';

interface ITranslated {
  readonly trans: TranslationBundle;
}

/** A card of one output; each new record of the output is drawn into it. It asks the server while it can be seen. */
export class JobCard extends Widget implements IRenderMime.IRenderer {
  constructor(
    { translator }: Pick<IRenderMime.IRendererOptions, 'translator'>,
    private readonly _client: ICubeClient
  ) {
    super();
    this.addClass('cube-Output');
    this._trans = (translator ?? nullTranslator).load('jupyter_cube');
  }

  /** Draw the record at once: an output that grew later would push the notebook about. */
  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._model = model;
    const parsed = parse(model.data[MIME]);
    const id = parsed.kind === 'job' ? parsed.job.id : null;
    if (id !== (this._live?.id ?? null)) {
      this._live?.dispose();
      this._live = id === null ? null : new LiveJob(id, this._client);
      this._live?.changed.connect(() => {
        this._draw();
        this._store();
      });
      this._watch();
    }
    flushSync(() => {
      this._draw();
    });
    return Promise.resolve();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._seen.disconnect();
      this._live?.dispose();
      this._root.unmount();
      super.dispose();
    }
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._seen.observe(this.node);
  }

  protected override onBeforeDetach(message: Message): void {
    this._seen.disconnect();
    this._isSeen = false;
    this._watch();
    super.onBeforeDetach(message);
  }

  private _watch(): void {
    if (this._isSeen) {
      this._live?.start();
    } else {
      this._live?.stop();
    }
  }

  private _draw(): void {
    if (this._model === null || this.isDisposed) {
      return;
    }
    const plain = this._model.data['text/plain'];
    this._root.render(
      <Output
        record={this._model.data[MIME]}
        text={typeof plain === 'string' ? plain : ''}
        live={this._live?.now ?? NOTHING}
        order={what => void this._live?.order(what)}
        trans={this._trans}
      />
    );
  }

  /** What the notebook keeps must tell of the end, too, where no kernel has written it. */
  private _store(): void {
    const { link, output } = this._live?.now ?? NOTHING;
    if (this._model === null || link !== 'live' || output === null) {
      return;
    }
    const stored = parse(this._model.data[MIME]);
    const now = parse(output[MIME]);
    if (stored.kind === 'job' && now.kind === 'job' && isOutdated(stored.job, now.job)) {
      this._model.setData({ data: { ...this._model.data, ...output } });
    }
  }

  private _isSeen = false;
  private _live: LiveJob | null = null;
  private _model: IRenderMime.IMimeModel | null = null;
  private readonly _root = createRoot(this.node);
  private readonly _seen = new IntersectionObserver(entries => {
    this._isSeen = entries.at(-1)?.isIntersecting ?? false;
    this._watch();
  });
  private readonly _trans: TranslationBundle;
}

interface ILiving extends ITranslated {
  readonly live: ILive;
  readonly order: (what: Order) => void;
}

/** A record of anybody's making: the job's card, or why there is none and the text stored beside it. */
function Output({ record, text, live, order, trans }: { record: unknown; text: string } & ILiving): JSX.Element {
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

/** Why nothing newer is known, where that is news. */
function linkWords(link: Link, trans: TranslationBundle): string {
  switch (link) {
    case 'none':
    case 'live':
    case 'refused':
      return '';
    case 'lost':
      return trans.__('not connected, retrying');
    case 'unknown':
      return trans.__('unknown on this server');
  }
}

/** Every task as a mark, by role; a job of one task has nothing to add. */
function Roles({ job, trans }: { job: IJob } & ITranslated): JSX.Element | null {
  const alone = job.roles.reduce((sum, role) => sum + total(role), 0) === 1;
  if (alone) {
    return null;
  }
  return (
    <>
      {job.roles.map(role => (
        <span className="cube-Role" key={role.name}>
          <bdi className="cube-Role-name">{role.name}</bdi>
          {role.tasks === null ? (
            <Bar role={role} trans={trans} />
          ) : (
            <span className="cube-Role-marks">
              {role.tasks.map(({ name, state }) => (
                <Mark key={name} state={state} label={`${name} ${stateWord(state, trans)}`} />
              ))}
            </span>
          )}
          {!uniform(job) && <span className="cube-Role-counts">{roleWords(role, trans)}</span>}
        </span>
      ))}
    </>
  );
}

/** Many tasks: how large the share of each state is. */
function Bar({ role, trans }: { role: IRole } & ITranslated): JSX.Element {
  const words = countWords(role.counts, trans);
  return (
    <span className="cube-Bar" role="img" aria-label={words} title={words}>
      {role.counts.map(({ state, count }) => (
        <span className="cube-Bar-part" key={state} data-state={state} style={{ flexGrow: count }} />
      ))}
    </span>
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

/** One state as a shape; with a label it speaks for itself, without one the words beside it do. */
function Mark({ state, label }: { state: State; label?: string }): JSX.Element {
  const named = label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label };
  return (
    <span className="cube-Mark" data-state={state} {...named} {...(label === undefined ? {} : { title: label })}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {SHAPES[state]}
      </svg>
    </span>
  );
}

const RING = <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="2" />;

const SHAPES: Readonly<Record<State, JSX.Element>> = {
  WAITING: RING,
  RUNNING: (
    <>
      {RING}
      <path d="M8 2 A6 6 0 0 0 8 14 Z" fill="currentColor" />
    </>
  ),
  STOPPING: (
    <>
      {RING}
      <rect x="5" y="5" width="6" height="6" fill="currentColor" />
    </>
  ),
  STOPPED: <rect x="3" y="3" width="10" height="10" rx="1" fill="currentColor" />,
  SUCCEEDED: <path d="M2.5 8.5 L6.5 12.5 L13.5 4" fill="none" stroke="currentColor" strokeWidth="2.2" />,
  FAILED: <path d="M3 3 L13 13 M13 3 L3 13" fill="none" stroke="currentColor" strokeWidth="2.2" />,
  UNKNOWN: (
    <path
      d="M4.5 5.5 A3.5 3.2 0 1 1 8 8.6 V10.2 M8 12.4 V14.4"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.2"
    />
  )
};

/** `running 2:31`, `failed after 0:41`. */
function jobWords(job: IJob, later: number, trans: TranslationBundle): string {
  const word = stateWord(job.state, trans);
  const ran = elapsed(job, later);
  if (ran === null) {
    return word;
  }
  return job.ended === 0 ? `${word} ${clock(ran)}` : trans.__('%1 after %2', word, clock(ran));
}

/** Where marks stand for the tasks, nobody needs the number of those that are all alike. */
function roleWords({ counts, tasks }: IRole, trans: TranslationBundle): string {
  const [first, ...others] = counts;
  return tasks !== null && first !== undefined && others.length === 0
    ? stateWord(first.state, trans)
    : countWords(counts, trans);
}

function countWords(counts: readonly ICount[], trans: TranslationBundle): string {
  return counts.map(({ state, count }) => `${String(count)} ${stateWord(state, trans)}`).join(', ');
}

function stateWord(state: State, trans: TranslationBundle): string {
  switch (state) {
    case 'WAITING':
      return trans.__('waiting');
    case 'RUNNING':
      return trans.__('running');
    case 'STOPPING':
      return trans.__('stopping');
    case 'STOPPED':
      return trans.__('stopped');
    case 'SUCCEEDED':
      return trans.__('succeeded');
    case 'FAILED':
      return trans.__('failed');
    case 'UNKNOWN':
      return trans.__('unknown');
  }
}

function total(role: IRole): number {
  return role.counts.reduce((sum, { count }) => sum + count, 0);
}
