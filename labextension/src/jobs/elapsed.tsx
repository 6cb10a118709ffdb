/** A time that counts. */

import type { JSX } from 'react';

import { useNow } from '../hooks';
import { clock } from '../job/model';
import { hasEnded, type IListed } from '../listed';

export interface ITime {
  /** By how many seconds the server's clock is ahead. */
  readonly ahead: number;
  /** Somebody can see it: else nothing counts. */
  readonly isShown: boolean;
}

/** How long a job ran, or waits by now. */
export function Elapsed({ job, ahead, isShown }: { job: IListed } & ITime): JSX.Element {
  const since = job.started === 0 ? job.created : job.started;
  const now = useNow(isShown && !hasEnded(job), epoch) + ahead;
  const seconds = hasEnded(job) ? (job.started === 0 ? null : job.ended - job.started) : now - since;
  return <>{seconds === null ? '' : clock(seconds)}</>;
}

function epoch(): number {
  return Date.now() / 1000;
}
