/** A job as the server knows it, followed while somebody looks at it. */

import type { IMimeBundle } from '@jupyterlab/nbformat';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import { ApiError } from '../request';
import { FINAL, type State } from '../states';
import type { ICubeClient, ISink } from '../tokens';
import { MIME, order, output, type Order } from './job';

const PERIOD = 200; // milliseconds between two looks at the least
const AGAIN = 2000; // the same, after nobody answered
const ID = /^[a-z2-7]{16}$/; // a name would mean whatever job has it here

/**
 * `none`: nobody has been asked, or the server knows no jobs; `live`: what is known is true; `lost`: it was, and is
 * asked for again; `unknown`: the server has no such job; `refused`: it does not say.
 */
export type Link = 'none' | 'live' | 'lost' | 'unknown' | 'refused';

/** What a view needs of it. */
export interface ILive {
  readonly link: Link;
  /** As a cell's output keeps it; null before the first answer. */
  readonly output: IMimeBundle | null;
  /** When that came, on the clock of `performance.now`. */
  readonly at: number;
  /** An order that is under way. */
  readonly ordered: Order | null;
  /** Why the last order was refused, or any answer. */
  readonly fault: string;
}

export const NOTHING: ILive = { link: 'none', output: null, at: 0, ordered: null, fault: '' };

/** It asks nothing before `start` and after `stop`. */
export class LiveJob implements IDisposable, ISink {
  constructor(
    readonly id: string,
    private readonly _client: ICubeClient
  ) {}

  get now(): ILive {
    return this._now;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this.stop();
    Signal.clearData(this);
  }

  start(): void {
    if (!this._isWatched && ID.test(this.id)) {
      this._isWatched = true;
      this.news();
    } else if (!ID.test(this.id)) {
      this._set({ link: 'unknown' });
    }
  }

  stop(): void {
    this._isWatched = false;
    this._unfollow();
  }

  async order(what: Order): Promise<void> {
    this._set({ ordered: what, fault: '' });
    try {
      await order(this._client, this.id, what);
    } catch (error) {
      this._set({ fault: refusal(error).message });
    }
    this._set({ ordered: null });
    this.news();
  }

  news(): void {
    this._hasNews = true;
    if (!this._isLooking) {
      void this._look();
    }
  }

  lost(): void {
    this._set({ link: 'lost' });
  }

  over(): void {
    this._following = null;
    this.news();
  }

  /** Ask until there is no news; what comes meanwhile is one answer. */
  private async _look(): Promise<void> {
    this._isLooking = true;
    while (this._hasNews && this._isWatched) {
      this._hasNews = false;
      await this._ask();
      await new Promise(resolve => setTimeout(resolve, this._now.link === 'lost' ? AGAIN : PERIOD));
    }
    this._isLooking = false;
  }

  private async _ask(): Promise<void> {
    try {
      const found = await output(this._client, this.id);
      if (!this._isWatched) {
        return;
      }
      const { id, state } = found[MIME] as unknown as IRecord;
      if (id !== this.id) {
        throw new ApiError(`no job ${this.id}`, 'unknown');
      }
      const before = this._now.output?.[MIME] as IRecord | undefined;
      const fault = before?.state === state ? this._now.fault : ''; // of an order that was for another state
      this._set({ link: 'live', output: found, at: performance.now(), fault });
      if (!FINAL.includes(state)) {
        this._follow();
      }
    } catch (error) {
      const { kind, message } = refusal(error);
      switch (kind) {
        case 'unreachable':
          this._hasNews = true;
          this._set({ link: 'lost' });
          return;
        case 'absent':
          this._set({ link: 'none' });
          break;
        case 'unknown':
          this._set({ link: 'unknown' });
          break;
        case 'refused':
          this._set({ link: 'refused', fault: message });
          break;
      }
      this._unfollow();
    }
  }

  private _follow(): void {
    if (this._isWatched) {
      this._following ??= this._client.subscribe({ to: 'grew', job: this.id }, this);
    }
  }

  private _unfollow(): void {
    this._following?.dispose();
    this._following = null;
  }

  private _set(changes: Partial<ILive>): void {
    this._now = { ...this._now, ...changes };
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _following: IDisposable | null = null;
  private _hasNews = false;
  private _isDisposed = false;
  private _isLooking = false;
  private _isWatched = false;
  private _now = NOTHING;
}

/** Of a record what matters here; the server's own has it. */
interface IRecord {
  readonly id: string;
  readonly state: State;
}

function refusal(error: unknown): ApiError {
  if (error instanceof ApiError) {
    return error;
  }
  throw error;
}
