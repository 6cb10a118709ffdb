/** Looks through a whole log, slice by slice, for the places of lines. */

import type { IPlaces } from './ask';

/** Places that are kept; who has more errors than these does not count them. */
export const MOST_PLACES = 10_000;

/** Milliseconds between two slices: a server has others to serve, too. */
export const PAUSE = 100;

const AGAIN = 1000; // the same, of a log that grows

export interface IFound {
  /** Cursors of the lines, in their order. */
  readonly places: readonly number[];
  readonly gaps: readonly number[];
  /** Lines that were looked at, hits or not. */
  readonly count: number;
  /** Up to here. */
  readonly end: number;
  /** All there is has been looked through. */
  readonly whole: boolean;
}

/** It goes on by itself until it has seen all or failed, and again when it is told of more. */
export class Scan {
  constructor(
    start: number,
    private readonly _ask: (cursor: number) => Promise<IPlaces>,
    private readonly _told: (fault: unknown) => void,
    private readonly _pause = PAUSE
  ) {
    this._found = { places: [], gaps: [], count: 0, end: start, whole: false };
  }

  get found(): IFound {
    return this._found;
  }

  /** There are more places than are kept. */
  get over(): boolean {
    return this._found.places.length >= MOST_PLACES;
  }

  /** The log ends there now; this also lets it go on after `stop`. */
  grow(size: number): void {
    this._size = Math.max(size, this._size);
    this._isStopped = false;
    // of an empty log, too, the server is asked once: it may refuse what is sought
    this._found = { ...this._found, whole: this._found.whole && this._found.end >= this._size };
    if (!this._found.whole && !this._isBusy) {
      this._isBusy = true;
      void this._run().finally(() => {
        this._isBusy = false;
      });
    }
  }

  stop(): void {
    this._isStopped = true;
  }

  private async _run(): Promise<void> {
    while (!this._isStopped && !this.over && !this._found.whole) {
      const before = this._found;
      try {
        const part = await this._ask(before.end);
        this._size = Math.max(this._size, part.size);
        this._found = {
          places: part.places.length === 0 ? before.places : [...before.places, ...part.places],
          gaps: part.gaps.length === 0 ? before.gaps : [...new Set([...before.gaps, ...part.gaps])],
          count: before.count + part.count,
          end: part.end,
          whole: part.end >= this._size
        };
        if (part.end <= before.end && !this._found.whole) {
          return; // what is recorded there cannot be read
        }
      } catch (error) {
        this._told(error);
        return;
      }
      this._told(null);
      await new Promise(resolve => setTimeout(resolve, this._found.whole ? AGAIN : this._pause));
    }
  }

  private _found: IFound;
  private _isBusy = false;
  private _isStopped = false;
  private _size = 0;
}
