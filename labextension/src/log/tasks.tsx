/** Which tasks and which attempt: by role, by name, also of three hundred. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { useState, type JSX } from 'react';

import type { IFilter, IJobRecord } from './ask';
import { Popover } from './popover';

const MOST = 200; // names that are listed at once

interface ITasksProps {
  readonly job: IJobRecord;
  readonly filter: IFilter;
  readonly choose: (filter: Partial<IFilter>) => void;
  readonly trans: TranslationBundle;
}

export function Tasks({ job, filter, choose, trans }: ITasksProps): JSX.Element | null {
  const attempts = Math.max(1, ...job.tasks.map(task => task.attempt));
  if (job.tasks.length < 2 && attempts < 2) {
    return null;
  }
  return (
    <Popover
      label={labelOf(job, filter, trans)}
      title={trans.__('Which tasks are shown')}
      active={filter.tasks !== null || filter.attempt !== 0}
    >
      <Choice job={job} filter={filter} attempts={attempts} choose={choose} trans={trans} />
    </Popover>
  );
}

function Choice({ job, filter, attempts, choose, trans }: ITasksProps & { attempts: number }): JSX.Element {
  const [typed, setTyped] = useState('');
  const names = job.tasks.map(task => task.name);
  const chosen = new Set(filter.tasks ?? names);
  const found = names.filter(name => name.toLowerCase().includes(typed.toLowerCase().trim()));
  const roles = [...new Set(job.tasks.map(task => task.role))];
  const take = (tasks: readonly string[]): void => {
    // in the job's order; none is as good as all
    const ordered = names.filter(name => tasks.includes(name));
    choose({ tasks: ordered.length === names.length || ordered.length === 0 ? null : ordered });
  };
  return (
    <div>
      {attempts > 1 && (
        <label>
          {trans.__('Attempt')}{' '}
          <select
            value={filter.attempt}
            onChange={event => {
              choose({ attempt: Number(event.target.value) });
            }}
          >
            <option value={0}>{trans.__('all')}</option>
            {Array.from({ length: attempts }, (_, number) => (
              <option key={number} value={number + 1}>
                {number + 1}
              </option>
            ))}
          </select>
        </label>
      )}
      {names.length > 8 && (
        <input
          className="cube-Log-input"
          type="search"
          placeholder={trans.__('Find a task')}
          aria-label={trans.__('Find a task')}
          value={typed}
          onChange={event => {
            setTyped(event.target.value);
          }}
        />
      )}
      <div className="cube-Tasks-roles">
        <button
          className="cube-Log-button"
          type="button"
          aria-pressed={filter.tasks === null}
          onClick={() => {
            choose({ tasks: null });
          }}
        >
          {trans.__('All tasks')}
        </button>
        {roles.length > 1 &&
          roles.map(role => {
            const own = job.tasks.filter(task => task.role === role).map(task => task.name);
            const isOn = filter.tasks?.length === own.length && own.every(name => chosen.has(name));
            return (
              <button
                key={role}
                className="cube-Log-button"
                type="button"
                aria-pressed={isOn}
                onClick={() => {
                  take(own);
                }}
              >
                <bdi>{role}</bdi>
              </button>
            );
          })}
      </div>
      <ul className="cube-Tasks-list">
        {found.slice(0, MOST).map(name => (
          <li key={name}>
            <label>
              <input
                type="checkbox"
                checked={filter.tasks !== null && chosen.has(name)}
                onChange={event => {
                  const others = (filter.tasks ?? []).filter(one => one !== name);
                  take(event.target.checked ? [...others, name] : others);
                }}
              />
              <bdi>{name}</bdi>
            </label>
          </li>
        ))}
      </ul>
      {found.length > MOST && (
        <p className="cube-Log-hint">{trans.__('%1 more: type a part of the name', found.length - MOST)}</p>
      )}
      {found.length === 0 && <p className="cube-Log-hint">{trans.__('No task has that in its name')}</p>}
    </div>
  );
}

function labelOf({ tasks }: IJobRecord, filter: IFilter, trans: TranslationBundle): string {
  const attempt = filter.attempt === 0 ? '' : trans.__(', attempt %1', filter.attempt);
  if (filter.tasks === null) {
    return trans.__('All tasks') + attempt;
  }
  const [only = '', ...more] = filter.tasks;
  return (more.length === 0 ? only : trans.__('%1 of %2 tasks', filter.tasks.length, tasks.length)) + attempt;
}
