import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { createRoot } from 'react-dom/client';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { ApiError } from '../request';
import { FakeLog, lines, SIZE } from '../testing/log';
import { EmbeddedLog } from './view';
import { LogWidget } from './widget';

const HEIGHT = 360;
const NAMES = ['offsetHeight', 'clientHeight'];
const widgets: LogWidget[] = [];

beforeAll(() => {
  // jsdom lays nothing out: boxes are as high as twenty rows
  for (const name of NAMES) {
    Object.defineProperty(HTMLElement.prototype, name, {
      configurable: true,
      get(this: HTMLElement): number {
        return this.classList.contains('cube-Log-row') ? 18 : HEIGHT;
      }
    });
  }
});

afterAll(() => {
  for (const name of NAMES) {
    Object.defineProperty(HTMLElement.prototype, name, { configurable: true, value: 0 });
  }
});

afterEach(() => {
  for (const widget of widgets.splice(0)) {
    widget.dispose();
  }
});

async function open(client: FakeLog, cursor: number | null = null): Promise<LogWidget> {
  const widget = new LogWidget(client, 'one', cursor, nullTranslator.load('jupyter_cube'));
  widgets.push(widget);
  Widget.attach(widget, document.body);
  await vi.waitUntil(() => widget.node.querySelector('.cube-Log') !== null, 5000);
  return widget;
}

async function says(widget: LogWidget, text: string): Promise<void> {
  await vi.waitUntil(() => widget.node.textContent.includes(text), 5000);
}

function press(widget: LogWidget, key: string): void {
  widget.node.querySelector('.cube-Log-lines')?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
}

function button(widget: LogWidget, name: string): HTMLButtonElement | undefined {
  return [...widget.node.querySelectorAll('button')].find(
    one => one.textContent.trim() === name || one.getAttribute('aria-label') === name
  );
}

describe('a log', () => {
  it('shows some rows of many, and is called like its job', async () => {
    const widget = await open(new FakeLog(lines(5000)), SIZE);
    await says(widget, 'line 1');
    expect(widget.title.label).toBe('train');
    const rows = widget.node.querySelectorAll('.cube-Log-row');
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.length).toBeLessThan(100);
    expect(widget.node.querySelector('[role=log]')?.getAttribute('aria-label')).toBe('Log of train');
  });

  it('makes nothing but text of its lines', async () => {
    const evil = '<img src=x onerror="globalThis.ran=1"><script>globalThis.ran=1</script> javascript:x "onload=1';
    const client = new FakeLog([{ task: evil, attempt: 1, text: evil }, ...lines(2, `\u001b]8;;javascript:x\u0007${evil}`)]);
    const widget = await open(client, SIZE);
    await says(widget, evil);
    expect(widget.node.querySelectorAll('.cube-Log-lines :is(script, img, iframe, [onerror], [onload], [src], a)')).toHaveLength(0);
    expect(globalThis).not.toHaveProperty('ran');
  });

  it('opens links elsewhere, and only those of the web', async () => {
    const widget = await open(new FakeLog(lines(1, 'see https://example.org/a and ftp://x')), SIZE);
    await says(widget, 'see');
    const links = [...widget.node.querySelectorAll('.cube-Log-lines a')];
    expect(links.map(link => [link.getAttribute('href'), link.getAttribute('rel'), link.getAttribute('target')])).toEqual([
      ['https://example.org/a', 'noopener noreferrer', '_blank']
    ]);
  });

  it('cuts a line that is very long, and shows all of it when asked', async () => {
    const widget = await open(new FakeLog([{ task: 'worker-0', attempt: 1, text: 'x'.repeat(5000) }]), SIZE);
    await says(widget, '1,000 more characters');
    button(widget, '… show all, 1,000 more characters')?.click();
    await says(widget, 'x'.repeat(5000));
  });

  it('marks what is sought', async () => {
    const widget = await open(new FakeLog(lines(5, 'loss [1]')), SIZE);
    await says(widget, 'loss');
    widget.node.querySelector<HTMLInputElement>('.cube-Search-field')?.focus();
    const field = widget.node.querySelector<HTMLInputElement>('.cube-Search-field');
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(field, 'S [1]');
    field?.dispatchEvent(new Event('input', { bubbles: true }));
    await vi.waitUntil(() => widget.node.querySelectorAll('mark').length === 5, 5000);
    expect(widget.node.querySelector('mark')?.textContent).toBe('s [1]');
    await says(widget, '5 lines');
  });
});

describe('keys', () => {
  it('choose a task, all tasks, errors, and the ends', async () => {
    const said = [...lines(300), ...lines(300, 'ps', 'ps-0'), ...lines(1, 'ValueError')];
    const widget = await open(new FakeLog(said), SIZE);
    await says(widget, 'line 1');
    press(widget, '3');
    await says(widget, 'ps 1');
    expect(widget.model.now.filter.tasks).toEqual(['ps-0']);
    press(widget, '0');
    await vi.waitUntil(() => widget.model.now.filter.tasks === null);
    press(widget, 'g');
    await vi.waitUntil(() => widget.model.now.target?.cursor === SIZE);
    press(widget, 'e');
    await vi.waitUntil(() => widget.model.now.target?.cursor === 601 * SIZE);
    press(widget, 'f');
    expect(widget.model.now.following).toBe(true);
    press(widget, '/');
    expect(document.activeElement?.classList).toContain('cube-Search-field');
  });
});

describe('instead of lines', () => {
  it.each([
    ['No lines yet.', {}],
    ['The job waits: needs 2 GPUs. Its lines come here when it starts.', { state: 'WAITING', reason: 'needs 2 GPUs' }],
    ['The job has written no lines.', { state: 'SUCCEEDED' }]
  ])('it says %s', async (words, job) => {
    await says(await open(new FakeLog([], job)), words);
  });

  it.each([
    ['This server has no such job', 'unknown'],
    ['This server has no jupyter-cube', 'absent'],
    ['Not connected', 'unreachable'],
    ['you may not', 'refused']
  ] as const)('it says %s', async (words, kind) => {
    const client = new FakeLog();
    client.failure = new ApiError('you may not', kind);
    await says(await open(client), words);
  });

  it('it leads back to all lines where none is of the tasks that were chosen', async () => {
    const widget = await open(new FakeLog(lines(10)));
    await says(widget, 'line 10');
    press(widget, '3');
    await says(widget, 'No lines of these tasks.');
    button(widget, 'Show all lines')?.click();
    await says(widget, 'line 10');
  });
});

it('tells how many lines have come since its end was left, and goes there', async () => {
  const client = new FakeLog(lines(500));
  const widget = await open(client, SIZE);
  await says(widget, 'line 1');
  client.write('new 1', 'new 2');
  await says(widget, '2 new lines');
  widget.node.querySelector<HTMLElement>('.cube-Log-pill')?.click();
  await vi.waitUntil(() => widget.node.querySelector('.cube-Log-pill') === null, 5000);
  expect(button(widget, 'Follow')?.getAttribute('aria-pressed')).toBe('true');
});

it('can be a part of something else, with a height of its own', async () => {
  const client = new FakeLog(lines(30));
  const node = document.body.appendChild(document.createElement('div'));
  const root = createRoot(node);
  root.render(<EmbeddedLog client={client} job="one" height="20em" isSeen task="" trans={nullTranslator.load('x')} />);
  await vi.waitUntil(() => node.textContent.includes('line 1') && client.topics.size === 1, 5000);
  const box = node.querySelector<HTMLElement>('.cube-Log-embedded');
  expect(box?.style.height).toBe('20em');
  expect(box?.getAttribute('data-lm-suppress-shortcuts')).toBe('true'); // keys of a notebook would run cells
  root.unmount();
  expect(client.topics.size).toBe(0);
  node.remove();
});

it.each([
  [['fine', 'ValueError: no'], false],
  [['fine', 'finer'], true]
])('offers to go to errors where there are some: %j', async (texts, isClean) => {
  const widget = await open(new FakeLog(texts.map(text => ({ task: 'worker-0', attempt: 1, text }))));
  await says(widget, isClean ? 'No errors' : 'Errors 1');
  widget.node.querySelector<HTMLElement>('[title^="Go to an error"]')?.click();
  await says(widget, 'First error');
  const ways = Array.from(widget.node.querySelectorAll<HTMLButtonElement>('.cube-Menu-item'));
  expect(ways.map(way => way.disabled)).toEqual([isClean, isClean, isClean, false, false]);
});

it('is over with its tab', async () => {
  const client = new FakeLog(lines(5));
  const widget = await open(client);
  await vi.waitUntil(() => client.topics.size === 1);
  widget.close();
  expect(widget.isDisposed).toBe(true);
  expect(client.topics.size).toBe(0);
});
