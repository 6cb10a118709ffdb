import { ServerConnection } from '@jupyterlab/services';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { CubeSocket } from './socket';
import type { ISink } from './tokens';

/** A socket whose other end is the test. */
class FakeSocket {
  static all: FakeSocket[] = [];

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  readyState = 0;
  readonly sent: unknown[] = [];
  onopen: () => void = () => undefined;
  onclose: () => void = () => undefined;
  onmessage: (event: { data: string }) => void = () => undefined;

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.readyState = 3;
    this.onclose();
  }

  open(): void {
    this.readyState = 1;
    this.onopen();
  }

  say(message: unknown): void {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

class Sink implements ISink {
  readonly told: string[] = [];

  news(): void {
    this.told.push('news');
  }

  lost(): void {
    this.told.push('lost');
  }

  over(): void {
    this.told.push('over');
  }
}

let client: CubeSocket;

function connect(changes: Partial<ServerConnection.ISettings> = {}): CubeSocket {
  client = new CubeSocket(
    ServerConnection.makeSettings({
      baseUrl: 'http://here/user/me/',
      wsUrl: 'ws://here/user/me/',
      token: 'a b',
      appendToken: false,
      WebSocket: FakeSocket as unknown as typeof WebSocket,
      ...changes
    })
  );
  return client;
}

async function socket(number = 0): Promise<FakeSocket> {
  await vi.waitUntil(() => FakeSocket.all.length > number, 5000);
  return FakeSocket.all[number] as unknown as FakeSocket;
}

beforeEach(() => {
  FakeSocket.all = [];
});

afterEach(() => {
  client.dispose();
});

it('is one for all, below the base address, and opened for the first who follows', async () => {
  connect();
  expect(FakeSocket.all).toEqual([]);
  client.subscribe({ to: 'grew', job: 'one' }, new Sink());
  client.subscribe({ to: 'jobs' }, new Sink());
  const made = await socket();
  made.open();
  client.subscribe({ to: 'grew', job: 'three' }, new Sink());
  expect(FakeSocket.all).toHaveLength(1);
  expect(made.url).toBe('ws://here/user/me/cube/api/socket');
  expect(made.sent).toEqual([
    { subscribe: '0', to: 'grew', job: 'one' },
    { subscribe: '1', to: 'jobs' },
    { subscribe: '2', to: 'grew', job: 'three' }
  ]);
});

it('gets the token where the settings want it', async () => {
  connect({ appendToken: true }).subscribe({ to: 'grew', job: 'one' }, new Sink());
  expect((await socket()).url).toBe('ws://here/user/me/cube/api/socket?token=a%20b');
});

it('tells each what is for it, until its end', async () => {
  connect();
  const [one, two, none] = [new Sink(), new Sink(), new Sink()];
  client.subscribe({ to: 'grew', job: 'one' }, one);
  const following = client.subscribe({ to: 'grew', job: 'two' }, two);
  client.subscribe({ to: 'grew', job: 'none' }, none);
  const made = await socket();
  made.open();
  made.say({ id: '0', state: {}, end: 12 });
  made.say({ id: '0', end: true });
  made.say({ id: '0', state: {}, end: 13 });
  made.say({ id: '1', state: {}, end: 0 });
  following.dispose();
  made.say({ id: '1', state: {}, end: 1 });
  made.say({ id: '2', error: { message: 'no job' } });
  expect([one.told, two.told, none.told]).toEqual([['news', 'over'], ['news'], ['over']]);
  expect(made.sent.at(-1)).toEqual({ unsubscribe: '1' });
});

it('knows which jobs are followed, or were until they ended a moment ago', async () => {
  connect();
  client.subscribe({ to: 'grew', job: 'ended' }, new Sink());
  const following = client.subscribe({ to: 'grew', job: 'left' }, new Sink());
  client.subscribe({ to: 'jobs' }, new Sink());
  const made = await socket();
  made.open();
  expect(['ended', 'left', 'other'].map(job => client.follows(job))).toEqual([true, true, false]);
  made.say({ id: '0', end: true });
  following.dispose();
  expect(['ended', 'left'].map(job => client.follows(job))).toEqual([true, false]);
  const now = performance.now();
  vi.spyOn(performance, 'now').mockReturnValue(now + 60_000);
  expect(client.follows('ended')).toBe(false);
  vi.restoreAllMocks();
});

it('comes again after it was lost, with whoever still follows', async () => {
  connect();
  const [one, two] = [new Sink(), new Sink()];
  client.subscribe({ to: 'grew', job: 'one' }, one);
  const following = client.subscribe({ to: 'grew', job: 'two' }, two);
  const first = await socket();
  first.open();
  first.close();
  following.dispose();
  expect([one.told, two.told]).toEqual([['lost'], ['lost']]);
  const second = await socket(1);
  second.open();
  expect(second.sent).toEqual([{ subscribe: '0', to: 'grew', job: 'one' }]);
});

it('is closed with the client, and does not come again', async () => {
  connect().subscribe({ to: 'grew', job: 'one' }, new Sink());
  const made = await socket();
  made.open();
  client.dispose();
  expect(made.readyState).toBe(3);
  await new Promise(resolve => setTimeout(resolve, 1500));
  expect(FakeSocket.all).toHaveLength(1);
});
