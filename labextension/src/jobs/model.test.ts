import { expect, it, vi } from 'vitest';

import { ApiError } from '../request';
import { FakeClient } from '../testing/client';
import { listedRecord } from '../testing/jobs';
import { JobList } from './model';

function known(list: JobList): string[] {
  return list.now.jobs.map(({ name, state }) => `${name} ${state}`);
}

/** The connection is lost. */
function lose(client: FakeClient): void {
  for (const sink of client.topics.keys()) {
    sink.lost();
  }
}

it('takes over what has changed and forgets what is gone', () => {
  const client = new FakeClient();
  const list = new JobList(client);
  list.watch();
  expect(list.now.link).toBe('asking');
  client.say('jobs', { jobs: [listedRecord({ id: 'a', name: 'one' }), listedRecord({ id: 'b', name: 'two' })], gone: [] });
  client.say('jobs', { jobs: [listedRecord({ id: 'a', name: 'one', state: 'FAILED' })], gone: ['b'] });
  expect(list.now.link).toBe('live');
  expect(known(list)).toEqual(['one FAILED']);
});

it('keeps the value of a job that has not changed', () => {
  const client = new FakeClient();
  const list = new JobList(client);
  list.watch();
  client.say('jobs', { jobs: [listedRecord({ id: 'a' }), listedRecord({ id: 'b' })], gone: [] });
  const before = list.find('a');
  client.say('jobs', { jobs: [listedRecord({ id: 'b', state: 'FAILED' })], gone: [] });
  expect(list.find('a')).toBe(before);
});

it('asks once for all who watch, and for nobody not at all', () => {
  const client = new FakeClient();
  const list = new JobList(client);
  const watchers = [list.watch(), list.watch()];
  expect(client.topics.size).toBe(1);
  watchers[0]?.dispose();
  expect(client.topics.size).toBe(1);
  watchers[1]?.dispose();
  watchers[1]?.dispose();
  expect(client.topics.size).toBe(0);
  list.watch();
  expect(client.topics.size).toBe(1);
});

it('keeps the jobs while the connection is lost, and afterwards only those that are left', () => {
  const client = new FakeClient();
  const list = new JobList(client);
  list.watch();
  client.say('jobs', { jobs: [listedRecord({ id: 'a' }), listedRecord({ id: 'b', name: 'two' })], gone: [] });
  lose(client);
  expect([list.now.link, list.now.jobs.length]).toEqual(['lost', 2]);
  client.say('jobs', { jobs: [listedRecord({ id: 'b', name: 'two' })], gone: [] });
  expect([list.now.link, known(list)]).toEqual(['live', ['two RUNNING']]);
});

it('knows a server without the extension, and asks again when told to', async () => {
  const client = new FakeClient();
  const list = new JobList(client);
  list.watch();
  lose(client);
  await vi.waitFor(() => {
    expect(list.now.link).toBe('absent');
  });
  expect(client.topics.size).toBe(0);
  list.again();
  expect(client.topics.size).toBe(1);
  client.say('jobs', { jobs: [], gone: [] });
  expect(list.now.link).toBe('live');
});

it('waits for a server that does not answer, and says why one refuses', async () => {
  const client = new FakeClient({ 'GET jobs': new ApiError('nobody', 'unreachable') });
  const list = new JobList(client);
  list.watch();
  lose(client);
  await vi.waitFor(() => {
    expect(list.now.link).toBe('lost');
  });
  expect(client.topics.size).toBe(1);
  client.answers['GET jobs'] = new ApiError('not for you', 'refused');
  for (const sink of client.topics.keys()) {
    sink.over();
  }
  await vi.waitFor(() => {
    expect([list.now.link, list.now.fault]).toEqual(['refused', 'not for you']);
  });
});

it('asks again for what the server has ended by itself', async () => {
  const client = new FakeClient({ 'GET jobs': {} });
  const list = new JobList(client);
  list.watch();
  client.say('jobs', { jobs: [], gone: [] });
  for (const sink of client.topics.keys()) {
    client.topics.delete(sink);
    sink.over();
  }
  await vi.waitFor(() => {
    expect(list.now.link).toBe('lost');
  });
  await vi.waitUntil(() => client.topics.size === 1, 5000);
  client.say('jobs', { jobs: [listedRecord({ id: 'a' })], gone: [] });
  expect([list.now.link, list.now.jobs.length]).toEqual(['live', 1]);
});

it('makes something of any record, and nothing of what is none', () => {
  const client = new FakeClient();
  const list = new JobList(client);
  list.watch();
  client.say('jobs', { jobs: [null, 1, {}, { id: 'a', state: 'DANCING', tags: 'x', started: 'now' }], gone: [] });
  expect(list.now.jobs).toEqual([
    { id: 'a', name: '', state: 'UNKNOWN', reason: '', created: 0, started: 0, ended: 0, tags: [], notebook: '' }
  ]);
});
