/** A job as lists have it. */

import { FINAL, STATES, type State } from './states';

/** Times are seconds since the epoch on the server's clock, 0 where not yet. */
export interface IListed {
  readonly id: string;
  readonly name: string;
  readonly state: State;
  /** Why it waits or how it ended, in words. */
  readonly reason: string;
  readonly created: number;
  readonly started: number;
  readonly ended: number;
  readonly tags: readonly string[];
  /** The notebook that it was submitted from. */
  readonly notebook: string;
}

/** What the server says of a job; null where that is nothing that can be listed. */
export function listed(record: unknown): IListed | null {
  const fields = (typeof record === 'object' && record !== null ? record : {}) as Readonly<Record<string, unknown>>;
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  const time = (name: string): number => (typeof fields[name] === 'number' ? fields[name] : 0);
  const tags: unknown = fields['tags'];
  return text('id') === ''
    ? null
    : {
        id: text('id'),
        name: text('name'),
        state: STATES.find(state => state === fields['state']) ?? 'UNKNOWN',
        reason: text('reason'),
        created: time('created'),
        started: time('started'),
        ended: time('ended'),
        tags: Array.isArray(tags) ? tags.filter(tag => typeof tag === 'string') : [],
        notebook: text('notebook')
      };
}

export function hasEnded({ state }: IListed): boolean {
  return FINAL.includes(state);
}

/** It can be asked to end. */
export function canStop({ state }: IListed): boolean {
  return state === 'RUNNING' || state === 'WAITING';
}

/** What a stopped or successful job had is deleted: there is nothing to run it with. */
export function canRetry({ state }: IListed): boolean {
  return state === 'FAILED' || state === 'UNKNOWN';
}
