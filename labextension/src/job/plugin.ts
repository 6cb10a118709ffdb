/** Cells' outputs that hold a job become cards. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { ICubeClient } from '../tokens';
import { MIME } from './job';
import { JobCard } from './widget';

export const cards: JupyterFrontEndPlugin<void> = {
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
