/** What JupyterLab and Notebook 7 are given: a renderer of stored jobs. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

import { MIME } from './tokens';
import { JobCard } from './widget';

const extension: IRenderMime.IExtension = {
  id: 'jupyter-cube:job',
  description: 'Shows the stored job of a cell as a card.',
  rendererFactory: {
    safe: true, // untrusted notebooks show the card, too: it runs nothing and takes no address from the record
    mimeTypes: [MIME],
    createRenderer: options => new JobCard(options)
  },
  rank: 40, // before text/html, which has 50
  dataType: 'json'
};

export default extension;
