import { afterEach, describe, expect, it, vi } from 'vitest';

import { ApiError } from '../request';
import { late } from '../testing/late';
import { FakeLog, lines, SIZE } from '../testing/log';
import { ALL } from './ask';
import { Finder } from './finder';
import { LogModel } from './model';
import { MOST } from './pane';

const made: { dispose: () => void }[] = [];

afterEach(() => {
  for (const one of made.splice(0)) {
    one.dispose();
  }
});

function open(client: FakeLog, cursor: number | null = null): LogModel {
  const model = new LogModel('one', client, cursor);
  made.push(model);
  model.start();
  return model;
}

function texts(model: LogModel): string[] {
  return model.now.pane.rows.map(row => (row.kind === 'line' ? row.text : '—'));
}

/** The rows are those of the log between the pane's cursors: none is missing, none is there twice. */
function isTrue(model: LogModel, client: FakeLog): void {
  const { start, end, rows } = model.now.pane;
  expect(texts(model)).toEqual(client.said.slice(start / SIZE, end / SIZE).map(one => one.text));
  expect(new Set(rows.map(row => row.key)).size).toBe(rows.length);
}

async function until(told: () => unknown): Promise<void> {
  await vi.waitUntil(told, 5000);
}

const whole = new FakeLog(lines(20_000));

describe('the end', () => {
  it('is shown first, and kept while the log grows', async () => {
    const client = new FakeLog(lines(1000));
    const model = open(client);
    await until(() => texts(model).at(-1) === 'line 1000');
    await until(() => client.topics.size === 1);
    client.write('more', 'and more');
    await until(() => texts(model).at(-1) === 'and more');
    isTrue(model, client);
    expect(model.now.following).toBe(true);
  });

  it('is jumped to where the log grows faster than it can be read', async () => {
    const client = new FakeLog(lines(10));
    const model = open(client);
    await until(() => client.topics.size === 1 && texts(model).length === 10);
    client.write(...lines(100_000, 'fast').map(one => one.text));
    await until(() => texts(model).at(-1) === 'fast 100000');
    isTrue(model, client);
    expect(client.heard.filter(words => words.includes('/log ')).length).toBeLessThan(8);
  });

  it('is left by who looks elsewhere; what comes is counted and not read', async () => {
    const client = new FakeLog(lines(1000));
    const model = open(client);
    await until(() => client.topics.size === 1 && texts(model).length > 0);
    await model.show(5 * SIZE);
    expect(model.now.following).toBe(false);
    const before = texts(model);
    client.write(...lines(250, 'new').map(one => one.text));
    await until(() => model.now.fresh?.count === 250);
    expect(model.now.fresh?.more).toBe(false);
    expect(texts(model)).toEqual(before);
    model.follow();
    await until(() => texts(model).at(-1) === 'new 250');
    expect(model.now.fresh).toBeNull();
    isTrue(model, client);
  });
});

it('of the end is not spoiled by rows that were asked for before', async () => {
  const client = new FakeLog(lines(40_000));
  const model = open(client, 1500 * SIZE);
  await until(() => model.now.target !== null);
  const log = client.answers['GET jobs/one/log'] as (asked: object) => unknown;
  const gate = late();
  client.answers['GET jobs/one/log'] = (asked: object): unknown => gate.promise.then(() => log(asked));
  const asked = [model.more('back'), model.show(30_000 * SIZE)];
  client.answers['GET jobs/one/log'] = log;
  model.follow();
  await until(() => texts(model).at(-1) === 'line 40000');
  gate.resolve(null);
  await Promise.all(asked);
  isTrue(model, client);
  expect(texts(model).at(-1)).toBe('line 40000');
  expect([model.now.following, model.now.loading]).toEqual([true, false]);
});

it('of a log that has ended is whole, though an answer from before the last news comes after them', async () => {
  const client = new FakeLog(lines(10));
  const model = open(client);
  await until(() => client.topics.size === 1 && texts(model).length === 10);
  const log = client.answers['GET jobs/one/log'] as (asked: object) => unknown;
  const gate = late();
  let asked = 0;
  client.answers['GET jobs/one/log'] = (query: object): unknown => {
    asked += 1;
    const then = log(query);
    return asked === 1 ? gate.promise.then(() => then) : then;
  };
  client.write('one of the last');
  await until(() => asked === 1);
  client.job = { state: 'SUCCEEDED' };
  client.write('the last');
  gate.resolve(null);
  await until(() => texts(model).at(-1) === 'the last');
  isTrue(model, client);
});

describe('a place', () => {
  it('is shown with what lies around it', async () => {
    const model = open(whole, 10_000 * SIZE);
    await until(() => model.now.target !== null);
    expect(model.now.target).toMatchObject({ cursor: 10_000 * SIZE, marked: true });
    expect(texts(model)).toContain('line 9700');
    expect(texts(model)).toContain('line 10300');
    isTrue(model, whole);
  });

  it('that is held already is not asked for', async () => {
    const model = open(whole, 10_000 * SIZE);
    await until(() => model.now.target !== null);
    const asked = whole.heard.length;
    await model.show(10_100 * SIZE);
    expect(model.now.target?.cursor).toBe(10_100 * SIZE);
    expect(whole.heard.slice(asked).filter(words => !words.includes('places'))).toEqual([]);
  });

  it('that was wished last is shown, whichever answer comes last', async () => {
    const model = open(whole);
    await until(() => texts(model).length > 0);
    await Promise.all([model.show(0, false), model.show(50_000), model.show(100_000)]);
    expect(model.now.target?.cursor).toBe(100_000);
    isTrue(model, whole);
  });

  it('can be left to either side, and the rest is let go', async () => {
    const model = open(whole, 10_000 * SIZE);
    await until(() => model.now.target !== null);
    for (let turn = 0; turn < 15; turn += 1) {
      await model.more('back');
    }
    expect(texts(model)).toHaveLength(MOST);
    expect(texts(model)[0]).toBe('line 3601');
    isTrue(model, whole);
    for (let turn = 0; turn < 30; turn += 1) {
      await model.more('forth');
    }
    expect(texts(model)).toHaveLength(MOST);
    isTrue(model, whole);
  });
});

describe('a choice', () => {
  it('of a task shows only its lines, where the view stood', async () => {
    const both = lines(500).flatMap((one, number) => [one, { ...one, task: 'ps-0', text: `ps ${String(number + 1)}` }]);
    const model = open(new FakeLog(both), 300 * SIZE);
    await until(() => model.now.target !== null);
    await model.choose({ ...ALL, tasks: ['ps-0'] }, 300 * SIZE);
    expect(new Set(model.now.pane.rows.map(row => row.task))).toEqual(new Set(['ps-0']));
    expect(texts(model)).toContain('ps 150');
    await model.choose(ALL, 300 * SIZE);
    expect(texts(model)).toContain('line 150');
  });

  it('of errors is made by the server, and the next one is found', async () => {
    const client = new FakeLog([...lines(700), ...lines(2, 'ValueError'), ...lines(700), ...lines(1, 'KeyError')]);
    const model = open(client);
    await until(() => model.now.alarms.whole);
    expect(model.now.alarms.places).toEqual([701 * SIZE, 702 * SIZE, 1403 * SIZE]);
    expect(await model.alarm(0, 'forth')).toBe(true);
    expect(model.now.target?.cursor).toBe(701 * SIZE);
    await model.alarm(1403 * SIZE, 'back');
    expect(model.now.target?.cursor).toBe(702 * SIZE);
    expect(await model.alarm(1403 * SIZE, 'forth')).toBe(false);
    await model.choose({ ...ALL, alarms: true }, 0);
    expect(texts(model)).toEqual(['ValueError 1', 'ValueError 2', 'KeyError 1']);
  });
});

describe('the server', () => {
  it('that has no such job is asked no more', async () => {
    const client = new FakeLog();
    client.failure = new ApiError('no job', 'unknown');
    const model = open(client);
    await until(() => model.now.link === 'unknown');
    expect(client.heard).toHaveLength(1);
  });

  it('that is away is asked again, and nothing is lost', async () => {
    const client = new FakeLog(lines(30));
    const model = open(client);
    await until(() => client.topics.size === 1 && texts(model).length === 30);
    client.failure = new ApiError('Failed to fetch', 'unreachable');
    client.write('while it was away');
    await until(() => model.now.link === 'lost');
    expect(texts(model)).toHaveLength(30);
    client.failure = null;
    await until(() => model.now.link === 'live' && texts(model).at(-1) === 'while it was away');
    isTrue(model, client);
  });

  it('is asked nothing while nobody looks', async () => {
    const client = new FakeLog(lines(30));
    const model = open(client);
    await until(() => client.topics.size === 1 && texts(model).length === 30);
    model.stop();
    expect(client.topics.size).toBe(0);
    client.said = [...client.said, ...lines(5, 'later')];
    model.start();
    await until(() => client.topics.size === 1);
    client.write('last');
    await until(() => texts(model).at(-1) === 'last');
    isTrue(model, client);
  });
});

it('goes on to look for errors when somebody comes back', async () => {
  const client = new FakeLog([...lines(30), ...lines(1, 'ValueError')], { state: 'SUCCEEDED' });
  const places = client.answers['GET jobs/one/log/places'];
  client.answers['GET jobs/one/log/places'] = (): object => ({
    places: [],
    gaps: [],
    count: 1,
    start: 0,
    end: SIZE,
    size: client.size
  });
  const model = open(client);
  await until(() => model.now.alarms.end === SIZE);
  model.stop();
  client.answers['GET jobs/one/log/places'] = places;
  model.start();
  await until(() => model.now.alarms.whole);
  expect(model.now.alarms.places).toEqual([31 * SIZE]);
});

describe('a search', () => {
  function seek(model: LogModel, text: string, more: object = {}): Finder {
    const finder = new Finder(model, { begin: 'from the start', end: 'from the end', none: 'nowhere' });
    made.push(finder);
    finder.seek({ text, ...more });
    return finder;
  }

  it('goes to the next hit and the one before, over the ends, and knows which it is', async () => {
    const client = new FakeLog([...lines(900), ...lines(1, 'Hit'), ...lines(900), ...lines(2, 'hit')]);
    const model = open(client, 10);
    await until(() => model.now.target !== null);
    const finder = seek(model, 'HIT');
    await until(() => finder.now.found?.whole);
    const shown: (number | string)[] = [];
    for (const direction of ['forth', 'forth', 'forth', 'forth', 'back'] as const) {
      await finder.go(direction, 0);
      shown.push(finder.number, finder.now.note);
    }
    expect(shown).toEqual([1, '', 2, '', 3, '', 1, 'from the start', 3, 'from the end']);
    expect(model.now.target?.cursor).toBe(1803 * SIZE);
    isTrue(model, client);
  });

  it('is made before all hits are counted', async () => {
    const client = new FakeLog([...lines(900), ...lines(1, 'hit')]);
    const model = open(client, 10);
    await until(() => model.now.target !== null);
    const finder = seek(model, 'hit', { exact: true });
    await finder.go('forth', 0);
    expect(model.now.target?.cursor).toBe(901 * SIZE);
    expect(finder.now.found).toBeNull();
  });

  it('without a hit says so, and with a bad expression says why in one line', async () => {
    const model = open(new FakeLog(lines(10)));
    await until(() => texts(model).length === 10);
    const none = seek(model, 'absent');
    await none.go('forth', 0);
    expect(none.now.note).toBe('nowhere');
    const bad = seek(model, '(', { regex: true });
    await until(() => bad.now.note !== '');
    expect(bad.now.note).toBe('not a regular expression: missing )');
    expect(model.now.link).toBe('live');
  });

  it('with a bad expression says why of an empty log, too', async () => {
    const model = open(new FakeLog([]));
    await until(() => model.now.job !== null);
    const bad = seek(model, '(', { regex: true });
    await until(() => bad.now.note !== '');
    expect(bad.now.note).toBe('not a regular expression: missing )');
  });

  it('counts hits that come while the log grows', async () => {
    const client = new FakeLog(lines(3, 'hit'));
    const model = open(client);
    await until(() => client.topics.size === 1);
    const finder = seek(model, 'hit');
    await until(() => finder.now.found?.places.length === 3);
    client.write('hit 4');
    await until(() => finder.now.found?.places.length === 4);
  });
});
