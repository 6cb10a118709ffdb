/** A server's side without a server. */

import type { IMimeBundle } from '@jupyterlab/nbformat';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

import { ApiError } from '../request';
import { MIME, type ICubeClient, type ISink } from '../tokens';

/** It knows one job, or refuses with an error. */
export class FakeClient implements ICubeClient {
  constructor(public known: Record<string, unknown> | ApiError = new ApiError('Not Found', 'absent')) {}

  readonly isDisposed = false;
  readonly sinks = new Set<ISink>();
  readonly asked: string[] = [];
  /** Why it obeys no orders. */
  refuses: ApiError | null = null;
  looks = 0;

  dispose(): void {
    // it holds nothing
  }

  output(): Promise<IMimeBundle> {
    this.looks += 1;
    return this.known instanceof ApiError
      ? Promise.reject(this.known)
      : Promise.resolve({ [MIME]: this.known, 'text/plain': 'as text' } as IMimeBundle);
  }

  stop(job: string): Promise<void> {
    return this._order(`stop ${job}`);
  }

  retry(job: string): Promise<void> {
    return this._order(`retry ${job}`);
  }

  follow(_job: string, sink: ISink): IDisposable {
    this.sinks.add(sink);
    return new DisposableDelegate(() => {
      this.sinks.delete(sink);
    });
  }

  /** The job is like this now. */
  grow(known: Record<string, unknown>): void {
    this.known = known;
    for (const sink of this.sinks) {
      sink.news();
    }
  }

  private _order(words: string): Promise<void> {
    this.asked.push(words);
    return this.refuses === null ? Promise.resolve() : Promise.reject(this.refuses);
  }
}
