/** A job's log on a server that is none. */

import type { IPartRecord } from '../log/lines';
import { ApiError } from '../request';
import { FakeClient } from './client';

interface ISaid {
  readonly task: string;
  readonly attempt: number;
  readonly text: string;
}

type Asked = Readonly<Record<string, string | number | boolean | undefined>>;

/** Every line takes `SIZE` bytes, whatever is in it. */
export const SIZE = 10;

export class FakeLog extends FakeClient {
  constructor(
    public said: readonly ISaid[] = [],
    public job: Record<string, unknown> = {}
  ) {
    super({
      'GET jobs/one': () => this.failure ?? this.about,
      'GET jobs/one/log': (asked: Asked) => this.failure ?? this._window(asked),
      'GET jobs/one/log/places': (asked: Asked) => this.failure ?? this._places(asked)
    });
  }

  /** Why it answers nothing. */
  failure: ApiError | null = null;

  get size(): number {
    return this.said.length * SIZE;
  }

  get about(): Record<string, unknown> {
    const tasks = [...new Set(['worker-0', 'worker-1', 'ps-0', ...this.said.map(one => one.task)])];
    return {
      id: 'one',
      name: 'train',
      state: 'RUNNING',
      reason: '',
      started: 1_800_000_000,
      ended: 0,
      tasks: tasks.map(name => ({ name, role: name.replace(/-\d+$/, ''), attempt: 1, ended: 0, state: 'RUNNING' })),
      ...this.job
    };
  }

  /** Lines come. */
  write(...texts: string[]): void {
    this.said = [...this.said, ...texts.map(text => ({ task: 'worker-0', attempt: 1, text }))];
    this.say('grew', { state: this.about, end: this.size });
  }

  /** Places of the lines that are wanted, from 1. */
  private _wanted({ tasks, attempt, alarms, text, regex, ignore_case }: Asked): number[] {
    if (regex === true && text === '(') {
      throw new ApiError('not a regular expression: missing )', 'refused');
    }
    const low = (one: unknown): string => (ignore_case === true ? String(one).toLowerCase() : String(one));
    return this.said.flatMap((one, number) =>
      (tasks === undefined || String(tasks).split(',').includes(one.task)) &&
      (attempt === undefined || attempt === one.attempt) &&
      (alarms !== true || one.text.includes('Error')) &&
      (text === undefined || low(one.text).includes(low(text)))
        ? [number + 1]
        : []
    );
  }

  private _window(asked: Asked): IPartRecord {
    const { cursor, time, direction, lines, width } = asked;
    const back = direction === 'back';
    const most = Number(lines);
    const place = time !== undefined ? Number(time) : cursor === undefined ? this.size : Math.min(this.size, Number(cursor));
    const at = Math.ceil(place / SIZE); // a place inside a line stands for its end
    const wanted = this._wanted(asked).filter(number => (back ? number <= at : number > at));
    const found = back ? wanted.slice(-most) : wanted.slice(0, most);
    const whole = found.length === wanted.length;
    const rows = found.map(number => ({ number, ...(this.said[number - 1] ?? { task: '', attempt: 0, text: '' }) }));
    const first = rows[0]?.number ?? at;
    const names = [...new Set(rows.map(row => `${row.task} ${String(row.attempt)}`))];
    return {
      names: names.map(name => [name.split(' ')[0] ?? '', Number(name.split(' ')[1])] as const),
      columns: {
        cursors: rows.map(({ number }, row) => (number - (rows[row - 1]?.number ?? 0)) * SIZE),
        times: rows.map((_, row) => (row === 0 ? 1_800_000_000_000 : 1000)),
        sources: rows.map(row => names.indexOf(`${row.task} ${String(row.attempt)}`)),
        texts: rows.map(row => row.text.slice(0, Number(width)))
      },
      gaps: [],
      cut: rows.flatMap((row, number) => (row.text.length > Number(width) ? [[number, row.text.length] as const] : [])),
      start: back ? (whole ? 0 : (first - 1) * SIZE) : at * SIZE,
      end: back ? at * SIZE : whole ? this.size : (rows.at(-1)?.number ?? at) * SIZE,
      size: this.size
    };
  }

  private _places(asked: Asked): Record<string, unknown> {
    const from = Number(asked['cursor']);
    const places = this._wanted(asked).map(number => number * SIZE);
    const isAll = asked['text'] === undefined && asked['alarms'] !== true;
    return {
      places: isAll ? [] : places.filter(place => place > from),
      gaps: [],
      count: places.filter(place => place > from).length,
      start: from,
      end: this.size,
      size: this.size
    };
  }
}

/** So many lines of one task. */
export function lines(count: number, text = 'line', task = 'worker-0'): ISaid[] {
  return Array.from({ length: count }, (_, number) => ({ task, attempt: 1, text: `${text} ${String(number + 1)}` }));
}
