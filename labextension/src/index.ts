/** What JupyterLab and Notebook 7 are given: a renderer of stored jobs that asks the server how they are now. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { CubeClient } from './client';
import { ICubeClient, MIME } from './tokens';
import { JobCard } from './widget';

const client: JupyterFrontEndPlugin<ICubeClient> = {
  id: 'jupyter-cube:client',
  description: 'Asks the server about jobs.',
  autoStart: true,
  provides: ICubeClient,
  activate: ({ serviceManager }: JupyterFrontEnd) => new CubeClient(serviceManager.serverSettings)
};

const cards: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-cube:job',
  description: 'Shows the job of a cell as a card.',
  autoStart: true,
  requires: [IRenderMimeRegistry, ICubeClient],
  activate: (_app: JupyterFrontEnd, rendermime: IRenderMimeRegistry, client: ICubeClient) => {
    rendermime.addFactory(
      {
        safe: true, // untrusted notebooks show the card, too: it runs nothing and takes no address from the record
        mimeTypes: [MIME],
        createRenderer: options => new JobCard(options, client)
      },
      40 // before text/html, which has 50
    );
  }
};

export default [client, cards];
