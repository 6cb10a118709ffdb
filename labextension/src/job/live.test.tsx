import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { ApiError } from '../request';
import { FakeJob } from '../testing/client';
import { record } from '../testing/records';
import { MIME } from './job';
import { JobCard } from './widget';

const ended = record({ state: 'FAILED', ended: 1_800_000_200, reason: 'exit 1', tail: ['boom'], next: [] });
const cards: JobCard[] = [];

afterEach(() => {
  vi.useRealTimers();
  for (const card of cards.splice(0)) {
    card.dispose();
  }
});

/** An output of a document: what is set is drawn again. */
class Stored implements IRenderMime.IMimeModel {
  constructor(json: unknown) {
    this.data = { [MIME]: json, 'text/plain': 'old text', other: 'kept' } as IRenderMime.IMimeModel['data'];
  }

  readonly trusted = false;
  readonly metadata = {};
  data: IRenderMime.IMimeModel['data'];
  card: JobCard | null = null;
  writes = 0;

  setData({ data }: IRenderMime.IMimeModel.ISetDataOptions): void {
    this.writes += 1;
    this.data = data ?? this.data;
    void this.card?.renderModel(this);
  }
}

function show(client: FakeJob, stored = new Stored(record())): JobCard {
  const card = new JobCard({}, client);
  cards.push(card);
  stored.card = card;
  void card.renderModel(stored);
  Widget.attach(card, document.body);
  return card;
}

async function says(card: JobCard, text: string): Promise<void> {
  await vi.waitUntil(() => card.node.textContent.includes(text), 5000);
}

it('shows the job as it is now, and follows it to its end, which the notebook then keeps', async () => {
  const client = new FakeJob(record({ tail: ['epoch 4/10'] }));
  const stored = new Stored(record());
  const card = show(client, stored);
  await says(card, 'epoch 4/10');
  expect(card.node.textContent).not.toContain('saved');
  expect(stored.writes).toBe(0);
  client.grow(ended);
  await says(card, 'failed after 3:20');
  expect(stored.data).toEqual({ [MIME]: ended, 'text/plain': 'as text', other: 'kept' });
  expect(stored.writes).toBe(1);
});

it('writes once, however many views of the output there are', async () => {
  const client = new FakeJob(ended);
  const stored = new Stored(record());
  const one = show(client, stored);
  const other = show(client, stored);
  await says(one, 'Retry');
  await says(other, 'Retry');
  expect(stored.writes).toBe(1);
});

it('leaves the writing to another page, unless that does not do it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  const stored = new Stored(record());
  const card = new JobCard({}, new FakeJob(ended), { log: null, terminal: null, isWriter: (): boolean => false });
  cards.push(card);
  void card.renderModel(stored);
  Widget.attach(card, document.body);
  await vi.advanceTimersByTimeAsync(1000);
  expect(card.node.textContent).toContain('Retry');
  expect(stored.writes).toBe(0);
  await vi.advanceTimersByTimeAsync(6000);
  expect(stored.writes).toBe(1);
});

it('does not write an end that is stored already', async () => {
  const stored = new Stored(ended);
  const card = show(new FakeJob(ended), stored);
  await says(card, 'Retry');
  expect(stored.writes).toBe(0);
});

it('counts the time of a running job', async () => {
  const card = show(new FakeJob(record()));
  await says(card, 'running 2:32');
});

it('stops a running job and retries a failed one', async () => {
  const client = new FakeJob(record());
  const card = show(client);
  await says(card, 'Stop');
  card.node.querySelector('button')?.click();
  client.grow(ended);
  await says(card, 'Retry');
  card.node.querySelector('button')?.click();
  await vi.waitUntil(() => client.asked.length === 2);
  expect(client.asked).toEqual(['POST jobs/k3jabcdefghijklm/stop {}', 'POST jobs/k3jabcdefghijklm/retry {}']);
  client.known = record({ tail: ['again'] });
  await says(card, 'again');
});

it('says in one line why an order was refused', async () => {
  const client = new FakeJob(record());
  const card = show(client);
  await says(card, 'Stop');
  client.refuses = new ApiError('it may not be stopped', 'refused');
  card.node.querySelector('button')?.click();
  await says(card, 'it may not be stopped');
  expect(card.node.querySelector('[role=alert]')?.textContent).toBe('it may not be stopped');
});

it.each([
  ['unknown on this server', new ApiError('no job', 'unknown')],
  ['unknown on this server', { ...record(), id: 'anotherjobanothe' }],
  ['not connected, retrying', new ApiError('Failed to fetch', 'unreachable')],
  ['you may not', new ApiError('you may not', 'refused')]
])('keeps what is stored where it is %s', async (words, known) => {
  const card = show(new FakeJob(known));
  await says(card, words);
  expect(card.node.textContent).toContain('saved');
  expect(card.node.textContent).toContain('epoch 3/10');
  expect(card.node.querySelector('button')).toBeNull();
});

it('does not ask for a job by its name', async () => {
  const client = new FakeJob(record({ id: 'train' }));
  const card = show(client, new Stored(record({ id: 'train' })));
  await says(card, 'unknown on this server');
  expect(client.looks).toBe(0);
});

it('is the stored card where there is no server extension', async () => {
  const client = new FakeJob();
  const card = show(client);
  await vi.waitUntil(() => client.looks > 0);
  expect(card.node.textContent).toContain('saved');
  expect(card.node.querySelector('.cube-Card-why')).toBeNull();
});

it('keeps the last lines while the connection is lost, and goes on', async () => {
  const client = new FakeJob(record({ tail: ['epoch 4/10'] }));
  const card = show(client);
  await says(card, 'epoch 4/10');
  await vi.waitUntil(() => client.topics.size === 1);
  client.known = new ApiError('Failed to fetch', 'unreachable');
  for (const sink of client.topics.keys()) {
    sink.lost();
  }
  await says(card, 'not connected, retrying');
  expect(card.node.textContent).toContain('epoch 4/10');
  client.grow(record({ tail: ['epoch 5/10'] }));
  await says(card, 'epoch 5/10');
  expect(card.node.textContent).not.toContain('retrying');
});

describe('without a socket', () => {
  it('asks every two seconds while it is seen, and lives', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
    const client = new FakeJob(record());
    const card = show(client);
    await vi.advanceTimersByTimeAsync(200);
    for (const sink of client.topics.keys()) {
      sink.lost();
    }
    await vi.advanceTimersByTimeAsync(300);
    expect(card.node.textContent).not.toContain('not connected');
    client.known = record({ tail: ['epoch 5/10'] });
    const before = client.looks;
    await vi.advanceTimersByTimeAsync(4500);
    expect(card.node.textContent).toContain('epoch 5/10');
    expect(client.looks - before).toBe(2);
    client.known = ended;
    await vi.advanceTimersByTimeAsync(2500);
    expect(card.node.textContent).toContain('failed after');
    const last = client.looks;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(client.looks).toBe(last);
  });
});

it.each([
  ['a job that comes back', new ApiError('no job', 'unknown')],
  ['leave to look', new ApiError('you may not', 'refused')],
  ['a server extension', new ApiError('Not Found', 'absent')]
])('asks again for %s, but seldom', async (_, refusal) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  const client = new FakeJob(refusal);
  const card = show(client);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(client.looks).toBeGreaterThanOrEqual(3);
  expect(client.looks).toBeLessThan(5);
  client.known = record();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(card.node.textContent).toContain('Stop');
  expect(card.node.querySelector('[role=alert]')).toBeNull();
});

it('keeps the focus where the button that had it is gone', async () => {
  const client = new FakeJob(record());
  const card = show(client);
  await says(card, 'Stop');
  const button = card.node.querySelector('button');
  button?.focus();
  button?.click();
  client.grow(ended);
  await says(card, 'Retry');
  expect(document.activeElement).toBe(card.node.querySelector('[role=group]'));
});

it('opens the log in its place, of a failed job that of the task which has failed', async () => {
  const tasks = { worker: [['SUCCEEDED', 1], ['FAILED', 1]] };
  const client = new FakeJob({ ...ended, size: 1234, tasks, reason: 'worker-1 exit 1' });
  const card = show(client);
  await says(card, '1.2 kB of log');
  card.node.querySelector<HTMLElement>('[aria-expanded=false]')?.click();
  await vi.waitUntil(() => card.node.querySelector('.cube-Log-embedded') !== null);
  await vi.waitUntil(() => client.heard.some(words => words.startsWith('GET jobs/k3jabcdefghijklm {')));
  card.node.querySelector<HTMLElement>('[aria-expanded=true]')?.click();
  await vi.waitUntil(() => card.node.querySelector('.cube-Log-embedded') === null);
  expect(card.node.textContent).toContain('boom');
});

it('follows an opened log only while it can be seen', async () => {
  const client = new FakeJob(record({ size: 1234 }));
  const part = { names: [], columns: { cursors: [], times: [], sources: [], texts: [] }, gaps: [], cut: [] };
  Object.assign(client.answers, {
    'GET jobs/k3jabcdefghijklm': { id: 'k3jabcdefghijklm', name: 'train', state: 'RUNNING', started: 0, ended: 0, tasks: [] },
    'GET jobs/k3jabcdefghijklm/log': { ...part, start: 0, end: 0, size: 0 },
    'GET jobs/k3jabcdefghijklm/log/places': { places: [], gaps: [], count: 0, start: 0, end: 0, size: 0 }
  });
  const card = show(client);
  await says(card, '1.2 kB of log');
  card.node.querySelector<HTMLElement>('[aria-expanded=false]')?.click();
  await vi.waitUntil(() => client.topics.size === 2);
  Widget.detach(card);
  await vi.waitUntil(() => client.topics.size === 0);
  Widget.attach(card, document.body);
  await vi.waitUntil(() => client.topics.size === 2);
});

it('says of a held task how long that lasts, and lets it go', async () => {
  const held = [['worker-1', 1_800_000_151 + 28 * 60]];
  const client = new FakeJob(record({ held, enter: 'jupyter cube debug k3j', next: ['%cube debug k3jabc'] }));
  client.answers['POST jobs/k3jabcdefghijklm/release'] = {};
  const terminal = vi.fn();
  const card = new JobCard({}, client, { log: null, terminal, isWriter: (): boolean => true });
  cards.push(card);
  void card.renderModel(new Stored(record({ held, enter: 'rm -rf /' })));
  Widget.attach(card, document.body);
  expect(card.node.textContent).not.toContain('Open terminal'); // not before the server has told the command
  await says(card, 'worker-1 held for 28 min more');
  expect(card.node.textContent).toContain('held 2:31');
  expect(card.node.textContent).toContain('%cube debug k3jabc');
  Array.from(card.node.querySelectorAll('button')).find(({ textContent }) => textContent === 'Release')?.click();
  await vi.waitUntil(() => client.asked.length === 1);
  expect(client.asked).toEqual(['POST jobs/k3jabcdefghijklm/release {}']);
  Array.from(card.node.querySelectorAll('button')).find(({ textContent }) => textContent === 'Open terminal')?.click();
  expect(terminal.mock.calls).toEqual([['jupyter cube debug k3j']]);
});

it('says more of the tasks to whom points at them', async () => {
  const client = new FakeJob(record({ tasks: { worker: [['RUNNING', 1], ['FAILED', 1]] } }));
  const common = { reason: '', devices: [], attempt: 1, started: 1_800_000_000, ended: 0 };
  const failed = { ...common, name: 'worker-1', attempt: 2, ended: 1_800_000_041, reason: 'exit 1', devices: ['0'] };
  client.answers['GET jobs/k3jabcdefghijklm'] = { tasks: [{ ...common, name: 'worker-0' }, failed] };
  const card = show(client);
  await says(card, 'Stop');
  card.node.querySelector('.cube-Card-roles')?.dispatchEvent(new MouseEvent('pointerover', { bubbles: true }));
  await vi.waitUntil(() => card.node.querySelector('[title*=attempt]') !== null);
  expect(Array.from(card.node.querySelectorAll('.cube-Role [title]')).map(mark => mark.getAttribute('title'))).toEqual([
    'worker-0 running 2:31',
    'worker-1 failed after 0:41, attempt 2, GPU 0, exit 1'
  ]);
});

it('leads to the log, at a line, too', async () => {
  const log = vi.fn();
  const stored = new Stored(record());
  const client = new FakeJob(record({ tail: ['a', 'b'], cursors: [2, 4] }));
  const card = new JobCard({}, client, { log, terminal: null, isWriter: (): boolean => true });
  cards.push(card);
  void card.renderModel(stored);
  Widget.attach(card, document.body);
  await says(card, 'Open log');
  card.node.querySelectorAll<HTMLElement>('.cube-Tail-text')[1]?.click();
  Array.from(card.node.querySelectorAll('button')).at(1)?.click();
  expect(log.mock.calls).toEqual([
    ['k3jabcdefghijklm', 4],
    ['k3jabcdefghijklm', null]
  ]);
});

it('follows nothing that nobody sees', async () => {
  const client = new FakeJob(record());
  const card = show(client);
  await vi.waitUntil(() => client.topics.size === 1);
  Widget.detach(card);
  expect(client.topics.size).toBe(0);
});
