import { ServerConnection } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CubeClient } from './client';
import { ApiError } from './request';
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

let answer = (): Response => new Response('{}');
const requests: Request[] = [];
let client: CubeClient;

function connect(changes: Partial<ServerConnection.ISettings> = {}): CubeClient {
  client = new CubeClient(
    ServerConnection.makeSettings({
      baseUrl: 'http://here/user/me/',
      wsUrl: 'ws://here/user/me/',
      token: 'a b',
      appendToken: false,
      WebSocket: FakeSocket as unknown as typeof WebSocket,
      fetch: request => {
        requests.push(request as Request);
        return Promise.resolve(answer());
      },
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
  requests.length = 0;
});

afterEach(() => {
  client.dispose();
});

describe('the socket', () => {
  it('is one for all, below the base address, and opened for the first who follows', async () => {
    connect();
    expect(FakeSocket.all).toEqual([]);
    client.follow('one', new Sink());
    client.follow('two', new Sink());
    const made = await socket();
    made.open();
    client.follow('three', new Sink());
    expect(FakeSocket.all).toHaveLength(1);
    expect(made.url).toBe('ws://here/user/me/cube/api/socket');
    expect(made.sent).toEqual([
      { subscribe: '0', to: 'grew', job: 'one' },
      { subscribe: '1', to: 'grew', job: 'two' },
      { subscribe: '2', to: 'grew', job: 'three' }
    ]);
  });

  it('gets the token where the settings want it', async () => {
    connect({ appendToken: true }).follow('one', new Sink());
    expect((await socket()).url).toBe('ws://here/user/me/cube/api/socket?token=a%20b');
  });

  it('tells each what is for it, until its end', async () => {
    connect();
    const [one, two, none] = [new Sink(), new Sink(), new Sink()];
    client.follow('one', one);
    const following = client.follow('two', two);
    client.follow('none', none);
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

  it('comes again after it was lost, with whoever still follows', async () => {
    connect();
    const [one, two] = [new Sink(), new Sink()];
    client.follow('one', one);
    const following = client.follow('two', two);
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
    connect().follow('one', new Sink());
    const made = await socket();
    made.open();
    client.dispose();
    expect(made.readyState).toBe(3);
    await new Promise(resolve => setTimeout(resolve, 1500));
    expect(FakeSocket.all).toHaveLength(1);
  });
});

describe('requests', () => {
  it('name the job, whatever is in its name', async () => {
    await connect().stop('a/../b c');
    expect(requests.map(({ method, url }) => `${method} ${url.split('?')[0] ?? ''}`)).toEqual([
      'POST http://here/user/me/cube/api/jobs/a%2F..%2Fb%20c/stop'
    ]);
  });

  it.each([
    ['unknown', 'no job; list them', 404, '{"message": "no job", "place": "", "hint": "list them"}'],
    ['absent', '404', 404, '<html></html>'],
    ['absent', 'Not Found', 404, '{"message": "Not Found"}'],
    ['refused', 'it has ended', 409, '{"message": "it has ended", "place": "", "hint": ""}'],
    ['refused', '503', 503, '']
  ])('that fail are %s: %s', async (kind, message, status, body) => {
    answer = (): Response => new Response(body, { status });
    const error: unknown = await connect()
      .output('one')
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ kind, message: expect.stringContaining(message) as string });
  });

  it('that nobody answers are unreachable', async () => {
    answer = (): Response => {
      throw new TypeError('Failed to fetch');
    };
    await expect(connect({ fetch: () => Promise.reject(new TypeError('Failed to fetch')) }).output('one')).rejects.toMatchObject({
      kind: 'unreachable'
    });
  });
});
