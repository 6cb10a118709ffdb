import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { CubeSettings } from '../settings';
import { STATES } from '../states';
import { FakeJob } from '../testing/client';
import { record } from '../testing/records';
import { MIME } from './job';
import { JobCard } from './widget';
import { notebookForm } from './words';

const cards: JobCard[] = [];

afterEach(() => {
  for (const card of cards.splice(0)) {
    card.dispose();
  }
});

function model(json: unknown, text?: string): IRenderMime.IMimeModel {
  const data = { [MIME]: json, ...(text === undefined ? {} : { 'text/plain': text }) };
  return { trusted: false, metadata: {}, data: data as IRenderMime.IMimeModel['data'], setData: () => undefined };
}

function card(json: unknown, text?: string): JobCard {
  const made = new JobCard({}, new FakeJob());
  cards.push(made);
  void made.renderModel(model(json, text));
  return made;
}

function all(shown: JobCard, selector: string): Element[] {
  return Array.from(shown.node.querySelectorAll(selector));
}

describe('a card', () => {
  it('is whole as soon as it was asked for', () => {
    const shown = card(record({ tasks: { worker: [['RUNNING', 2]], ps: [['SUCCEEDED', 1]] } }));
    const text = shown.node.textContent;
    for (const part of ['train', 'running 2:31', 'epoch 3/10  loss 0.231', 'saved ', '%cube stop k3jabc']) {
      expect(text).toContain(part);
    }
    expect(shown.node.querySelector('[role=group]')?.getAttribute('aria-label')).toBe('Job train: running 2:31');
  });

  it('says of every task what it is called and how it is', () => {
    const shown = card(record({ tasks: { worker: [['RUNNING', 1], ['FAILED', 1]] } }));
    const marks = all(shown, '.cube-Role .cube-Mark');
    expect(marks.map(mark => mark.getAttribute('title'))).toEqual(['worker-0 running', 'worker-1 failed']);
    expect(marks.map(mark => mark.getAttribute('aria-label'))).toEqual(['worker-0 running', 'worker-1 failed']);
    expect(all(shown, '.cube-Role-counts').map(one => one.textContent)).toEqual(['1 failed, 1 running']);
  });

  it('does not count tasks that are all alike, nor speak of them where they are as the job is', () => {
    const mixed = card(record({ tasks: { worker: [['RUNNING', 2]], ps: [['SUCCEEDED', 2]] } }));
    expect(all(mixed, '.cube-Role-counts').map(one => one.textContent)).toEqual(['running', 'succeeded']);
    expect(all(card(record({ tasks: { worker: [['RUNNING', 2]] } })), '.cube-Role-counts')).toEqual([]);
  });

  it('draws no marks for the only task, and a bar for many', () => {
    expect(all(card(record()), '.cube-Role')).toEqual([]);
    const many = card(record({ tasks: { worker: { RUNNING: 99, FAILED: 1 } } }));
    expect(all(many, '.cube-Role .cube-Mark')).toEqual([]);
    expect(all(many, '.cube-Bar').map(bar => bar.getAttribute('aria-label'))).toEqual(['1 failed, 99 running']);
  });

  it('says why it waits, and why it failed', () => {
    const waiting = card(record({ state: 'WAITING', started: 0, reason: 'needs 2 GPUs, 1 free' }));
    expect(waiting.node.textContent).toContain('waiting');
    expect(waiting.node.textContent).toContain('needs 2 GPUs, 1 free');
    const failed = card(record({ state: 'FAILED', ended: 1_800_000_041, reason: 'worker-1 exit 1' }));
    expect(failed.node.textContent).toContain('failed after 0:41');
    expect(failed.node.textContent).toContain('worker-1 exit 1');
  });

  it.each(STATES)('has a shape of its own and a word for %s', state => {
    const shown = card(record({ state }));
    expect(shown.node.textContent).toContain(state.toLowerCase());
    const others = STATES.filter(one => one !== state).map(one => card(record({ state: one })));
    const shape = shown.node.querySelector('svg')?.innerHTML;
    expect(shape).toBeTruthy();
    expect(others.map(other => other.node.querySelector('svg')?.innerHTML)).not.toContain(shape);
  });

  it('takes the next record in its place', () => {
    const shown = card(record());
    const group = shown.node.querySelector('[role=group]');
    void shown.renderModel(model(record({ state: 'SUCCEEDED', ended: 1_800_000_200 })));
    expect(shown.node.querySelector('[role=group]')).toBe(group);
    expect(shown.node.textContent).toContain('succeeded after 3:20');
  });

  it('is empty after it was disposed of', () => {
    const shown = card(record());
    shown.dispose();
    expect(shown.node.textContent).toBe('');
  });
});

it.each([
  ['that has just been made asks the server at once', 0, 1],
  ['of an older record asks only in sight', 60, 0]
])('a card %s', (_, age, asked) => {
  const job = new FakeJob();
  const made = new JobCard({}, job);
  cards.push(made);
  void made.renderModel(model(record({ as_of: Date.now() / 1000 - age })));
  expect(job.heard).toHaveLength(asked);
});

describe('a record that makes no card', () => {
  it('of a newer version says upgrade, and shows the stored text', () => {
    const shown = card({ version: 2 }, '◐ train  running 2:31');
    expect(shown.node.textContent).toContain('upgrade');
    expect(shown.node.querySelector('pre')?.textContent).toBe('◐ train  running 2:31');
  });

  it('that is damaged says where', () => {
    const shown = card(record({ state: 7 }), 'the text');
    expect(shown.node.textContent).toContain('state');
    expect(shown.node.querySelector('pre')?.textContent).toBe('the text');
  });
});

it('names commands as a notebook takes them', () => {
  expect(notebookForm('deleted; submit it again with: jupyter cube submit /s/spec.yaml')).toBe(
    'deleted; submit it again with: %cube submit /s/spec.yaml'
  );
  expect(notebookForm('see: /usr/bin/python3 -m jupyter_cube jobs')).toBe('see: %cube jobs');
});

it('shows as many lines as the settings say, also when they change', async () => {
  const settings = new CubeSettings();
  const made = new JobCard({}, new FakeJob(), undefined, settings);
  cards.push(made);
  void made.renderModel(model(record({ tail: ['one', 'two', 'three'] })));
  expect(all(made, '.cube-Tail-line')).toHaveLength(3);
  settings.take({ lines: 2 });
  await vi.waitUntil(() => all(made, '.cube-Tail-line').length === 2);
  expect(all(made, '.cube-Tail-line').map(line => line.textContent)).toEqual(['two', 'three']);
});

it('makes nothing but text of a record, whatever it holds', () => {
  const evil = '"><script>globalThis.ran = 1</script><img src=x onerror="globalThis.ran = 1"> javascript:alert(1)';
  const fields = { store: evil, id: evil, name: evil, reason: evil, tail: [evil, evil], next: [evil] };
  const shown = card(record({ ...fields, state: 'FAILED', tasks: { [evil]: [['RUNNING', 2]], b: { FAILED: 70 } } }));
  const fallback = card({ version: 99 }, evil);
  for (const node of [shown.node, fallback.node]) {
    expect(node.textContent).toContain(evil);
    expect(node.querySelectorAll('script, img, a, iframe, object, [src], [href], [onerror]')).toHaveLength(0);
  }
  expect(globalThis).not.toHaveProperty('ran');
});
