/** A job in the form in which it is shown, and what the server is asked about it. */

import type { IMimeBundle } from '@jupyterlab/nbformat';

import type { State } from '../states';
import type { ICubeClient } from '../tokens';

/** The record of a job, as `jupyter_cube.bundle` writes it into a cell's output. */
export const MIME = 'application/vnd.jupyter-cube.job+json';

/** The newest version of the record that can be read here. */
export const VERSION = 1;

export interface ITask {
  readonly name: string;
  readonly state: State;
}

export interface ICount {
  readonly state: State;
  readonly count: number;
}

export interface IRole {
  readonly name: string;
  readonly counts: readonly ICount[];
  /** One by one in their order; null where there are too many. */
  readonly tasks: readonly ITask[] | null;
}

export interface ILine {
  /** The task's name; empty where the job has only one. */
  readonly task: string;
  readonly text: string;
  /** The place in the log after it, null where nobody has told. */
  readonly cursor: number | null;
}

/** A failed task that is held to be looked at. */
export interface IHold {
  readonly task: string;
  /** Seconds since the epoch, 0 where nobody can tell. */
  readonly until: number;
}

/** What there is to see of the tasks of a job. */
export interface ITasks {
  readonly state: State;
  /** When all of this was true; seconds since the epoch. */
  readonly asOf: number;
  readonly roles: readonly IRole[];
}

/** A job at one moment. Times are seconds since the epoch, 0 where not yet. */
export interface IJob extends ITasks {
  readonly id: string;
  readonly name: string;
  readonly reason: string;
  readonly started: number;
  readonly ended: number;
  readonly tail: readonly ILine[];
  /** Bytes of its whole log, null where nobody has told. */
  readonly size: number | null;
  readonly held: readonly IHold[];
  /** What a shell takes to enter these. */
  readonly enter: string;
  /** What a person may type now. */
  readonly next: readonly string[];
}

export type Order = 'stop' | 'retry' | 'release';

/** What of a task is worth a second look. Times as in a job. */
export interface IFacts {
  readonly attempt: number;
  readonly started: number;
  readonly ended: number;
  readonly reason: string;
  readonly devices: readonly string[];
}

export const NO_FACTS: ReadonlyMap<string, IFacts> = new Map();

/** The job as a cell's output keeps it, as it is now. */
export async function output(client: ICubeClient, id: string): Promise<IMimeBundle> {
  return (await client.get(['jobs', id, 'output'])) as IMimeBundle;
}

/** What is known of each task, by its name. */
export async function facts(client: ICubeClient, id: string): Promise<ReadonlyMap<string, IFacts>> {
  const { tasks } = (await client.get(['jobs', id])) as { tasks: readonly (IFacts & { name: string })[] };
  return new Map(tasks.map(task => [task.name, task]));
}

export async function order(client: ICubeClient, id: string, what: Order): Promise<void> {
  await client.post(['jobs', id, what]);
}
