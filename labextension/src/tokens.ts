/** Names and types that the others share: a job in the form in which it is shown, and whom to ask about it. */

import type { IMimeBundle } from '@jupyterlab/nbformat';
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';

/** The record of a job, as `jupyter_cube.bundle` writes it into a cell's output. */
export const MIME = 'application/vnd.jupyter-cube.job+json';

/** The newest version of the record that can be read here. */
export const VERSION = 1;

/** The states of a job and of a task; in this order they are counted: first what needs a hand, last what is over. */
export const STATES = ['FAILED', 'UNKNOWN', 'STOPPING', 'RUNNING', 'WAITING', 'SUCCEEDED', 'STOPPED'] as const;

export type State = (typeof STATES)[number];

/** The states in which a job or task does nothing more by itself. */
export const FINAL: readonly State[] = ['FAILED', 'UNKNOWN', 'SUCCEEDED', 'STOPPED'];

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

/** What a subscription is told. */
export interface ISink {
  /** There is news, or the socket stands again and there may have been some. */
  news(): void;
  /** The socket does not stand, and is tried again. */
  lost(): void;
  /** No more will come: the job has ended, or there is none. */
  over(): void;
}

/** The server's side of jobs. What it refuses is an `ApiError`. */
export interface ICubeClient extends IDisposable {
  /** The job as a cell's output keeps it, as it is now. */
  output(job: string): Promise<IMimeBundle>;
  stop(job: string): Promise<void>;
  retry(job: string): Promise<void>;
  /** Tell the sink whenever state or log of the job have changed, until it is disposed of. */
  follow(job: string, sink: ISink): IDisposable;
}

export const ICubeClient = new Token<ICubeClient>('jupyter-cube:ICubeClient', 'Asks the server about jobs.');
