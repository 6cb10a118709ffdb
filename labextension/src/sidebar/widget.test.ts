import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { expect, it } from 'vitest';

import { JobList } from '../jobs/model';
import { Picked } from '../jobs/picked';
import { JobsPanel } from '../jobs/widget';
import { MarketPanel } from '../market/widget';
import { FakeClient } from '../testing/client';
import { Sidebar } from './widget';

it('has a tab for jobs and one for the market', () => {
  const trans = nullTranslator.load('jupyter_cube');
  const client = new FakeClient();
  const jobs = new JobsPanel({
    list: new JobList(client),
    picked: new Picked(),
    client,
    commands: new CommandRegistry(),
    trans
  });
  const sidebar = new Sidebar([jobs, new MarketPanel(client, trans)], trans);
  expect(sidebar.tabBar.titles.map(title => title.label)).toEqual(['Jobs', 'Market']);
  sidebar.dispose();
});
