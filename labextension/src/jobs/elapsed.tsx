/** A time that counts. */

import { useEffect, useState, type JSX } from 'react';

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
  const now = useNow(isShown && !hasEnded(job)) + ahead;
  const seconds = hasEnded(job) ? (job.started === 0 ? null : job.ended - job.started) : now - since;
  return <>{seconds === null ? '' : clock(seconds)}</>;
}

/** Seconds since the epoch, each second anew. */
function useNow(runs: boolean): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!runs) {
      return undefined;
    }
    const look = (): void => {
      setNow(Date.now() / 1000);
    };
    look();
    const timer = setInterval(look, 1000);
    return (): void => {
      clearInterval(timer);
    };
  }, [runs]);
  return now;
}
