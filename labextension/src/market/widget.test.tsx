import { RenderMimeRegistry } from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { ApiError } from '../request';
import { FakeClient } from '../testing/client';
import { FakePlace } from '../testing/notebooks';
import { MarketPanel } from './widget';

const panels: MarketPanel[] = [];
const EVIL = '<img src=x onerror="window.ran = 1"><b>x</b>';
const ENTRY = { name: 'mnist', version: '1.0.0', source: 'builtin', kind: 'dataset', summary: 'digits', uses: 3, tags: ['vision'] };

function shown(answers: Record<string, unknown>): { panel: MarketPanel; client: FakeClient; text: () => string } {
  const client = new FakeClient(answers);
  const panel = new MarketPanel(client, nullTranslator.load(''), new RenderMimeRegistry(), new FakePlace());
  panels.push(panel);
  Widget.attach(panel, document.body);
  return { panel, client, text: () => panel.node.textContent };
}

async function says(text: () => string, words: string): Promise<void> {
  await vi.waitFor(() => {
    expect(text()).toContain(words);
  });
}

function click(panel: MarketPanel, words: string): void {
  const found = [...panel.node.querySelectorAll('button')].filter(one => one.textContent === words).at(-1);
  expect(found, words).toBeDefined();
  found?.click();
}

afterEach(() => {
  for (const panel of panels.splice(0)) {
    panel.dispose();
  }
});

describe('the market', () => {
  it('shows a row for each item, and what is wrong beside the others', async () => {
    const broken = { ...ENTRY, name: 'broken', kind: '', problem: 'line 3: no name' };
    const { text } = shown({ 'GET items': { total: 2, items: [ENTRY, broken], problems: ['the source team is away'] } });
    for (const words of ['mnist', '1.0.0', 'digits', '3 uses', '2 items', 'line 3: no name', 'the source team is away']) {
      await says(text, words);
    }
  });

  it.each([
    ['absent', 'has no jupyter-cube'],
    ['unreachable', 'does not answer'],
    ['refused', 'the disk is full']
  ] as const)('says what to do where the server is %s', async (kind, words) => {
    let answer: unknown = new ApiError('the disk is full', kind);
    const { panel, text } = shown({ 'GET items': () => answer });
    await says(text, words);
    answer = { total: 1, items: [ENTRY], problems: [] };
    click(panel, 'Try again');
    await says(text, 'mnist');
  });

  it('offers a way out where nothing is found', async () => {
    const { panel, text } = shown({
      'GET items': ({ kind }: { kind?: string }) =>
        kind === undefined ? { total: 1, items: [ENTRY], problems: [] } : { total: 0, items: [], problems: [] }
    });
    await says(text, 'mnist');
    click(panel, 'Prerequisites');
    await says(text, 'Nothing was found.');
    click(panel, 'Clear filters');
    await says(text, 'mnist');
    expect(panel.node.querySelectorAll('[aria-pressed=true]')).toHaveLength(0);
  });

  it('makes text of whatever an author wrote', async () => {
    const texts = { title: EVIL, summary: EVIL, author: EVIL, license: EVIL, publisher: EVIL, digest: EVIL, needs: [EVIL] };
    const parts = {
      tags: [EVIL],
      files: [{ path: EVIL, size: 1 }],
      runs: [{ when: EVIL, text: EVIL }],
      require: [{ name: EVIL, template_variables: { [EVIL]: EVIL } }],
      link: 'javascript:window.ran=1'
    };
    const form = { properties: { [EVIL]: { type: 'string', title: EVIL, description: EVIL, 'x-group': EVIL, 'x-default': EVIL } } };
    const item = { ...ENTRY, ...texts, ...parts, form, trusted: false, source: 'team', description: EVIL };
    const { panel, text } = shown({ 'GET items': { total: 1, items: [item], problems: [EVIL] }, 'GET item': item });
    await says(text, EVIL);
    await panel.market.open('mnist');
    await says(text, 'Not allowed yet');
    expect(panel.node.querySelectorAll('img, b, script, a')).toHaveLength(0);
    expect((window as { ran?: number }).ran).toBeUndefined();
  });

  it('lists the volumes, and fills one into the item that mounts it', async () => {
    const form = { properties: { volume: { type: 'string' }, mountPath: { type: 'string' }, readOnly: { type: 'boolean', default: false } } };
    const { panel, text } = shown({
      'GET items': { total: 0, items: [], problems: [] },
      'GET storages': { storages: [{ name: 'archive', read_only: true }] },
      'GET item': { ...ENTRY, name: 'volume', kind: 'storage', trusted: true, form }
    });
    await says(text, 'There are no items.');
    click(panel, 'Storages');
    await says(text, 'read-only');
    panel.node.querySelector<HTMLElement>('.cube-Row')?.click();
    await says(text, 'mountPath');
    expect(panel.market.values).toEqual({ volume: 'archive', mountPath: '/archive', readOnly: true });
  });

  it('adds, refreshes and removes sources', async () => {
    const source = { name: 'team', uri: '/shared', items: 2, as_of: 0, problem: 'cannot be reached; check the net' };
    const { client, panel, text } = shown({
      'GET items': { total: 0, items: [], problems: [] },
      'GET sources': { sources: [{ ...source, name: 'mine', problem: '' }, source] },
      'POST sources/refresh': { sources: [source], problems: ['team was not fetched'] },
      'DELETE sources/team': {}
    });
    panel.market.show('sources');
    await says(text, 'cannot be reached; check the net');
    expect(panel.node.querySelectorAll('[aria-label^="Remove"]')).toHaveLength(1);
    click(panel, 'Refresh');
    await says(text, 'team was not fetched');
    click(panel, 'Remove');
    await vi.waitFor(() => {
      expect(client.heard).toContain('DELETE sources/team {}');
    });
    await vi.waitFor(() => {
      click(panel, 'mine');
    });
    await says(text, 'from mine');
    expect(client.heard.some(words => words.includes('"source":"mine"'))).toBe(true);
  });

  it('lists what a file of another system holds before anything is brought in', async () => {
    const sent: unknown[] = [];
    const items = [
      { name: 'tfjob', kind: 'job', version: '1.0.0', notes: ['its icon does not come over'] },
      { name: 'xgb', kind: 'job', version: '1.0.0', notes: [] },
      { name: 'row', kind: '', version: '', notes: ['its job is not there'] }
    ];
    const { panel, text } = shown({
      'GET items': { total: 0, items: [], problems: [] },
      'POST item/import': (asked: unknown) => {
        sent.push(asked);
        return { items };
      }
    });
    panel.market.show('import');
    await says(text, 'Lists first');
    const field = panel.node.querySelector<HTMLInputElement>('input[type=text]');
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(field, 'jobs.json');
    field?.dispatchEvent(new Event('input', { bubbles: true }));
    click(panel, 'Look');
    await says(text, '2 items would come over.');
    await says(text, 'its job is not there');
    panel.node.querySelector<HTMLElement>('input[type=checkbox]')?.click();
    await says(text, '1 item would come over.');
    click(panel, 'Import');
    await vi.waitFor(() => {
      expect(sent).toEqual([
        { path: 'jobs.json', only: [], dry_run: true },
        { path: 'jobs.json', only: ['xgb'], dry_run: false }
      ]);
    });
  });
});
