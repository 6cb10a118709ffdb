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
}

/** A job at one moment. Times are seconds since the epoch, 0 where not yet. */
export interface IJob {
  readonly id: string;
  readonly name: string;
  readonly state: State;
  readonly reason: string;
  readonly started: number;
  readonly ended: number;
  /** When all of this was true. */
  readonly asOf: number;
  readonly roles: readonly IRole[];
  readonly tail: readonly ILine[];
  /** What a person may type now. */
  readonly next: readonly string[];
}

export type Order = 'stop' | 'retry';

/** The job as a cell's output keeps it, as it is now. */
export async function output(client: ICubeClient, id: string): Promise<IMimeBundle> {
  return (await client.get(['jobs', id, 'output'])) as IMimeBundle;
}

export async function order(client: ICubeClient, id: string, what: Order): Promise<void> {
  await client.post(['jobs', id, what]);
}
