/** What a view shows of a log. */

import { ALL, type IFilter, type IJobRecord } from './ask';
import { EMPTY, type IPane } from './pane';
import type { IFound } from './scan';

/** `opening`: nothing is known yet; the others are those of a card (`../job/live`), `absent` its `none`. */
export type Link = 'opening' | 'live' | 'lost' | 'unknown' | 'refused' | 'absent';

/** A row that is to be seen; a new object each time it is asked for. */
interface ITarget {
  readonly cursor: number;
  /** It is what was asked for, not only the begin of what is to be seen. */
  readonly marked: boolean;
}

/** What a view shows; another object after each change. */
export interface IShown {
  readonly link: Link;
  readonly job: IJobRecord | null;
  readonly filter: IFilter;
  readonly pane: IPane;
  /** The cursor at which the log ends. */
  readonly size: number;
  /** The end is kept in view. */
  readonly following: boolean;
  /** Other rows are on their way. */
  readonly loading: boolean;
  readonly target: ITarget | null;
  /** Lines that have come since the end was left, and whether there are more. */
  readonly fresh: { readonly count: number; readonly more: boolean } | null;
  /** Lines that look like errors. */
  readonly alarms: IFound;
  /** Why the last wish was refused. */
  readonly fault: string;
}

export const NOTHING_FOUND: IFound = { places: [], gaps: [], count: 0, end: 0, whole: false };

/** Before anything is known. */
export const OPENING: IShown = {
  link: 'opening',
  job: null,
  filter: ALL,
  pane: EMPTY,
  size: 0,
  following: true,
  loading: false,
  target: null,
  fresh: null,
  alarms: NOTHING_FOUND,
  fault: ''
};
