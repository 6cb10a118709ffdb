/** What is sought in a log: the hits, how many, and the one that is shown. */

import { Model } from '../model';
import { refusal } from '../request';
import type { IFilter, ISought } from './ask';
import type { LogModel } from './model';
import { Scan, type IFound } from './scan';

const PATIENCE = 300; // milliseconds after the last key until it is searched

export interface ISearch extends ISought {
  readonly found: IFound | null;
  /** The hit that is shown. */
  readonly current: number | null;
  /** The next hit is being looked for. */
  readonly busy: boolean;
  /** What cannot be searched, and why; or that it went on at the other end. */
  readonly note: string;
}

/** `note` is what a person reads where the search went on at the other end of the log. */
export class Finder extends Model<ISearch> {
  constructor(
    private readonly _model: LogModel,
    private readonly _notes: { readonly begin: string; readonly end: string; readonly none: string }
  ) {
    super({ text: '', regex: false, exact: false, found: null, current: null, busy: false, note: '' });
    this._filter = _model.now.filter;
    _model.changed.connect(this._modelChanged);
  }

  override dispose(): void {
    this._model.changed.disconnect(this._modelChanged);
    this._scan?.stop();
    clearTimeout(this._timer);
    super.dispose();
  }

  /** Something else is sought; hits are counted as soon as no more is typed. */
  seek(sought: Partial<ISought>): void {
    this.set({ ...sought, found: null, current: null, note: '' });
    this._scan?.stop();
    this._scan = null;
    clearTimeout(this._timer);
    if (this.now.text !== '') {
      this._timer = window.setTimeout(() => {
        this._count();
      }, PATIENCE);
    }
  }

  /** Show the next hit after, or before, the one that is shown; else after, or before, a cursor. */
  async go(direction: 'forth' | 'back', place: number): Promise<void> {
    const { text, regex, exact, busy } = this.now;
    if (text === '' || busy) {
      return;
    }
    this.set({ busy: true, note: '' });
    try {
      const { filter, size } = this._model.now;
      const sought = { text, regex, exact };
      let note = '';
      let hit = await this._next(filter, this.now.current ?? place, direction, sought);
      if (hit === null) {
        hit = await this._next(filter, direction === 'forth' ? 0 : size + 1, direction, sought);
        note = hit === null ? this._notes.none : direction === 'forth' ? this._notes.begin : this._notes.end;
      }
      this.set({ busy: false, note, current: hit });
      if (hit !== null) {
        await this._model.show(hit);
      }
    } catch (error) {
      this.set({ busy: false, note: refusal(error).message });
    }
  }

  /** Which of the hits it is, from 1; 0 where that is not known. */
  get number(): number {
    const { current, found } = this.now;
    return current === null || found === null ? 0 : found.places.indexOf(current) + 1;
  }

  private async _next(filter: IFilter, from: number, direction: 'forth' | 'back', sought: ISought): Promise<number | null> {
    const found = this.now.found;
    if (found !== null && found.places.length > 0) {
      const { places, end, whole } = found;
      const hit = direction === 'forth' ? places.find(one => one > from) : places.findLast(one => one < from);
      if (whole ? !(this._scan?.over ?? false) : hit !== undefined && (direction === 'forth' || from <= end)) {
        return hit ?? null;
      }
    }
    return this._model.source.next(filter, from, direction, sought);
  }

  private _count(): void {
    const { text, regex, exact } = this.now;
    const { filter, size } = this._model.now;
    const scan = new Scan(
      0,
      cursor => this._model.source.places(filter, cursor, { text, regex, exact }),
      error => {
        if (scan === this._scan) {
          this.set({ found: scan.found, ...(error === null ? {} : { note: refusal(error).message }) });
        }
      }
    );
    this._scan = scan;
    scan.grow(size);
    this.set({ found: scan.found });
  }

  private readonly _modelChanged = (): void => {
    const { filter, size } = this._model.now;
    if (filter !== this._filter) {
      this._filter = filter;
      this.seek({});
    } else if (size !== this._size && this.now.note === '') {
      this._scan?.grow(size);
    }
    this._size = size;
  };

  private _filter: IFilter;
  private _scan: Scan | null = null;
  private _size = 0;
  private _timer = 0;
}
