/** The sidebar, in JupyterLab and in Notebook 7, and the commands that show it. */

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { settingsIcon } from '@jupyterlab/ui-components';

import { CommandIDs } from '../commands';
import { cubeIcon } from '../icon';
import { addJobCommands } from '../jobs/commands';
import { Picked } from '../jobs/picked';
import { JobsPanel } from '../jobs/widget';
import { addMarketCommands } from '../market/commands';
import { MarketPanel } from '../market/widget';
import { ICubeClient, IJobList } from '../tokens';
import { Sidebar } from './widget';

const SETTINGS_EDITOR = 'settingeditor:open'; // Jupyter's

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
    const category = trans.__('Cube');
    const picked = new Picked();
    const jobs = new JobsPanel({ list, picked, client, commands, trans });
    const market = new MarketPanel(client, trans, rendermime, { commands, services, shell });
    const widget = new Sidebar([jobs, market], trans);
    shell.add(widget, 'left', { rank: 520, type: 'Cube' });
    restorer?.add(widget, widget.id);
    const show = (command: string, label: string, caption: string, panel: JobsPanel | MarketPanel): void => {
      commands.addCommand(command, {
        label,
        caption,
        icon: cubeIcon,
        describedBy: { args: NOTHING },
        execute: () => {
          widget.currentWidget = panel;
          shell.activateById(widget.id);
          panel.activate();
        }
      });
      palette?.addItem({ command, category });
    };
    show(CommandIDs.showJobs, trans.__('Jobs'), trans.__('Show the jobs in the sidebar'), jobs);
    show(CommandIDs.showMarket, trans.__('Market'), trans.__('Show datasets, templates and more in the sidebar'), market);
    addJobCommands(commands, palette, { client, list, picked, trans });
    addMarketCommands(market, commands, palette, trans);
    commands.addCommand(CommandIDs.openSettings, {
      label: trans.__('Cube Settings'),
      caption: trans.__('Notifications, status bar and cards'),
      icon: settingsIcon,
      describedBy: { args: NOTHING },
      isEnabled: () => commands.hasCommand(SETTINGS_EDITOR),
      execute: () => commands.execute(SETTINGS_EDITOR, { query: 'Cube' })
    });
    palette?.addItem({ command: CommandIDs.openSettings, category });
  }
};

/** The arguments of a command that has none. */
const NOTHING = { type: 'object', properties: {} };
