import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { expect, it, vi } from 'vitest';

import { CommandIDs } from '../commands';
import { listed } from '../listed';
import { ApiError } from '../request';
import { FakeClient } from '../testing/client';
import { listedRecord } from '../testing/jobs';
import { addJobCommands } from './commands';
import { JobList } from './model';
import { Panel } from './panel';
import { Picked } from './picked';
import { Row } from './row';

const trans = nullTranslator.load('jupyter_cube');
const nothing = (): void => undefined;

interface IShown {
  readonly client: FakeClient;
  readonly list: JobList;
  readonly picked: Picked;
  readonly commands: CommandRegistry;
  readonly node: HTMLElement;
}

/** The panel of jobs that a fake server tells of. */
function shown(answers: Record<string, unknown> = {}): IShown {
  const client = new FakeClient(answers);
  const list = new JobList(client);
  const picked = new Picked();
  const commands = new CommandRegistry();
  addJobCommands(commands, null, { client, list, picked, trans });
  const node = document.createElement('div');
  const root = createRoot(node);
  const draw = (): void => {
    flushSync(() => {
      root.render(
        <Panel list={list} picked={picked} client={client} commands={commands} isShown={true} trans={trans} />
      );
    });
  };
  list.changed.connect(draw);
  picked.changed.connect(draw);
  list.watch();
  draw();
  return { client, list, picked, commands, node };
}

function row(changes: Record<string, unknown>): HTMLElement {
  const node = document.createElement('div');
  const job = listed(listedRecord(changes));
  if (job === null) {
    throw new Error('this is no job');
  }
  flushSync(() => {
    createRoot(node).render(
      <Row
        job={job}
        isOpen={false}
        isPicked={false}
        isCurrent={true}
        onClick={nothing}
        onFocus={nothing}
        onPick={nothing}
        ahead={0}
        isShown={true}
        commands={new CommandRegistry()}
        trans={trans}
      />
    );
  });
  return node;
}

it('says that it loads, and shows the way where there are no jobs', () => {
  const { node, client, commands } = shown();
  expect(node.textContent).toContain('Loading');
  client.say('jobs', { jobs: [], gone: [] });
  expect(node.textContent).toContain('No jobs yet. Write %%cube submit above a cell');
  const execute = vi.fn();
  commands.addCommand(CommandIDs.showMarket, { execute });
  node.querySelector('button')?.click();
  expect(execute).toHaveBeenCalledOnce();
});

it('says what to do where the server has no extension, or refuses', async () => {
  const { node, client, list } = shown();
  for (const sink of client.topics.keys()) {
    sink.lost();
  }
  await vi.waitFor(() => {
    expect(node.textContent).toContain('pip install jupyter-cube');
  });
  client.answers['GET jobs'] = new ApiError('not for you', 'refused');
  node.querySelector('button')?.click();
  expect(list.now.link).toBe('asking');
  for (const sink of client.topics.keys()) {
    sink.lost();
  }
  await vi.waitFor(() => {
    expect(node.querySelector('[role=alert]')?.textContent).toContain('not for you');
  });
});

it('keeps the list while the connection is lost', () => {
  const { node, client } = shown();
  client.say('jobs', { jobs: [listedRecord()], gone: [] });
  expect(node.textContent).toContain('1 running');
  for (const sink of client.topics.keys()) {
    sink.lost();
  }
  expect(node.textContent).toContain('Not connected, retrying');
  expect(node.textContent).toContain('1 running');
});

it('gives an order only to those of the picked jobs that it means something to, and says who refused', async () => {
  const asked: unknown[] = [];
  const { node, client, picked } = shown({
    'POST jobs/bulk': (sent: unknown) => {
      asked.push(sent);
      return { results: [{ id: 'b', ok: false, error: { message: 'its environment has been deleted', hint: 'submit it' } }] };
    }
  });
  client.say('jobs', {
    jobs: [
      listedRecord({ id: 'a', name: 'runs' }),
      listedRecord({ id: 'b', name: 'broke', state: 'FAILED' }),
      listedRecord({ id: 'c', name: 'done', state: 'SUCCEEDED' })
    ],
    gone: []
  });
  picked.set(['a', 'b', 'c', 'of another time']);
  const buttons = [...node.querySelectorAll<HTMLElement>('.cube-Button')];
  expect(buttons.map(button => button.textContent)).toEqual(['Stop 1', 'Retry 1', 'Delete 2…']);
  buttons[1]?.click();
  await vi.waitFor(() => {
    expect(document.querySelector('.jp-Dialog')?.textContent).toContain('1 job was not retried');
  });
  expect(asked).toEqual([{ order: 'retry', ids: ['b'] }]);
  expect(document.querySelector('.jp-Dialog')?.textContent).toContain('broke: its environment has been deleted; submit it');
  document.querySelector<HTMLElement>('.jp-Dialog .jp-mod-accept')?.click();
});

it.each([
  [{ state: 'RUNNING' }, ['Stop'], ''],
  [{ state: 'WAITING', reason: 'needs 2 GPUs, 1 free' }, ['Stop'], 'needs 2 GPUs, 1 free'],
  [{ state: 'FAILED', reason: 'worker-1 exit 1', ended: 1_800_000_042 }, ['Retry', 'Delete…'], 'failed · worker-1 exit 1'],
  [{ state: 'STOPPED', reason: 'stopped by its user', ended: 1_800_000_042 }, ['Delete…'], 'stopped by its user'],
  [{ state: 'SUCCEEDED', reason: '3 of 3 tasks', ended: 1_800_000_042 }, ['Delete…'], ''],
  [{ state: 'UNKNOWN', ended: 1_800_000_042 }, ['Retry', 'Delete…'], 'unknown']
])('shows of %j what it can be ordered, and why it is so', (changes, orders, why) => {
  const node = row(changes);
  const actions = [...node.querySelectorAll('.cube-Action')].map(action => action.getAttribute('aria-label'));
  expect(actions).toEqual(orders);
  expect(node.querySelector('.cube-Job-why')?.textContent ?? '').toBe(why);
  expect(node.querySelector('.cube-Job-time')?.textContent).toMatch('ended' in changes ? /^0:41$/ : /^[\d:d ]+$/);
});

it('makes only text of names and reasons', () => {
  const evil = '<img src=x onerror=alert(1)><a href="javascript:x">';
  const node = row({ name: evil, reason: evil, state: 'FAILED', id: '"] evil', tags: [evil] });
  expect(node.textContent).toContain(evil);
  expect(node.querySelector('img, a, script')).toBeNull();
});
