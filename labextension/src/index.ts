/** What JupyterLab and Notebook 7 are given. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { CubeClient } from './client';
import { cards } from './job/plugin';
import { jobs } from './jobs/plugin';
import { log } from './log/plugin';
import { settings } from './settings';
import { sidebar } from './sidebar/plugin';
import { ICubeClient } from './tokens';

const client: JupyterFrontEndPlugin<ICubeClient> = {
  id: 'jupyter-cube:client',
  description: 'Asks the server extension.',
  autoStart: true,
  provides: ICubeClient,
  activate: ({ serviceManager }: JupyterFrontEnd) => new CubeClient(serviceManager.serverSettings)
};

export default [client, settings, cards, ...jobs, log, sidebar];
