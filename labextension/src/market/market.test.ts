import { afterEach, describe, expect, it } from 'vitest';

import { ApiError } from '../request';
import { FakeClient } from '../testing/client';
import { late } from '../testing/late';
import { FakeNotebook, FakePlace } from '../testing/notebooks';
import type { IItem } from './item';
import { Market } from './market';
import { Notebooks } from './notebooks';

const ITEM = {
  name: 'mnist',
  version: '1.0.0',
  source: 'builtin',
  kind: 'dataset',
  trusted: true,
  digest: 'sha256:1',
  versions: ['1.0.0', '0.9.0'],
  form: { type: 'object', required: ['url'], properties: { url: { type: 'string' }, path: { type: 'string', default: '/d' } } }
};
const places: FakeNotebook[] = [];

function setup(answers: Record<string, unknown>): { client: FakeClient; market: Market; notebook: FakeNotebook } {
  const notebook = new FakeNotebook('here/a.ipynb', []);
  places.push(notebook);
  const client = new FakeClient({ 'GET items': { total: 0, items: [], problems: [] }, ...answers });
  return { client, market: new Market(client, new Notebooks(new FakePlace([notebook]))), notebook };
}

const yes = (): Promise<boolean> => Promise.resolve(true);

function posted(client: FakeClient): string[] {
  return client.heard.filter(words => words.startsWith('POST'));
}

afterEach(() => {
  for (const place of places.splice(0)) {
    place.dispose();
  }
});

describe('using an item', () => {
  it('waits for what is missing, sends what differs and inserts the cell', async () => {
    const { client, market, notebook } = setup({ 'GET item': ITEM, 'POST item/use': { cell: '%%cube submit', path: '' } });
    await market.open('builtin/mnist@1.0.0');
    expect(market.faults.size).toBe(0); // nobody has wanted it yet
    await market.use(yes);
    expect([...market.faults.keys()]).toEqual(['url']);
    expect(posted(client)).toEqual([]);
    market.fill({ ...market.values, url: 'http://x' });
    await market.use(yes);
    expect(posted(client)).toEqual([
      'POST item/use {"name":"builtin/mnist@1.0.0","values":{"url":"http://x"},"folder":"here"}'
    ]);
    expect(notebook.sources).toContain('%%cube submit');
    expect(market.outcome).toEqual({ is: 'cell', path: 'here/a.ipynb' });
  });

  it('keeps values while one looks at others, and at other versions', async () => {
    const other = { ...ITEM, name: 'iris' };
    const { market } = setup({ 'GET item': ({ name }: { name: string }) => (name.includes('iris') ? other : ITEM) });
    await market.open('builtin/mnist@1.0.0');
    market.fill({ ...market.values, url: 'http://x' });
    await market.open('iris');
    expect(market.values['url']).toBeUndefined();
    await market.back();
    expect(market.values).toEqual({ url: 'http://x', path: '/d' });
    await market.pick('0.9.0');
    expect(market.view).toEqual({ to: 'item', name: 'builtin/mnist@0.9.0' });
    expect(market.values['url']).toBe('http://x');
    await market.back();
    expect(market.view).toEqual({ to: 'list' });
  });

  it('asks for all that is not allowed, and does nothing where one is declined', async () => {
    const items: Record<string, object> = {
      'team/a@1': { ...ITEM, form: {}, name: 'a', version: '1', source: 'team', trusted: false, require: [{ name: 'b' }] },
      b: { ...ITEM, form: {}, name: 'b', version: '2', source: 'team', trusted: false, require: [{ name: 'gone' }, { name: 'b' }] }
    };
    const { client, market } = setup({
      'GET item': ({ name }: { name: string }) => items[name] ?? new ApiError('no item', 'unknown'),
      'POST item/trust': {},
      'POST item/use': { cell: 'x' }
    });
    const asked: string[] = [];
    const answers = [true, false, true, true];
    const ask = ({ name, version }: IItem): Promise<boolean> => {
      asked.push(`${name}@${version}`);
      return Promise.resolve(answers.shift() ?? false);
    };
    await market.open('team/a@1');
    await market.use(ask);
    expect(market.outcome).toEqual({ is: 'declined', name: 'b@2' });
    expect(posted(client)).toEqual(['POST item/trust {"name":"team/a@1","digest":"sha256:1"}']);
    await market.use(ask);
    expect(asked).toEqual(['a@1', 'b@2', 'a@1', 'b@2']); // the fake forgets what was allowed
    expect(market.outcome).toMatchObject({ is: 'cell' });
  });

  it('says what the server refuses, and opens the copy of a notebook', async () => {
    let ready: unknown = new ApiError("'path' does not match", 'refused');
    const { market } = setup({ 'GET item': { ...ITEM, form: {} }, 'POST item/use': () => ready });
    await market.open('x');
    await market.use(yes);
    expect(market.outcome).toEqual({ is: 'refused', message: "'path' does not match" });
    ready = { cell: '# open', path: 'here/start.ipynb' };
    await market.use(yes);
    expect(market.outcome).toEqual({ is: 'copy', path: 'here/start.ipynb' });
  });
});

describe('an item', () => {
  it('that comes late is not shown over another one', async () => {
    const answered = late();
    const { market } = setup({ 'GET item': ({ name }: { name: string }) => (name === 'slow' ? answered.promise : ITEM) });
    const first = market.open('slow');
    await market.open('mnist');
    answered.resolve({ ...ITEM, name: 'slow' });
    await first;
    expect(market.item?.name).toBe('mnist');
  });

  it('that cannot be read says why, and may be tried again', async () => {
    let answer: unknown = new ApiError('Failed to fetch', 'unreachable');
    const { market } = setup({ 'GET item': () => answer });
    await market.open('mnist');
    expect(market.fault?.kind).toBe('unreachable');
    answer = ITEM;
    await market.again();
    expect([market.fault, market.item?.name]).toEqual([null, 'mnist']);
  });
});
