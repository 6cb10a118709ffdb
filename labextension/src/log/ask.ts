/** What the server is asked about a log. */

import type { State } from '../states';
import type { ICubeClient, Query } from '../tokens';
import { partOf, type IPart, type IPartRecord } from './lines';

/** Which lines are shown. */
export interface IFilter {
  /** Null: of all tasks. */
  readonly tasks: readonly string[] | null;
  /** 0: of all attempts. */
  readonly attempt: number;
  /** Only lines that look like errors. */
  readonly alarms: boolean;
}

export const ALL: IFilter = { tasks: null, attempt: 0, alarms: false };

export interface ISought {
  readonly text: string;
  readonly regex: boolean;
  /** Capitals count. */
  readonly exact: boolean;
}

/** Cursors of lines; `count` lines were looked at from `start` to `end`. */
export interface IPlaces {
  readonly places: readonly number[];
  readonly gaps: readonly number[];
  readonly count: number;
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

/** Where to read: from a cursor, from a time (seconds since the epoch), or back from the end. */
export type From = { readonly cursor: number } | { readonly time: number } | 'end';

interface ITaskRecord {
  readonly name: string;
  readonly role: string;
  readonly attempt: number;
  readonly ended: number;
  readonly state: State;
}

/** Of a job what matters here; times are seconds since the epoch, 0 where not yet. */
export interface IJobRecord {
  readonly id: string;
  readonly name: string;
  readonly state: State;
  readonly reason: string;
  readonly started: number;
  readonly ended: number;
  readonly tasks: readonly ITaskRecord[];
}

/** Characters of a line that are asked for at first. */
export const WIDTH = 4000;
/** Characters of one line that are shown at the most; a download has all of them. */
export const WIDEST = 1_000_000;

/** One job's log on the server. */
export class LogSource {
  constructor(
    readonly job: string,
    private readonly _client: ICubeClient
  ) {}

  async about(): Promise<IJobRecord> {
    return (await this._client.get(['jobs', this.job])) as IJobRecord;
  }

  async part(
    filter: IFilter,
    from: From,
    direction: 'forth' | 'back',
    { lines = 400, width = WIDTH, sought }: { lines?: number; width?: number; sought?: ISought } = {}
  ): Promise<IPart> {
    const place = from === 'end' ? {} : from;
    const query = { ...queryOf(filter), ...soughtOf(sought), ...place, direction, lines, width, form: 'columns' };
    return partOf((await this._client.get(['jobs', this.job, 'log'], query)) as IPartRecord);
  }

  /** Where the nearest line after, or before, a cursor ends that is sought, or looks like an error; null: nowhere. */
  async next(filter: IFilter, cursor: number, direction: 'forth' | 'back', sought?: ISought): Promise<number | null> {
    let from = cursor;
    for (;;) {
      const options = { lines: 2, width: 0, ...(sought === undefined ? {} : { sought }) };
      const part = await this.part(filter, { cursor: from }, direction, options);
      // the line that ends at the cursor is one of those before it
      const hits = part.rows.filter(row => row.kind === 'line' && row.cursor !== cursor);
      const hit = direction === 'forth' ? hits[0] : hits.at(-1);
      const on = direction === 'forth' ? part.end : part.start;
      if (hit !== undefined) {
        return hit.cursor;
      }
      if (on === from || (direction === 'forth' ? on >= part.size : on <= 0)) {
        return null;
      }
      from = on;
    }
  }

  async places(filter: IFilter, cursor: number, sought?: ISought): Promise<IPlaces> {
    const query = { ...queryOf(filter), ...soughtOf(sought), cursor };
    return (await this._client.get(['jobs', this.job, 'log', 'places'], query)) as IPlaces;
  }

  /** The address of the log as a file. */
  file(tasks: readonly string[] | null, format: 'text' | 'ndjson'): string {
    return this._client.url(['jobs', this.job, 'log', 'file'], { tasks: tasks?.join(','), format });
  }
}

function queryOf({ tasks, attempt, alarms }: IFilter): Query {
  return {
    tasks: tasks?.join(','),
    attempt: attempt === 0 ? undefined : attempt,
    alarms: alarms ? true : undefined
  };
}

function soughtOf(sought: ISought | undefined): Query {
  return sought === undefined
    ? {}
    : { text: sought.text, regex: sought.regex, ignore_case: !sought.exact };
}
