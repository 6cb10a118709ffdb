/** Rows that stay where they are while the pointer moves over them: nobody clicks at what has just slipped under it. */

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

const STILL = 1500; // milliseconds after the last movement until the rows go where they belong

export interface ISteady<Row> {
  readonly rows: readonly Row[];
  readonly onPointerMove: () => void;
  readonly onPointerLeave: () => void;
}

/**
 * @param current - the row as it is now, of one that was there before; null where it is gone.
 */
export function useSteady<Row>(rows: readonly Row[], current: (row: Row) => Row | null): ISteady<Row> {
  const [held, setHeld] = useState<readonly Row[] | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const onPointerLeave = useCallback((): void => {
    clearTimeout(timer.current);
    setHeld(null);
  }, []);
  const onPointerMove = useCallback((): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(onPointerLeave, STILL);
    setHeld(before => before ?? rows);
  }, [rows, onPointerLeave]);
  useEffect(
    () => (): void => {
      clearTimeout(timer.current);
    },
    []
  );
  const shown = useMemo(
    () =>
      held?.flatMap(row => {
        const now = current(row);
        return now === null ? [] : [now];
      }) ?? rows,
    [held, rows, current]
  );
  return { rows: shown, onPointerMove, onPointerLeave };
}
