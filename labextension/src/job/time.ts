/** Time that goes on while nothing else changes. */

import { useEffect, useState } from 'react';

/** Seconds since a moment of `performance.now`, each second anew; 0 where nothing runs. */
export function useClock(since: number, runs: boolean): number {
  const [now, setNow] = useState(since);
  useEffect(() => {
    if (!runs) {
      return undefined;
    }
    const timer = setInterval(() => {
      setNow(performance.now());
    }, 1000);
    return (): void => {
      clearInterval(timer);
    };
  }, [runs]);
  return runs ? Math.max(0, now - since) / 1000 : 0;
}
