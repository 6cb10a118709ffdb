/** Tasks as marks: a shape for each, or a bar for many. */

import type { JSX } from 'react';

import type { State } from '../states';
import type { IFacts, IRole, ITasks } from './job';
import { taskCount, uniform } from './model';
import { countWords, roleWords, taskWords, type ITranslated } from './words';

/** Every task as a mark, by role; a job of one task has nothing to add. Who points at them wants to know more. */
export function Roles({
  job,
  facts,
  ask,
  trans
}: { job: ITasks; facts: ReadonlyMap<string, IFacts>; ask?: () => void } & ITranslated): JSX.Element | null {
  if (taskCount(job) === 1) {
    return null;
  }
  return (
    <div className="cube-Card-roles" onPointerEnter={ask}>
      {job.roles.map(role => (
        <span className="cube-Role" key={role.name}>
          <bdi className="cube-Role-name">{role.name}</bdi>
          {role.tasks === null ? (
            <Bar role={role} trans={trans} />
          ) : (
            <span className="cube-Role-marks">
              {role.tasks.map(task => (
                <Mark
                  key={task.name}
                  state={task.state}
                  label={taskWords(task, facts.get(task.name), job.asOf, trans)}
                />
              ))}
            </span>
          )}
          {(role.tasks === null || !uniform(job)) && <span className="cube-Role-counts">{roleWords(role, trans)}</span>}
        </span>
      ))}
    </div>
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

/** One state as a shape; with a label it speaks for itself, without one the words beside it do. */
export function Mark({ state, label }: { state: State; label?: string }): JSX.Element {
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
