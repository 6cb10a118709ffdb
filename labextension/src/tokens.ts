/** Whom to ask, and how everybody who shows something of it is told of news. */

import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';

/** The socket's messages that are wanted: `grew` of one job, or `jobs`, which are all. */
export type Topic = { readonly to: 'grew'; readonly job: string } | { readonly to: 'jobs' };

/** What a subscription is told. */
export interface ISink {
  /** A message of the topic; after each connection the first one tells of everything. */
  news(message: Readonly<Record<string, unknown>>): void;
  /** The socket does not stand, and is tried again. */
  lost(): void;
  /** No more will come: there is no more to tell, or nothing of that kind. */
  over(): void;
}

/** What an address is asked with; what is `undefined` is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The server extension. What it refuses is an `ApiError`; a path is below its root and not yet encoded. */
export interface ICubeClient extends IDisposable {
  get(path: readonly string[], query?: Query): Promise<unknown>;
  post(path: readonly string[], body?: Readonly<Record<string, unknown>>): Promise<unknown>;
  delete(path: readonly string[]): Promise<void>;
  /** The address of a file, for a link that downloads it. */
  url(path: readonly string[], query?: Query): string;
  /** Tell the sink of each message until it is disposed of; after a lost connection once more from the start. */
  subscribe(topic: Topic, sink: ISink): IDisposable;
}

export const ICubeClient = new Token<ICubeClient>('jupyter-cube:ICubeClient', 'Asks the server extension.');
