/** One WebSocket a page for all that are told of something. */

import { URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';

import { ROOT } from './request';
import type { ISink, Topic } from './tokens';

const AGAIN = 1000; // milliseconds until a lost socket is tried again; more each time in vain
const LONGEST = 30_000;
const A_MOMENT = 3000; // milliseconds; so much later at most the list of jobs says that one has ended

interface ISubscription {
  readonly topic: Topic;
  readonly sink: ISink;
}

/** It is opened for the first subscription, and again whenever it was lost. */
export class CubeSocket implements IDisposable {
  constructor(private readonly _settings: ServerConnection.ISettings) {
    this._poll = new Poll({
      auto: false,
      name: 'jupyter-cube:socket',
      factory: (): Promise<void> => this._connection(),
      frequency: { interval: AGAIN, backoff: true, max: LONGEST }
    });
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._poll.dispose();
      this._subscriptions.clear();
      this._socket?.close();
    }
  }

  subscribe(topic: Topic, sink: ISink): IDisposable {
    const id = String(this._next++);
    this._subscriptions.set(id, { topic, sink });
    if (this._socket !== null) {
      this._send({ subscribe: id, ...topic });
    } else if (this._poll.state.phase === 'constructed') {
      void this._poll.start();
    } else {
      void this._poll.refresh(); // somebody looks: not only after what may be left of 30 s
    }
    return new DisposableDelegate(() => {
      if (this._subscriptions.delete(id)) {
        this._send({ unsubscribe: id });
      }
    });
  }

  follows(job: string): boolean {
    const follows = [...this._subscriptions.values()].some(({ topic }) => topic.to === 'grew' && topic.job === job);
    return follows || performance.now() - (this._ended.get(job) ?? -Infinity) < A_MOMENT;
  }

  /** One life of the socket; it rejects where the socket never stood, so that the next try comes later. */
  private _connection(): Promise<void> {
    const { appendToken, token, WebSocket, wsUrl } = this._settings;
    const query = appendToken && token !== '' ? `?token=${encodeURIComponent(token)}` : '';
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(URLExt.join(wsUrl, ROOT, 'socket') + query);
      this._socket = socket;
      let stood = false;
      socket.onopen = (): void => {
        stood = true;
        for (const [id, { topic }] of this._subscriptions) {
          this._send({ subscribe: id, ...topic });
        }
      };
      socket.onmessage = ({ data }: MessageEvent<string>): void => {
        this._receive(JSON.parse(data) as IMessage);
      };
      socket.onclose = (): void => {
        this._socket = null;
        for (const { sink } of [...this._subscriptions.values()]) {
          sink.lost();
        }
        if (stood) {
          resolve();
        } else {
          reject(new Error('the server does not answer'));
        }
      };
    });
  }

  private _receive({ id, ...message }: IMessage): void {
    const { topic, sink } = this._subscriptions.get(id) ?? {};
    if (message['end'] === true || message['error'] !== undefined) {
      this._subscriptions.delete(id);
      if (topic?.to === 'grew') {
        this._remember(topic.job);
      }
      sink?.over();
    } else {
      sink?.news(message);
    }
  }

  private _remember(job: string): void {
    for (const [old, at] of this._ended) {
      if (performance.now() - at > A_MOMENT) {
        this._ended.delete(old);
      }
    }
    this._ended.set(job, performance.now());
  }

  private _send(message: Readonly<Record<string, string>>): void {
    if (this._socket?.readyState === 1) {
      this._socket.send(JSON.stringify(message));
    } // else it is said when the socket stands
  }

  private readonly _ended = new Map<string, number>(); // jobs that were followed to their end, and when that came
  private readonly _poll: Poll;
  private readonly _subscriptions = new Map<string, ISubscription>();
  private _socket: WebSocket | null = null;
  private _next = 0;
}

/** In news of a job `end` is where its log ends, in a last message `true`. */
interface IMessage extends Readonly<Record<string, unknown>> {
  readonly id: string;
}
