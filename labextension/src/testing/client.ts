/** A server's side without a server. */

import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

import { MIME } from '../job/job';
import { ApiError } from '../request';
import type { ICubeClient, ISink, Query, Topic } from '../tokens';

/** It answers from a table of `METHOD path` to value, function of what was sent, or error; else there is no extension. */
export class FakeClient implements ICubeClient {
  constructor(readonly answers: Record<string, unknown> = {}) {}

  readonly isDisposed = false;
  readonly topics = new Map<ISink, Topic>();
  /** All that it was asked. */
  readonly heard: string[] = [];

  dispose(): void {
    // it holds nothing
  }

  get(path: readonly string[], query: Query = {}): Promise<unknown> {
    return this._answer('GET', path, query);
  }

  async text(path: readonly string[]): Promise<string> {
    return String(await this._answer('GET', path, {}));
  }

  post(path: readonly string[], body: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return this._answer('POST', path, body);
  }

  async delete(path: readonly string[]): Promise<void> {
    await this._answer('DELETE', path, {});
  }

  url(path: readonly string[]): string {
    return `http://here/cube/api/${path.join('/')}`;
  }

  subscribe(topic: Topic, sink: ISink): IDisposable {
    this.topics.set(sink, topic);
    return new DisposableDelegate(() => {
      this.topics.delete(sink);
    });
  }

  follows(job: string): boolean {
    return [...this.topics.values()].some(topic => topic.to === 'grew' && topic.job === job);
  }

  /** Send a message to all that wait for one of that kind. */
  say(to: Topic['to'], message: Readonly<Record<string, unknown>>): void {
    for (const [sink, topic] of this.topics) {
      if (topic.to === to) {
        sink.news(message);
      }
    }
  }

  private async _answer(method: string, path: readonly string[], sent: object): Promise<unknown> {
    const words = `${method} ${path.join('/')}`;
    this.heard.push(`${words} ${JSON.stringify(sent)}`);
    const known = this.answers[words] ?? new ApiError('Not Found', 'absent');
    const value: unknown = typeof known === 'function' ? await (known as (sent: object) => unknown)(sent) : known;
    if (value instanceof Error) {
      throw value;
    }
    return value;
  }
}

/** It knows one job, or refuses with an error. */
export class FakeJob extends FakeClient {
  constructor(public known: Record<string, unknown> | ApiError = new ApiError('Not Found', 'absent')) {
    const obey = (): unknown => this.refuses ?? {};
    const id = 'k3jabcdefghijklm';
    super({
      [`GET jobs/${id}/output`]: () =>
        this.known instanceof ApiError ? this.known : { [MIME]: this.known, 'text/plain': 'as text' },
      [`POST jobs/${id}/stop`]: obey,
      [`POST jobs/${id}/retry`]: obey
    });
  }

  /** Why it obeys no orders. */
  refuses: ApiError | null = null;

  /** The orders that it was given. */
  get asked(): readonly string[] {
    return this.heard.filter(words => !words.startsWith('GET'));
  }

  get looks(): number {
    return this.heard.length - this.asked.length;
  }

  /** The job is like this now. */
  grow(known: Record<string, unknown>): void {
    this.known = known;
    this.say('grew', {});
  }
}
