/** All jobs, for whoever shows something of them: beside the list the status bar, the list of what runs, notices. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { ICubeSettings } from '../settings';
import { ICubeClient, IJobList } from '../tokens';
import { JobList } from './model';
import { tellEnds } from './notices';
import { RunningJobs } from './running';
import { JobsStatus } from './status';

const list: JupyterFrontEndPlugin<IJobList> = {
  id: 'jupyter-cube:jobs',
  description: 'All jobs, as the server knows them.',
  autoStart: true,
  requires: [ICubeClient],
  provides: IJobList,
  activate: (_app: JupyterFrontEnd, client: ICubeClient) => new JobList(client)
};

const notices: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-cube:notices',
  description: 'Tells that a job has ended that nobody looks at.',
  autoStart: true,
  requires: [ICubeClient, IJobList, ICubeSettings],
  optional: [ITranslator],
  activate: (
    { commands }: JupyterFrontEnd,
    client: ICubeClient,
    jobs: IJobList,
    settings: ICubeSettings,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_cube');
    tellEnds({ list: jobs, client, commands, chosen: () => settings.now, trans });
  }
};

const status: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-cube:status',
  description: 'How many jobs run and wait, in the status bar.',
  autoStart: true,
  requires: [IJobList, ICubeSettings],
  optional: [IStatusBar, ITranslator],
  activate: (
    { commands }: JupyterFrontEnd,
    jobs: IJobList,
    settings: ICubeSettings,
    bar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    if (bar !== null) {
      const trans = (translator ?? nullTranslator).load('jupyter_cube');
      bar.registerStatusItem('jupyter-cube:status', {
        item: new JobsStatus(jobs, commands, trans),
        align: 'left',
        rank: 100,
        isActive: () => settings.now.status,
        activeStateChanged: settings.changed
      });
    }
  }
};

const running: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-cube:running',
  description: 'The jobs that have not ended, in the list of what runs.',
  autoStart: true,
  requires: [IJobList],
  optional: [IRunningSessionManagers, ITranslator],
  activate: (
    { commands }: JupyterFrontEnd,
    jobs: IJobList,
    managers: IRunningSessionManagers | null,
    translator: ITranslator | null
  ) => {
    managers?.add(new RunningJobs(jobs, commands, (translator ?? nullTranslator).load('jupyter_cube')));
  }
};

export const jobs = [list, notices, status, running];
