/** Groups of jobs as rows one below the other. */

import type { IListed } from '../listed';
import type { IGroup } from './groups';

export type IRow =
  | { readonly kind: 'heading'; readonly label: string; readonly count: number }
  | { readonly kind: 'job'; readonly job: IListed };

export function rowsOf(groups: readonly IGroup[]): readonly IRow[] {
  return groups.flatMap(({ label, jobs }): IRow[] => [
    { kind: 'heading', label, count: jobs.length },
    ...jobs.map((job): IRow => ({ kind: 'job', job }))
  ]);
}

/** The place of a job; -1 where it is not shown. */
export function placeOf(rows: readonly IRow[], id: string | null): number {
  return rows.findIndex(row => row.kind === 'job' && row.job.id === id);
}

/** The job that is so many jobs further down; the last one on the way where there are not so many. */
export function jobFrom(rows: readonly IRow[], place: number, by: number): string | null {
  const step = Math.sign(by);
  let found: string | null = null;
  let left = Math.abs(by);
  for (let at = place + step; left > 0 && at >= 0 && at < rows.length; at += step) {
    const row = rows[at];
    if (row?.kind === 'job') {
      found = row.job.id;
      left -= 1;
    }
  }
  return found;
}

/** The jobs between two of them, both included, whichever comes first. */
export function between(rows: readonly IRow[], one: number, other: number): string[] {
  return rows
    .slice(Math.min(one, other), Math.max(one, other) + 1)
    .flatMap(row => (row.kind === 'job' ? [row.job.id] : []));
}
