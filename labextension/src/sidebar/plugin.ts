/** The sidebar, in JupyterLab and in Notebook 7, and the commands that show it. */

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { addJobCommands } from '../jobs/commands';
import { Picked } from '../jobs/picked';
import { JobsPanel } from '../jobs/widget';
import { addMarketCommands } from '../market/actions';
import { MarketPanel } from '../market/widget';
import { ICubeClient, IJobList } from '../tokens';
import { Sidebar } from './widget';

export const sidebar: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-cube:sidebar',
  description: 'Jobs and the market beside the notebook.',
  autoStart: true,
  requires: [ICubeClient, IJobList, IRenderMimeRegistry],
  optional: [ICommandPalette, ILayoutRestorer, ITranslator],
  activate: (
    { commands, serviceManager: services, shell }: JupyterFrontEnd,
    client: ICubeClient,
    list: IJobList,
    rendermime: IRenderMimeRegistry,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_cube');
    const picked = new Picked();
    const jobs = new JobsPanel({ list, picked, client, commands, trans });
    const market = new MarketPanel(client, trans, rendermime, { commands, services, shell });
    const widget = new Sidebar([jobs, market], trans);
    shell.add(widget, 'left', { rank: 520 });
    restorer?.add(widget, widget.id);
    const show = (command: string, label: string, panel: JobsPanel | MarketPanel): void => {
      commands.addCommand(command, {
        label,
        execute: () => {
          widget.currentWidget = panel;
          shell.activateById(widget.id);
        }
      });
      palette?.addItem({ command, category: trans.__('Cube') });
    };
    show(CommandIDs.showJobs, trans.__('Show Jobs'), jobs);
    show(CommandIDs.showMarket, trans.__('Show Market'), market);
    addJobCommands(commands, palette, { client, list, picked, trans });
    addMarketCommands(market, commands, palette, trans);
  }
};
