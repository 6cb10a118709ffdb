import { nullTranslator } from '@jupyterlab/translation';
import { expect, it } from 'vitest';

import { JobsPanel } from '../jobs/widget';
import { MarketPanel } from '../market/widget';
import { FakeClient } from '../testing/client';
import { Sidebar } from './widget';

it('has a tab for jobs and one for the market', () => {
  const trans = nullTranslator.load('jupyter_cube');
  const client = new FakeClient();
  const sidebar = new Sidebar([new JobsPanel(client, trans), new MarketPanel(client, trans)], trans);
  expect(sidebar.tabBar.titles.map(title => title.label)).toEqual(['Jobs', 'Market']);
  sidebar.dispose();
});
