import { Clipboard } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { afterEach, expect, it, vi } from 'vitest';

import { ApiError } from '../request';
import { FakeLog, lines } from '../testing/log';
import { copyError } from './error';
import { MIME } from './job';

const trans = nullTranslator.load('jupyter_cube');

const RECORD = {
  version: 1,
  id: 'one',
  name: 'train',
  state: 'FAILED',
  reason: 'worker-1 exit 1',
  as_of: 10,
  tasks: { worker: [['SUCCEEDED', 1], ['FAILED', 1]] },
  tail: ['worker-1 │ the end']
};

afterEach(() => {
  vi.restoreAllMocks();
});

async function copied(client: FakeLog): Promise<string> {
  const copy = vi.spyOn(Clipboard, 'copyToSystem').mockReturnValue();
  expect(await copyError(client, { [MIME]: RECORD }, trans)).toBe(true);
  return copy.mock.calls.map(([text]) => text as string).join();
}

it('copies why a job has failed and the last lines of the task that did, as plain text', async () => {
  const said = [...lines(3, 'other'), ...lines(1, '\x1b[31mValueError\x1b[0m', 'worker-1'), ...lines(1, 'x'.repeat(5000), 'worker-1')];
  const text = await copied(new FakeLog(said));
  expect(text.split('\n').map(line => line.slice(0, 40))).toEqual([
    'train (one) failed: worker-1 exit 1',
    'worker-1 │ ValueError 1',
    `worker-1 │ ${'x'.repeat(29)}`,
    ''
  ]);
  expect(text).toMatch(/x…\n$/);
});

it('copies the lines that are there where the server does not answer', async () => {
  const client = new FakeLog();
  client.failure = new ApiError('nobody', 'unreachable');
  expect(await copied(client)).toBe('train (one) failed: worker-1 exit 1\nworker-1 │ the end\n');
});
