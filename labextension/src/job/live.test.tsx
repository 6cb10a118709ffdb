import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { afterEach, expect, it, vi } from 'vitest';

import { ApiError } from '../request';
import { FakeJob } from '../testing/client';
import { record } from '../testing/records';
import { MIME } from './job';
import { JobCard } from './widget';

const ended = record({ state: 'FAILED', ended: 1_800_000_200, reason: 'exit 1', tail: ['boom'], next: [] });
const cards: JobCard[] = [];

afterEach(() => {
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
  for (const sink of client.topics.keys()) {
    sink.lost();
  }
  await says(card, 'not connected, retrying');
  expect(card.node.textContent).toContain('epoch 4/10');
  client.grow(record({ tail: ['epoch 5/10'] }));
  await says(card, 'epoch 5/10');
  expect(card.node.textContent).not.toContain('retrying');
});

it('follows nothing that nobody sees', async () => {
  const client = new FakeJob(record());
  const card = show(client);
  await vi.waitUntil(() => client.topics.size === 1);
  Widget.detach(card);
  expect(client.topics.size).toBe(0);
});
