/** The stored record of a job, as `jupyter_cube.bundle` writes it, in the form in which it is shown. */

export const MIME = 'application/vnd.jupyter-cube.job+json';

/** The newest version of the record that can be read here. */
export const VERSION = 1;

/** The states of a job and of a task; in this order they are counted: first what needs a hand, last what is over. */
export const STATES = ['FAILED', 'UNKNOWN', 'STOPPING', 'RUNNING', 'WAITING', 'SUCCEEDED', 'STOPPED'] as const;

export type State = (typeof STATES)[number];

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
