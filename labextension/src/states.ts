/** The states of jobs and tasks. */

/** In this order they are counted: first what needs a hand, last what is over. */
export const STATES = ['FAILED', 'UNKNOWN', 'STOPPING', 'RUNNING', 'WAITING', 'SUCCEEDED', 'STOPPED'] as const;

export type State = (typeof STATES)[number];

/** The states in which a job or task does nothing more by itself. */
export const FINAL: readonly State[] = ['FAILED', 'UNKNOWN', 'SUCCEEDED', 'STOPPED'];
