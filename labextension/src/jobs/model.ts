/** All jobs as the server knows them, one subscription a page while anybody needs them. */

import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

import { listed, type IListed } from '../listed';
import { Model } from '../model';
import { refusal } from '../request';
import type { ICubeClient, IJobList, IJobs, ISink } from '../tokens';

const AGAIN = 2000; // milliseconds until what the server has ended is asked for again
const NOTHING: IJobs = { link: 'asking', jobs: [], ahead: 0, fault: '' };

export class JobList extends Model<IJobs> implements IJobList, ISink {
  constructor(private readonly _client: ICubeClient) {
    super(NOTHING);
  }

  watch(): IDisposable {
    this._watchers += 1;
    this._subscribe();
    return new DisposableDelegate(() => {
      this._watchers -= 1;
      if (this._watchers === 0) {
        this._unsubscribe();
      }
    });
  }

  again(): void {
    this.set({ link: 'asking', fault: '' });
    this._subscribe();
  }

  find(id: string): IListed | undefined {
    return this._jobs.get(id);
  }

  news(message: Readonly<Record<string, unknown>>): void {
    if (this._isWhole) {
      this._jobs.clear(); // the first message after each connection tells of all
    }
    this._isWhole = false;
    for (const record of list(message['jobs'])) {
      const job = listed(record);
      if (job !== null) {
        this._jobs.set(job.id, job);
      }
    }
    for (const id of list(message['gone'])) {
      this._jobs.delete(String(id));
    }
    const time = message['time'];
    const ahead = typeof time === 'number' ? time - Date.now() / 1000 : this.now.ahead;
    this.set({ link: 'live', jobs: [...this._jobs.values()], ahead, fault: '' });
  }

  lost(): void {
    this._isWhole = true;
    if (this.now.link === 'asking') {
      void this._ask();
    } else {
      this.set({ link: 'lost' });
    }
  }

  over(): void {
    this._subscription = null;
    void this._ask();
  }

  /** A socket does not say why it does not stand; a request does. */
  private async _ask(): Promise<void> {
    try {
      await this._client.get(['jobs'], { limit: 0 });
      this.set({ link: 'lost' });
      this._later();
    } catch (error) {
      const { kind, message } = refusal(error);
      if (kind === 'unreachable') {
        this.set({ link: 'lost' });
        this._later();
      } else {
        this._unsubscribe(); // it will not get better by itself
        this.set(kind === 'absent' ? { link: 'absent' } : { link: 'refused', fault: message });
      }
    }
  }

  /** Subscribe again, where the server has ended that: a socket that is lost is tried again by itself. */
  private _later(): void {
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => {
      this._subscribe();
    }, AGAIN);
  }

  private _subscribe(): void {
    if (this._watchers > 0 && this._subscription === null) {
      this._isWhole = true;
      this._subscription = this._client.subscribe({ to: 'jobs' }, this);
    }
  }

  private _unsubscribe(): void {
    this._subscription?.dispose();
    this._subscription = null;
  }

  private _isWhole = true;
  private readonly _jobs = new Map<string, IListed>();
  private _subscription: IDisposable | null = null;
  private _timer = 0;
  private _watchers = 0;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
