import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { DEFAULTS } from '../settings';
import { FakeClient } from '../testing/client';
import { listedRecord } from '../testing/jobs';
import { JobList } from './model';
import { tellEnds } from './notices';

let client: FakeClient;
let notify: 'away' | 'always' | 'never';

function told(): string[] {
  vi.advanceTimersByTime(2000);
  return Notification.manager.notifications.map(({ type, message }) => `${type}: ${message}`);
}

function say(...jobs: Record<string, unknown>[]): void {
  client.say('jobs', { jobs, gone: [], time: Date.now() / 1000 });
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  client = new FakeClient();
  notify = 'away';
  const commands = new CommandRegistry();
  const trans = nullTranslator.load('jupyter_cube');
  tellEnds({ list: new JobList(client), client, commands, chosen: () => ({ ...DEFAULTS, notify }), trans });
});

afterEach(() => {
  Notification.dismiss();
  vi.useRealTimers();
});

const ALIVE = listedRecord({ started: 1000 });
const FAILED = listedRecord({ state: 'FAILED', started: 1000, ended: 1041, reason: 'worker-1 exit 1' });

it('tells of a job that was alive and has failed, and why', () => {
  say(ALIVE);
  say(FAILED);
  expect(told()).toEqual(['error: train failed after 0:41: worker-1 exit 1']);
  say(FAILED);
  expect(told()).toHaveLength(1);
});

it('says nothing of jobs that had ended before, also not after a lost connection', () => {
  say(FAILED);
  for (const sink of client.topics.keys()) {
    sink.lost();
  }
  say(FAILED);
  expect(told()).toEqual([]);
});

it('tells of a short job that nobody ever saw alive, and of one that ended while the connection was lost', () => {
  say(ALIVE);
  for (const sink of client.topics.keys()) {
    sink.lost();
  }
  vi.advanceTimersByTime(5000);
  const created = Date.now() / 1000;
  const short = { id: 'short', name: 'short', state: 'SUCCEEDED', created, started: created, ended: created + 1 };
  say(listedRecord(short), listedRecord({ ...ALIVE, state: 'SUCCEEDED', ended: 1151 }));
  expect(told()).toEqual(['success: 2 jobs have ended: 2 succeeded']);
});

it('says nothing of a job that can be seen, unless somebody wants to hear of all', () => {
  say(ALIVE);
  client.follows = (job): boolean => job === ALIVE['id'];
  say(FAILED);
  expect(told()).toEqual([]);
  notify = 'always';
  say(ALIVE);
  say(FAILED);
  expect(told()).toHaveLength(1);
});

it('says nothing of a job that was stopped, nor where nobody wants to hear', () => {
  say(ALIVE);
  say(listedRecord({ ...ALIVE, state: 'STOPPED', ended: 1041 }));
  notify = 'never';
  say(ALIVE);
  say(FAILED);
  expect(told()).toEqual([]);
});

it('makes one notice of several ends', () => {
  const names = ['a', 'b', 'c'];
  say(...names.map(name => listedRecord({ id: name, name })));
  say(...names.map(name => listedRecord({ id: name, name, state: name === 'a' ? 'FAILED' : 'SUCCEEDED', ended: 1_800_000_009 })));
  expect(told()).toEqual(['error: 3 jobs have ended: 1 failed, 2 succeeded']);
});
