import { describe, expect, it } from 'vitest';

import { record } from '../testing/records';
import type { IJob } from './job';
import { clock, elapsed, moment, parse, uniform } from './model';

function job(changes: Record<string, unknown> = {}): IJob {
  const parsed = parse(record(changes));
  if (parsed.kind !== 'job') {
    throw new Error(JSON.stringify(parsed));
  }
  return parsed.job;
}

describe('parse', () => {
  it('names every task in its order', () => {
    const [role] = job({ tasks: { worker: [['RUNNING', 2], ['FAILED', 1], ['RUNNING', 1]] } }).roles;
    expect(role?.tasks?.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'worker-0 RUNNING',
      'worker-1 RUNNING',
      'worker-2 FAILED',
      'worker-3 RUNNING'
    ]);
    expect(role?.counts).toEqual([
      { state: 'FAILED', count: 1 },
      { state: 'RUNNING', count: 3 }
    ]);
  });

  it('counts what comes as counts, and more tasks than can be drawn', () => {
    expect(job({ tasks: { worker: { RUNNING: 99, FAILED: 1 } } }).roles[0]).toEqual({
      name: 'worker',
      tasks: null,
      counts: [
        { state: 'FAILED', count: 1 },
        { state: 'RUNNING', count: 99 }
      ]
    });
    const two = job({ tasks: { a: [['RUNNING', 40]], b: [['RUNNING', 40]] } });
    expect(two.roles.map(({ tasks }) => tasks)).toEqual([null, null]);
    expect(job({ tasks: { a: [['RUNNING', 9e15]] } }).roles[0]?.tasks).toBeNull();
  });

  it('tells the task of a line where there are several', () => {
    const tasks = { worker: [['RUNNING', 2]] };
    expect(job({ tasks, tail: ['worker-1 │ a │ b', 'other-1 │ c', 'plain'] }).tail).toEqual([
      { task: 'worker-1', text: 'a │ b', cursor: null },
      { task: '', text: 'other-1 │ c', cursor: null },
      { task: '', text: 'plain', cursor: null }
    ]);
    expect(job({ tail: ['worker-0 │ a'] }).tail[0]?.task).toBe('');
  });

  it('knows the place of each line, or of none', () => {
    expect(job({ tail: ['a', 'b'], cursors: [2, 4] }).tail.map(({ cursor }) => cursor)).toEqual([2, 4]);
    expect(job({ tail: ['a', 'b'], cursors: [2] }).tail.map(({ cursor }) => cursor)).toEqual([null, null]);
  });

  it('reads a record without the fields that may be missing', () => {
    const older = job({ reason: undefined, started: undefined, ended: undefined, next: undefined });
    expect(older).toMatchObject({ reason: '', started: 0, ended: 0, next: [], size: null, held: [], enter: '' });
  });

  it('knows a newer version, whatever else has changed in it', () => {
    expect(parse({ version: 2 })).toEqual({ kind: 'newer', version: 2 });
  });

  it.each([
    ['record', null],
    ['record', []],
    ['version', {}],
    ['version', record({ version: -1 })],
    ['state', record({ state: 'running' })],
    ['state', record({ state: 'constructor' })],
    ['name', record({ name: 7 })],
    ['as_of', record({ as_of: 1e300 })],
    ['as_of', record({ as_of: Number.NaN })],
    ['tail', record({ tail: 'x' })],
    ['tail', record({ tail: [{}] })],
    ['cursors', record({ cursors: 'x' })],
    ['size', record({ size: -1 })],
    ['held', record({ held: [['worker-0']] })],
    ['tasks', record({ tasks: [] })],
    ['tasks.w', record({ tasks: { w: [['RUNNING']] } })],
    ['tasks.w', record({ tasks: { w: [['RUNNING', 1.5]] } })],
    ['tasks.w', record({ tasks: { w: { NEW: 1 } } })]
  ])('names the damaged field: %s', (field, damaged) => {
    expect(parse(damaged)).toEqual({ kind: 'damaged', field });
  });
});

describe('times', () => {
  it.each([
    [-3, '0:00'],
    [41.9, '0:41'],
    [723, '12:03'],
    [12005, '3:20:05'],
    [90000, '1 d 1:00:00']
  ])('%d seconds are %s', (seconds, words) => {
    expect(clock(seconds)).toBe(words);
  });

  it('takes the time of the record while a job runs, and of its end afterwards', () => {
    expect(elapsed(job())).toBe(151);
    expect(elapsed(job({ ended: 1_800_000_041 }))).toBe(41);
    expect(elapsed(job({ started: 0 }))).toBeNull();
  });

  it('adds the day to a moment of another day', () => {
    const at = new Date(2026, 10, 24, 14, 2, 11);
    expect(moment(at.getTime() / 1000, new Date(2026, 10, 24, 20))).toMatch(/^14:02:11$/);
    expect(moment(at.getTime() / 1000, new Date(2026, 10, 25, 1))).toMatch(/2026.*14:02/);
  });
});

it('knows when the tasks say no more than the job', () => {
  expect(uniform(job({ tasks: { a: [['RUNNING', 2]] } }))).toBe(true);
  expect(uniform(job({ tasks: { a: [['RUNNING', 2]], b: [['WAITING', 1]] } }))).toBe(false);
});
