import { nullTranslator } from '@jupyterlab/translation';
import { expect, it } from 'vitest';

import { JobsPanel } from '../jobs/widget';
import { MarketPanel } from '../market/widget';
import { RenderMimeRegistry } from '@jupyterlab/rendermime';
import { FakeClient } from '../testing/client';
import { FakePlace } from '../testing/notebooks';
import { Sidebar } from './widget';

it('has a tab for jobs and one for the market', () => {
  const trans = nullTranslator.load('jupyter_cube');
  const client = new FakeClient();
  const sidebar = new Sidebar([new JobsPanel(client, trans), new MarketPanel(client, trans, new RenderMimeRegistry(), new FakePlace())], trans);
  expect(sidebar.tabBar.titles.map(title => title.label)).toEqual(['Jobs', 'Market']);
  sidebar.dispose();
});
