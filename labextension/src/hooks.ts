/** What views of several parts have in common. */

import type { ISignal } from '@lumino/signaling';
import { useEffect, useReducer, useState } from 'react';

/** Draw again whenever a model has changed. */
export function useChanges(signal: ISignal<unknown, unknown>): void {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const slot = (): void => {
      again();
    };
    signal.connect(slot);
    slot(); // it may have changed between drawing and here
    return (): void => {
      signal.disconnect(slot);
    };
  }, [signal]);
}

/** What a clock shows, each second anew while it runs. */
export function useNow(runs: boolean, clock: () => number): number {
  const [now, setNow] = useState(clock);
  useEffect(() => {
    if (!runs) {
      return undefined;
    }
    const look = (): void => {
      setNow(clock());
    };
    look();
    const timer = setInterval(look, 1000);
    return (): void => {
      clearInterval(timer);
    };
  }, [runs, clock]);
  return now;
}
