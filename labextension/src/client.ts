/** The server extension, asked by requests and listened to on one socket. */

import type { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import { address, request, text } from './request';
import { CubeSocket } from './socket';
import type { ICubeClient, ISink, Query, Topic } from './tokens';

export class CubeClient implements ICubeClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {
    this._socket = new CubeSocket(_settings);
  }

  get isDisposed(): boolean {
    return this._socket.isDisposed;
  }

  dispose(): void {
    this._socket.dispose();
  }

  get(path: readonly string[], query?: Query): Promise<unknown> {
    return request(this._settings, this.url(path, query), {});
  }

  text(path: readonly string[]): Promise<string> {
    return text(this._settings, this.url(path));
  }

  post(path: readonly string[], body: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return request(this._settings, this.url(path), { method: 'POST', body: JSON.stringify(body) });
  }

  async delete(path: readonly string[]): Promise<void> {
    await request(this._settings, this.url(path), { method: 'DELETE' });
  }

  url(path: readonly string[], query?: Query): string {
    return address(this._settings, path, query);
  }

  subscribe(topic: Topic, sink: ISink): IDisposable {
    return this._socket.subscribe(topic, sink);
  }

  follows(job: string): boolean {
    return this._socket.follows(job);
  }

  private readonly _socket: CubeSocket;
}
