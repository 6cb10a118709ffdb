/** Whom to ask, and how everybody who shows something of it is told of news. */

import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { IListed } from './listed';

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
  /** An answer that is no JSON. */
  text(path: readonly string[]): Promise<string>;
  post(path: readonly string[], body?: Readonly<Record<string, unknown>>): Promise<unknown>;
  delete(path: readonly string[]): Promise<void>;
  /** The address of a file, for a link that downloads it. */
  url(path: readonly string[], query?: Query): string;
  /** Tell the sink of each message until it is disposed of; after a lost connection once more from the start. */
  subscribe(topic: Topic, sink: ISink): IDisposable;
  /** Something that can be seen follows the job, or did until it ended a moment ago. */
  follows(job: string): boolean;
}

export const ICubeClient = new Token<ICubeClient>('jupyter-cube:ICubeClient', 'Asks the server extension.');

/** All jobs at one moment. */
export interface IJobs {
  /**
   * `asking`: nothing is known yet; `live`: this is true; `lost`: it was, and is asked for again; `absent`: there is no
   * server extension; `refused`: it does not say.
   */
  readonly link: 'asking' | 'live' | 'lost' | 'absent' | 'refused';
  readonly jobs: readonly IListed[];
  /** By how many seconds the server's clock is ahead of this one's. */
  readonly ahead: number;
  /** Why it was refused. */
  readonly fault: string;
}

/** All jobs, kept true while anybody watches. */
export interface IJobList {
  readonly now: IJobs;
  readonly changed: ISignal<IJobList, void>;
  find(id: string): IListed | undefined;
  /** Keep `now` true until this is disposed of. */
  watch(): IDisposable;
  /** Ask again what has been refused. */
  again(): void;
}

export const IJobList = new Token<IJobList>('jupyter-cube:IJobList', 'All jobs, as the server knows them.');
