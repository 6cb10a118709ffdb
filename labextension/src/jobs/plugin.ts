/** All jobs, for whoever shows something of them. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { ICubeClient, IJobList } from '../tokens';
import { JobList } from './model';

export const jobs: JupyterFrontEndPlugin<IJobList> = {
  id: 'jupyter-cube:jobs',
  description: 'All jobs, as the server knows them.',
  autoStart: true,
  requires: [ICubeClient],
  provides: IJobList,
  activate: (_app: JupyterFrontEnd, client: ICubeClient) => new JobList(client)
};
