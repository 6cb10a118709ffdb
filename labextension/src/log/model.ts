/** A job's log as somebody looks at it: the part that is held, whether its end is followed, and what is chosen of it. */

import type { IDisposable } from '@lumino/disposable';

import { Model } from '../model';
import { refusal } from '../request';
import { FINAL } from '../states';
import type { ICubeClient, ISink } from '../tokens';
import { ALL, LogSource, type From, type IFilter, type IJobRecord } from './ask';
import type { IPart } from './lines';
import { after, before, EMPTY, type IPane } from './pane';
import { PAUSE, Scan } from './scan';
import { NOTHING_FOUND, OPENING, type IShown } from './shown';

const PERIOD = 200; // milliseconds between two looks at the least, where lines come all the time
const SOON = 16; // the same of the first ones: a line that comes after a while is seen at once
const MORE = 60; // the same while there is more to read than one answer holds
const AGAIN = 2000; // the same, after nobody answered
const FAR = 256_000; // bytes that are read to get to the end; what is further is jumped over

/** It asks nothing before `start` and after `stop`. */
export class LogModel extends Model<IShown> implements ISink {
  constructor(
    readonly job: string,
    private readonly _client: ICubeClient,
    cursor: number | null = null
  ) {
    super(OPENING);
    this.source = new LogSource(job, _client);
    this._place = cursor;
  }

  readonly source: LogSource;

  /** The job's log is not over. */
  get isLive(): boolean {
    return this.now.job !== null && !FINAL.includes(this.now.job.state);
  }

  override dispose(): void {
    this.stop();
    super.dispose();
  }

  /** Somebody looks. */
  start(): void {
    if (!this._isWatched && !this.isDisposed) {
      this._isWatched = true;
      void this._look();
    }
  }

  /** Nobody looks: nothing is asked. */
  stop(): void {
    this._isWatched = false;
    this._following?.dispose();
    this._following = null;
    clearTimeout(this._timer);
    this._scan?.stop();
    this._counting?.stop();
  }

  /** Ask again how the job is, such as after a retry. */
  look(): void {
    clearTimeout(this._timer);
    void this._look();
  }

  /** Show the end, and keep it in view while the log grows. */
  follow(): void {
    this._place = null;
    this._turn += 1; // what is on its way was for another place
    this._counting?.stop();
    this._counting = null;
    this.set({ following: true, loading: false, fresh: null, target: null });
    this._pull();
  }

  /** Leave the end: what comes from now on is counted. */
  unfollow(): void {
    if (this.now.following) {
      this.set({ following: false });
      this._count(this.now.pane.end);
    }
  }

  /** Show the line that ends after a cursor; the log's start is 0. */
  async show(cursor: number, marked = true): Promise<void> {
    this._place = cursor;
    this.unfollow();
    const { pane } = this.now;
    if (pane.rows.length > 0 && cursor > pane.start && cursor <= pane.end) {
      this.set({ target: { cursor, marked } });
    } else {
      await this._around({ cursor: Math.max(0, cursor) }, cursor, marked);
    }
  }

  /** Show what was recorded at a time (seconds since the epoch) or later. */
  async showTime(time: number): Promise<void> {
    this.unfollow();
    await this._around({ time }, null, true);
  }

  /** Show other lines: where the view stands, or at the end where that is followed. */
  async choose(filter: IFilter, cursor: number): Promise<void> {
    this.set({ filter, fresh: null, fault: '' });
    this._counting?.stop();
    this._counting = null;
    this._rescan();
    if (this.now.following) {
      this._turn += 1;
      this.set({ pane: EMPTY, loading: false });
      this._pull();
    } else {
      this._count(this.now.size);
      await this._around({ cursor }, cursor, false);
    }
  }

  /** Rows beside those that are held, because they will be seen soon. */
  async more(side: 'forth' | 'back'): Promise<void> {
    const { filter, pane, size } = this.now;
    if (this._isBusy || (side === 'forth' ? pane.end >= size : pane.start <= 0)) {
      return;
    }
    const cursor = side === 'forth' ? pane.end : pane.start;
    await this._read(
      () => this.source.part(filter, { cursor }, side),
      part => (side === 'forth' ? after(this.now.pane, part) : before(this.now.pane, part))
    );
  }

  /** Look for a line that ends after a cursor and looks like an error; false: there is none. */
  async alarm(cursor: number, direction: 'forth' | 'back'): Promise<boolean> {
    const { places, whole } = this.now.alarms;
    if (whole) {
      const found = direction === 'forth' ? places.find(one => one > cursor) : places.findLast(one => one < cursor);
      if (found !== undefined) {
        await this.show(found);
      }
      return found !== undefined;
    }
    const filter = { ...this.now.filter, alarms: true };
    const found = await this._asked(() => this.source.next(filter, cursor, direction));
    if (found !== null) {
      await this.show(found);
    }
    return found !== null;
  }

  /** All of a line of which only the beginning is held. */
  async whole(cursor: number, width: number): Promise<string | null> {
    const part = await this._asked(() => this.source.part(ALL, { cursor }, 'back', { lines: 1, width }));
    const row = part?.rows.findLast(one => one.kind === 'line');
    return row?.kind === 'line' ? row.text : null;
  }

  news(message: Readonly<Record<string, unknown>>): void {
    const { state, end } = message as { state?: IJobRecord; end?: number };
    this.set({ link: 'live', ...(state === undefined ? {} : { job: state }) });
    if (typeof end === 'number') {
      this._grow(end);
    }
    this._pull(); // what was not read while nobody answered
  }

  lost(): void {
    this.set({ link: 'lost' });
  }

  over(): void {
    this._following = null;
    if (this._isWatched && this.isLive) {
      this._later();
    }
  }

  /** Ask for the job; the log is followed while it is not over. */
  private async _look(): Promise<void> {
    const job = await this._asked(() => this.source.about());
    if (job === null || !this._isWatched) {
      return;
    }
    const first = this.now.job === null;
    this.set({ link: 'live', job });
    if (this.isLive) {
      this._following ??= this._client.subscribe({ to: 'grew', job: this.job }, this);
    }
    if (first && this._place !== null) {
      this.set({ following: false });
      await this._around({ cursor: this._place }, this._place, true);
      this._count(this.now.size);
    }
    this._pull();
    if (first) {
      this._rescan();
    } else {
      this._scan?.grow(this.now.size);
      this._counting?.grow(this.now.size);
    }
  }

  /** The log ends there now. It never shrinks: an answer that says less was under way when the news came. */
  private _grow(size: number): void {
    if (size > this.now.size) {
      this.set({ size });
      this._scan?.grow(size);
      this._counting?.grow(size);
      this._pull();
    }
  }

  /** Read to the end while it is followed. */
  private _pull(): void {
    this._wants = true;
    if (!this._isPulling) {
      void this._pulling();
    }
  }

  private async _pulling(): Promise<void> {
    this._isPulling = true;
    try {
      while (this._wants && this.now.following && this._isWatched && this.now.link === 'live') {
        this._wants = false;
        const began = performance.now();
        this._pause = began - this._pulled < 2 * PERIOD ? Math.min(2 * this._pause, PERIOD) : SOON;
        this._pulled = began;
        const { filter, pane, size } = this.now;
        if (pane !== EMPTY && pane.end >= size) {
          break;
        }
        const far = pane === EMPTY || (size - pane.end > FAR && filter.attempt === 0 && !filter.alarms);
        const taken = await this._read(
          () => this.source.part(filter, far ? 'end' : { cursor: pane.end }, far ? 'back' : 'forth'),
          part => (far ? part : after(this.now.pane, part))
        );
        const { pane: held, size: end } = this.now;
        const isMore = taken && !far && held.end > pane.end && held.end < size;
        this._wants ||= taken && held.end > pane.end && held.end < end;
        await new Promise(resolve => setTimeout(resolve, isMore ? MORE : this._pause));
      }
    } finally {
      this._isPulling = false;
    }
  }

  /** Hold what lies at both sides of a place. */
  private async _around(from: Exclude<From, 'end'>, cursor: number | null, marked: boolean): Promise<void> {
    this._turn += 1;
    const turn = this._turn;
    const { filter } = this.now;
    this.set({ loading: true, fault: '' });
    const next = await this._asked(() => this.source.part(filter, from, 'forth'));
    const last = next && (await this._asked(() => this.source.part(filter, { cursor: next.start }, 'back')));
    if (turn !== this._turn) {
      return; // somebody wants to see something else by now
    }
    this.set({ loading: false });
    if (next && last) {
      const pane = after({ ...last }, next);
      const first = next.rows[0]?.cursor ?? last.rows.at(-1)?.cursor ?? 0;
      // the line that ends at the cursor is before what comes after it
      const exact = cursor !== null && last.rows.at(-1)?.cursor === cursor;
      this._grow(next.size);
      this.set({ pane, target: { cursor: exact ? cursor : first, marked } });
    }
  }

  /** Take an answer into the pane, where nothing else was wished meanwhile; false: it was not taken. */
  private async _read(ask: () => Promise<IPart>, take: (part: IPart) => IPane): Promise<boolean> {
    const turn = this._turn;
    this._isBusy = true;
    const part = await this._asked(ask);
    this._isBusy = false;
    if (part === null || turn !== this._turn) {
      return false;
    }
    const { rows, start, end } = take(part);
    this.set({ pane: { rows, start, end } });
    this._grow(part.size);
    return true;
  }

  /** Count what comes after a cursor. */
  private _count(cursor: number): void {
    const { filter } = this.now;
    const scan = new Scan(
      cursor,
      from => this.source.places(filter, from),
      () => {
        const { count, places, whole } = scan.found;
        const lines = filter.alarms ? places.length : count;
        if (scan === this._counting && lines > 0) {
          this.set({ fresh: { count: lines, more: !whole } });
        }
      }
    );
    this._counting?.stop();
    this._counting = scan;
    scan.grow(this.now.size);
  }

  /** Look for errors from the start. */
  private _rescan(): void {
    const { filter, size } = this.now;
    this._scan?.stop();
    const scan = new Scan(
      0,
      from => this.source.places({ ...filter, alarms: true }, from),
      () => {
        if (scan === this._scan) {
          this.set({ alarms: scan.found });
        }
      },
      4 * PAUSE // nobody has asked for it
    );
    this._scan = scan;
    this.set({ alarms: NOTHING_FOUND });
    if (this._isWatched) {
      scan.grow(size);
      this.set({ alarms: scan.found });
    }
  }

  /** An answer, or null and why there is none. */
  private async _asked<T>(ask: () => Promise<T>): Promise<T | null> {
    try {
      return await ask();
    } catch (error) {
      const { kind, message } = refusal(error);
      if (kind === 'unreachable') {
        this.set({ link: 'lost' });
        if (this._isWatched) {
          this._later();
        }
      } else if (kind === 'refused') {
        // of a known job a wish was refused, not the job
        this.set({ fault: message, ...(this.now.job === null ? { link: 'refused' } : {}) });
      } else {
        this.set({ link: kind });
      }
      return null;
    }
  }

  private _later(): void {
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this._look(), AGAIN);
  }

  private _counting: Scan | null = null;
  private _following: IDisposable | null = null;
  private _isBusy = false;
  private _isPulling = false;
  private _isWatched = false;
  private _pause = SOON;
  private _place: number | null;
  private _pulled = -Infinity;
  private _scan: Scan | null = null;
  private _timer = 0;
  private _turn = 0;
  private _wants = false;
}
