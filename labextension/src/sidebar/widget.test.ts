import { RenderMimeRegistry } from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { expect, it } from 'vitest';

import { JobList } from '../jobs/model';
import { Picked } from '../jobs/picked';
import { JobsPanel } from '../jobs/widget';
import type { IPlace } from '../market/notebooks';
import { MarketPanel } from '../market/widget';
import { FakeClient } from '../testing/client';
import { Sidebar } from './widget';

it('has a tab for jobs and one for the market', () => {
  const trans = nullTranslator.load('jupyter_cube');
  const client = new FakeClient();
  const commands = new CommandRegistry();
  const jobs = new JobsPanel({ list: new JobList(client), picked: new Picked(), client, commands, trans });
  const nothing = { activateById: (): void => undefined, currentWidget: null, widgets: (): [] => [] };
  const place = { shell: nothing, commands, services: {} } as unknown as IPlace;
  const market = new MarketPanel(client, trans, new RenderMimeRegistry(), place);
  const sidebar = new Sidebar([jobs, market], trans);
  expect(sidebar.tabBar.titles.map(title => title.label)).toEqual(['Jobs', 'Market']);
  sidebar.dispose();
});
