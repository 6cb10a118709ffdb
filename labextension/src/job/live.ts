/** A job as the server knows it, followed while somebody looks at it. */

import type { IMimeBundle } from '@jupyterlab/nbformat';
import type { IDisposable } from '@lumino/disposable';

import { Model } from '../model';
import { ApiError, refusal } from '../request';
import { FINAL, type State } from '../states';
import type { ICubeClient, ISink } from '../tokens';
import { facts, MIME, order, output, type IFacts, type Order } from './job';

const PERIOD = 200; // milliseconds between two looks at the least, where news come all the time
const SOON = 16; // the same of the first ones: a line that comes after a while is seen at once
const SHARE = 4; // and this many times what the last one took: a slow server is not kept busy by us
const AGAIN = 2000; // until the next look, where nobody answered, or no socket tells of news
const SURE = 30_000; // the same, where one does: it may be dead without knowing
const SELDOM = 10_000; // the same, where the answer was no; twice as long each time
const LONGEST = 60_000;
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
  /** Of each task what was last asked for; empty before that. */
  readonly facts: ReadonlyMap<string, IFacts>;
}

export const NOTHING: ILive = {
  link: 'none',
  output: null,
  at: 0,
  ordered: null,
  fault: '',
  facts: new Map()
};

/** It asks nothing before `start` and after `stop`. */
export class LiveJob extends Model<ILive> implements ISink {
  constructor(
    readonly id: string,
    private readonly _client: ICubeClient
  ) {
    super(NOTHING);
  }

  override dispose(): void {
    this.stop();
    super.dispose();
  }

  start(): void {
    if (!this._isWatched && ID.test(this.id)) {
      this._isWatched = true;
      this._seldom = SELDOM;
      this._look();
    } else if (!ID.test(this.id)) {
      this.set({ link: 'unknown' });
    }
  }

  stop(): void {
    this._isWatched = false;
    this._unfollow();
    this._wake();
  }

  async order(what: Order): Promise<void> {
    this.set({ ordered: what, fault: '' });
    try {
      await order(this._client, this.id, what);
    } catch (error) {
      this.set({ fault: refusal(error).message });
    }
    this.set({ ordered: null });
    this._look();
  }

  /** Ask for what is known of each task. */
  async ask(): Promise<void> {
    if (this.now.link === 'live') {
      const found = await facts(this._client, this.id).catch(() => null);
      if (found !== null) {
        this.set({ facts: found });
      } // else what is shown is true without it
    }
  }

  news(): void {
    this._isTold = true;
    this._look();
  }

  /** That the socket is lost does not say that the server is: a look will tell. */
  lost(): void {
    this._isTold = false;
    this._look();
  }

  over(): void {
    this._following = null;
    this._look();
  }

  /** Look at once, or as soon as the last look is long enough ago. */
  private _look(): void {
    this._hasNews = true;
    if (this._isLooking) {
      this._wake();
    } else {
      void this._looks();
    }
  }

  /** Ask while there is or may be news; what comes meanwhile is one answer. */
  private async _looks(): Promise<void> {
    this._isLooking = true;
    let pause = SOON;
    let before = -Infinity;
    while (this._isWatched) {
      this._hasNews = false;
      const began = performance.now();
      pause = began - before < 2 * PERIOD ? Math.min(2 * pause, PERIOD) : SOON;
      before = began;
      await this._ask();
      await new Promise(resolve => setTimeout(resolve, Math.max(pause, SHARE * (performance.now() - began))));
      await this._rest();
    }
    this._isLooking = false;
  }

  /** Return when it is time for the next look. */
  private async _rest(): Promise<void> {
    const rest = this._rhythm();
    if (this._hasNews || !this._isWatched) {
      return;
    }
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, rest);
      this._wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
    this._wake = (): void => undefined;
  }

  /** Milliseconds until the next look that no news have asked for. */
  private _rhythm(): number {
    switch (this.now.link) {
      case 'live':
        return this._isOver ? LONGEST : this._isTold ? SURE : AGAIN; // somebody may retry it elsewhere
      case 'lost':
        return AGAIN;
      case 'none':
      case 'unknown':
      case 'refused': {
        const rest = this._seldom;
        this._seldom = Math.min(2 * rest, LONGEST);
        return rest;
      }
    }
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
      const before = this.now.output?.[MIME] as IRecord | undefined;
      const isSame = before?.state === state && this.now.link !== 'refused';
      const fault = isSame ? this.now.fault : ''; // of an order that was for another state, or of the last answer
      this.set({ link: 'live', output: found, at: performance.now(), fault });
      this._seldom = SELDOM;
      this._isOver = FINAL.includes(state);
      if (!this._isOver) {
        this._follow();
      }
    } catch (error) {
      const { kind, message } = refusal(error);
      switch (kind) {
        case 'unreachable':
          this.set({ link: 'lost' });
          return;
        case 'absent':
          this.set({ link: 'none' });
          break;
        case 'unknown':
          this.set({ link: 'unknown' });
          break;
        case 'refused':
          this.set({ link: 'refused', fault: message });
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
    this._isTold = false;
    this._following?.dispose();
    this._following = null;
  }

  private _following: IDisposable | null = null;
  private _hasNews = false;
  private _isLooking = false;
  private _isOver = false;
  private _isTold = false;
  private _isWatched = false;
  private _seldom = SELDOM;
  private _wake = (): void => undefined;
}

/** Of a record what matters here; the server's own has it. */
interface IRecord {
  readonly id: string;
  readonly state: State;
}
