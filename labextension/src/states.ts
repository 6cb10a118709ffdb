/** The states of jobs and tasks. */

import type { TranslationBundle } from '@jupyterlab/translation';

/** In this order they are counted: first what needs a hand, last what is over. */
export const STATES = ['FAILED', 'UNKNOWN', 'STOPPING', 'RUNNING', 'WAITING', 'SUCCEEDED', 'STOPPED'] as const;

export type State = (typeof STATES)[number];

/** The states in which a job or task does nothing more by itself. */
export const FINAL: readonly State[] = ['FAILED', 'UNKNOWN', 'SUCCEEDED', 'STOPPED'];

export function stateWord(state: State, trans: TranslationBundle): string {
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
