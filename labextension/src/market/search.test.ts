import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiError } from '../request';
import { FakeClient } from '../testing/client';
import { late } from '../testing/late';
import { ANYTHING, Search } from './search';

interface IAsked {
  readonly query: string;
  readonly kind?: string;
  readonly tags?: string;
  readonly offset: number;
  readonly limit: number;
}

const asked: IAsked[] = [];
const NONE = (): unknown => ({ total: 0, items: [], problems: [] });
let answer: (sent: IAsked) => unknown = NONE;
let search: Search;

function named(...names: string[]): object[] {
  return names.map(name => ({ name, source: 'mine', version: '1.0.0', kind: 'dataset' }));
}

function names(): string[] {
  return (search.found?.entries ?? []).map(({ name }) => name);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  asked.length = 0;
  answer = NONE;
  const client = new FakeClient({
    'GET items': (sent: IAsked): unknown => {
      asked.push(sent);
      return answer(sent);
    }
  });
  search = new Search(client);
});

afterEach(() => {
  search.dispose();
  vi.useRealTimers();
});

describe('a search', () => {
  it('asks once for what is typed quickly, and at once for a kind', async () => {
    for (const text of ['m', 'mn', 'mni']) {
      search.want({ text });
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(asked.map(({ query }) => query)).toEqual(['mni']);
    search.want({ kind: 'dataset', tags: ['a', 'b'] });
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.at(-1)).toMatchObject({ query: 'mni', kind: 'dataset', tags: 'a,b' });
  });

  it('shows the newest answer, whichever comes last', async () => {
    const answered = late();
    answer = ({ kind }): unknown => (kind === 'job' ? answered.promise : { total: 1, items: named('new'), problems: [] });
    search.want({ kind: 'job' });
    search.want({ kind: 'dataset' });
    await vi.advanceTimersByTimeAsync(0);
    expect(names()).toEqual(['new']);
    answered.resolve({ total: 1, items: named('old'), problems: [] });
    await vi.advanceTimersByTimeAsync(0);
    expect(names()).toEqual(['new']);
    expect(search.isAsking).toBe(false);
  });

  it('keeps what it has while it asks, so that nothing flickers', async () => {
    answer = (): unknown => ({ total: 1, items: named('first'), problems: [] });
    await search.ask();
    const seen: string[][] = [];
    search.changed.connect(() => seen.push(names()));
    answer = (): unknown => ({ total: 1, items: named('second'), problems: [] });
    search.want(ANYTHING);
    await vi.advanceTimersByTimeAsync(0);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.every(one => one.length === 1)).toBe(true);
    expect(names()).toEqual(['second']);
  });

  it('fetches page after page of 10,000, each item once, though others publish meanwhile', async () => {
    const all = Array.from({ length: 10_000 }, (_, number) => `item${String(number)}`);
    answer = ({ offset, limit }): unknown => ({
      total: all.length,
      items: named(...all.slice(Math.max(0, offset - 1), offset + limit)),
      problems: []
    });
    await search.ask();
    await search.more();
    await search.more();
    expect(names()).toEqual(all.slice(0, 300));
    expect(asked.map(({ offset }) => offset)).toEqual([0, 100, 200]);
    await search.renew();
    expect(names()).toHaveLength(300); // else the list would jump under the reader
  });

  it('says what failed, and finds again afterwards', async () => {
    answer = (): unknown => new ApiError('Failed to fetch', 'unreachable');
    await search.ask();
    expect(search.fault?.kind).toBe('unreachable');
    answer = (): unknown => ({ total: 1, items: named('there'), problems: ['the source team cannot be read'] });
    await search.ask();
    expect(search.fault).toBeNull();
    expect(names()).toEqual(['there']);
    expect(search.found?.problems).toEqual(['the source team cannot be read']);
  });

  it('takes no harm from answers of another form', async () => {
    answer = (): unknown => ({ total: 'many', items: [null, 3, { name: 5, tags: [1, 'a'], kind: 'evil' }], problems: {} });
    await search.ask();
    expect(search.found?.entries).toHaveLength(1); // nameless ones are alike
    expect(search.found?.entries[0]).toMatchObject({ name: '', kind: null });
  });
});
