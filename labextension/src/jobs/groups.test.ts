import { nullTranslator } from '@jupyterlab/translation';
import { expect, it } from 'vitest';

import { listed, type IListed } from '../listed';
import type { State } from '../states';
import { listedRecord } from '../testing/jobs';
import { aliveWords, groups, matching } from './groups';
import { between, jobFrom, placeOf, rowsOf } from './rows';

const trans = nullTranslator.load('jupyter_cube');
const NOW = new Date(2026, 4, 20, 12, 0, 0);

function at(hour: number, daysAgo = 0): number {
  return new Date(2026, 4, 20 - daysAgo, hour).getTime() / 1000;
}

function job(name: string, state: State, changes: Record<string, unknown> = {}): IListed {
  const made = listed(listedRecord({ id: name, name, state, ...changes }));
  if (made === null) {
    throw new Error('this is no job');
  }
  return made;
}

it('shows what runs, then what waits, then what is over by day', () => {
  const jobs = [
    job('old', 'FAILED', { ended: at(23, 9) }),
    job('yesterday', 'SUCCEEDED', { ended: at(23, 1) }),
    job('today', 'SUCCEEDED', { ended: at(0) }),
    job('never ran', 'STOPPED', { created: at(9), started: 0, ended: 0 }),
    job('last year', 'SUCCEEDED', { ended: at(1, 365) }),
    job('waits longer', 'WAITING', { created: at(8), started: 0 }),
    job('waits', 'WAITING', { created: at(9), started: 0 }),
    job('stopping', 'STOPPING', { started: at(8) }),
    job('runs', 'RUNNING', { started: at(9) })
  ];
  const shown = groups(jobs, NOW, trans).map(group => [group.label, ...group.jobs.map(({ name }) => name)]);
  const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'long' });
  const dayOfYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
  expect(shown).toEqual([
    ['Running', 'runs', 'stopping'],
    ['Waiting', 'waits longer', 'waits'],
    ['Today', 'never ran', 'today'],
    ['Yesterday', 'yesterday'],
    [day.format(new Date(2026, 4, 11)), 'old'],
    [dayOfYear.format(new Date(2025, 4, 20)), 'last year']
  ]);
});

it('groups 10,000 jobs at once', () => {
  const jobs = Array.from({ length: 10_000 }, (_, number) =>
    job(`job-${String(number)}`, 'SUCCEEDED', { ended: at(0) - number * 3600 })
  );
  const found = groups(jobs, NOW, trans);
  expect(found.reduce((sum, group) => sum + group.jobs.length, 0)).toBe(10_000);
  expect(found.length).toBeGreaterThan(400);
});

it.each([
  ['', ['train', 'serve', 'eval']],
  ['  TRAIN ', ['train']],
  ['fail', ['eval']],
  ['running', ['train', 'serve']],
  ['run vision', ['serve']],
  ['k3j', ['eval']],
  ['book', ['train']],
  ['a.*', []]
])('finds by name, state, tag, notebook and id: %j', (filter, names) => {
  const jobs = [
    job('train', 'RUNNING', { notebook: 'book.ipynb' }),
    job('serve', 'RUNNING', { tags: ['Vision'] }),
    job('eval', 'FAILED', { id: 'k3jabc' })
  ];
  expect(matching(jobs, filter, trans).map(({ name }) => name)).toEqual(names);
});

it('says what is alive, and nothing where nothing is', () => {
  const jobs = [job('a', 'RUNNING'), job('b', 'STOPPING'), job('c', 'WAITING'), job('d', 'FAILED')];
  expect(aliveWords(jobs, trans)).toBe('2 running, 1 waiting');
  expect(aliveWords([job('d', 'FAILED')], trans)).toBe('');
});

it('walks from job to job over the headings', () => {
  const rows = rowsOf(groups([job('a', 'RUNNING'), job('b', 'WAITING'), job('c', 'WAITING')], NOW, trans));
  expect(rows.map(row => (row.kind === 'job' ? row.job.id : row.label))).toEqual(['Running', 'a', 'Waiting', 'b', 'c']);
  expect(jobFrom(rows, 1, 1)).toBe('b');
  expect(jobFrom(rows, 3, -1)).toBe('a');
  expect(jobFrom(rows, 1, -1)).toBeNull();
  expect(jobFrom(rows, 1, 10)).toBe('c');
  expect(between(rows, placeOf(rows, 'c'), placeOf(rows, 'a'))).toEqual(['a', 'b', 'c']);
});
