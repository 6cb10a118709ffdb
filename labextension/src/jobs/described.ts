/** All that the server says of one job, as its details show it. */

import type { IRole, ITask } from '../job/job';
import { MARKS } from '../job/model';
import { STATES, type State } from '../states';
import type { ICubeClient } from '../tokens';

export interface IDescribed {
  readonly roles: readonly IRole[];
  readonly backend: string;
  readonly cwd: string;
  readonly notebook: string;
  readonly items: readonly string[];
  readonly attempt: number;
}

export interface IFile {
  readonly path: string;
  readonly size: number;
}

export interface IFiles {
  readonly files: readonly IFile[];
  /** There are more than these. */
  readonly more: boolean;
}

export interface IVariables {
  readonly job: Readonly<Record<string, string>>;
  readonly roles: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export async function describe(client: ICubeClient, id: string): Promise<IDescribed> {
  const { tasks, backend, cwd, notebook, items, attempt } = (await client.get(['jobs', id])) as IAnswer;
  const marks = tasks.length <= MARKS;
  const roles = new Map<string, ITask[]>();
  for (const { role, index, state } of tasks) {
    const known = STATES.find(one => one === state) ?? 'UNKNOWN';
    roles.set(role, [...(roles.get(role) ?? []), { name: `${role}-${String(index)}`, state: known }]);
  }
  return {
    roles: [...roles].map(([name, all]) => ({ name, counts: counted(all), tasks: marks ? all : null })),
    backend,
    cwd: cwd ?? '',
    notebook: notebook ?? '',
    items,
    attempt
  };
}

function counted(tasks: readonly ITask[]): { state: State; count: number }[] {
  return STATES.map(state => ({ state, count: tasks.filter(task => task.state === state).length })).filter(
    ({ count }) => count > 0
  );
}

interface IAnswer {
  readonly tasks: readonly { readonly role: string; readonly index: number; readonly state: string }[];
  readonly backend: string;
  readonly cwd: string | null;
  readonly notebook: string | null;
  readonly items: readonly string[];
  readonly attempt: number;
}

export async function files(client: ICubeClient, id: string): Promise<IFiles> {
  return (await client.get(['jobs', id, 'artifacts'])) as IFiles;
}

export async function variables(client: ICubeClient, id: string): Promise<IVariables> {
  return (await client.get(['jobs', id, 'environment'])) as IVariables;
}
