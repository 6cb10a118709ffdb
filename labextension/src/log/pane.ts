/** The part of a log that a view holds: it grows at either side, and never beyond some thousand rows. */

import type { IPart, Row } from './lines';

export interface IPane {
  readonly rows: readonly Row[];
  /** All rows between these two cursors are here. */
  readonly start: number;
  readonly end: number;
}

/** Rows that are held; what a screen shows is some fifty of them. */
export const MOST = 4000;

export const EMPTY: IPane = { rows: [], start: 0, end: 0 };

/** The pane and what comes after it. */
export function after(pane: IPane, part: IPart): IPane {
  // a gap takes no room: who asks from its cursor on gets it once more
  const last = pane.rows.slice(-8).flatMap(row => (row.kind === 'gap' ? [row.key] : []));
  const rows = [...pane.rows, ...part.rows.filter(row => row.kind === 'line' || !last.includes(row.key))];
  const over = rows.length - MOST;
  return { rows: over > 0 ? rows.slice(over) : rows, start: rows[over - 1]?.cursor ?? pane.start, end: part.end };
}

/** The pane and what comes before it. */
export function before(pane: IPane, part: IPart): IPane {
  const rows = [...part.rows, ...pane.rows];
  return rows.length > MOST
    ? { rows: rows.slice(0, MOST), start: part.start, end: rows[MOST - 1]?.cursor ?? pane.end }
    : { rows, start: part.start, end: pane.end };
}

/** The first row that ends after a cursor, or the last row; -1 in an empty pane. */
export function rowAt({ rows }: IPane, cursor: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.cursor ?? 0) < cursor) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return Math.min(low, rows.length - 1);
}
