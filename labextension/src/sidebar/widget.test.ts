import { RenderMimeRegistry } from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { expect, it } from 'vitest';

import { JobList } from '../jobs/model';
import { Picked } from '../jobs/picked';
import { JobsPanel } from '../jobs/widget';
import { MarketPanel } from '../market/widget';
import { FakeClient } from '../testing/client';
import { FakePlace } from '../testing/notebooks';
import { Sidebar } from './widget';

function made(): Sidebar {
  const trans = nullTranslator.load('jupyter_cube');
  const client = new FakeClient();
  const commands = new CommandRegistry();
  const jobs = new JobsPanel({ list: new JobList(client), picked: new Picked(), client, commands, trans });
  const market = new MarketPanel(client, trans, new RenderMimeRegistry(), new FakePlace());
  return new Sidebar([jobs, market], trans);
}

it('has a tab for jobs and one for the market, and remembers which was shown', () => {
  const sidebar = made();
  expect(sidebar.tabBar.titles.map(title => title.label)).toEqual(['Jobs', 'Market']);
  expect(sidebar.currentIndex).toBe(0);
  sidebar.currentIndex = 1;
  sidebar.dispose();
  const again = made();
  expect(again.currentIndex).toBe(1);
  again.dispose();
  localStorage.setItem('jupyter-cube:tab', 'nonsense');
  expect(made().currentIndex).toBe(0);
});
