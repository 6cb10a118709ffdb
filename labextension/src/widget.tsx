/** The card of a job in a cell's output, drawn from the stored record alone: no server, no kernel, no addresses. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import type { JSX, ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';

import { clock, elapsed, moment, parse, uniform } from './model';
import { MIME, type ICount, type IJob, type ILine, type IRole, type State } from './tokens';

interface ITranslated {
  readonly trans: TranslationBundle;
}

/** A card of one output; each new record of the output is drawn into it. */
export class JobCard extends Widget implements IRenderMime.IRenderer {
  constructor({ translator }: Pick<IRenderMime.IRendererOptions, 'translator'>) {
    super();
    this.addClass('cube-Output');
    this._trans = (translator ?? nullTranslator).load('jupyter_cube');
  }

  /** Draw the record at once: an output that grew later would push the notebook about. */
  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const plain = model.data['text/plain'];
    flushSync(() => {
      this._root.render(
        <Output record={model.data[MIME]} text={typeof plain === 'string' ? plain : ''} trans={this._trans} />
      );
    });
    return Promise.resolve();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._root.unmount();
      super.dispose();
    }
  }

  private readonly _root = createRoot(this.node);
  private readonly _trans: TranslationBundle;
}

/** A record of anybody's making: the job's card, or why there is none and the text stored beside it. */
export function Output({ record, text, trans }: { record: unknown; text: string } & ITranslated): JSX.Element {
  const parsed = parse(record);
  switch (parsed.kind) {
    case 'job':
      return <Card job={parsed.job} trans={trans} />;
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

function Card({ job, trans }: { job: IJob } & ITranslated): JSX.Element {
  const words = jobWords(job, trans);
  return (
    <div className="cube-Card" data-state={job.state} role="group" aria-label={trans.__('Job %1: %2', job.name, words)}>
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
        <Saved at={job.asOf} trans={trans} />
      </header>
      {job.tail.length > 0 && <Tail lines={job.tail} />}
      {job.next.length > 0 && (
        <div className="cube-Card-next">
          {job.next.map((command, number) => (
            <code key={number}>{command}</code>
          ))}
        </div>
      )}
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

function Tail({ lines }: { lines: readonly ILine[] }): JSX.Element {
  const named = lines.some(({ task }) => task !== '');
  return (
    <div className="cube-Tail" data-named={named}>
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
function jobWords(job: IJob, trans: TranslationBundle): string {
  const word = stateWord(job.state, trans);
  const ran = elapsed(job);
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
