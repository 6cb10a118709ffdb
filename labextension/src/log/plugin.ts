/** The logs of jobs, each in a tab, and the command that opens them. */

import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, InputDialog, WidgetTracker, showErrorMessage } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { SplitPanel, TabPanel } from '@lumino/widgets';

import { CommandIDs } from '../commands';
import { listed } from '../listed';
import { refusal } from '../request';
import { stateWord } from '../states';
import { ICubeClient } from '../tokens';
import { ALL } from './ask';
import { LogWidget } from './widget';

const LATEST = 50; // jobs that are offered where none was named

export const log: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-cube:log',
  description: 'Shows the logs of jobs.',
  autoStart: true,
  requires: [ICubeClient],
  optional: [ICommandPalette, ILabShell, ILayoutRestorer, ITranslator],
  activate: (
    { commands, shell }: JupyterFrontEnd,
    client: ICubeClient,
    palette: ICommandPalette | null,
    lab: ILabShell | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_cube');
    const tracker = new WidgetTracker<LogWidget>({ namespace: 'jupyter-cube-log' });
    const open = (job: string, cursor: number | null, task: string): LogWidget => {
      const known = tracker.find(widget => widget.model.job === job);
      const widget = known ?? new LogWidget(client, job, cursor, trans);
      if (known === undefined) {
        shell.add(widget, lab === null ? 'down' : 'main');
        void tracker.add(widget);
      } else if (cursor !== null) {
        void widget.model.show(cursor);
      }
      if (task !== '') {
        void widget.model.choose({ ...ALL, tasks: [task] }, cursor ?? 0);
      }
      shell.activateById(widget.id);
      if (lab === null) {
        reveal(widget, known === undefined && tracker.size === 1);
      }
      return widget;
    };
    commands.addCommand(CommandIDs.openLog, {
      label: args => (typeof args['job'] === 'string' ? trans.__('Open Log') : trans.__('Open Log…')),
      caption: trans.__('Show what the tasks of a job have written'),
      execute: async args => {
        const job = typeof args['job'] === 'string' ? args['job'] : await asked(client, trans);
        return job === null ? null : open(job, numberOf(args, 'cursor'), textOf(args, 'task'));
      }
    });
    palette?.addItem({ command: CommandIDs.openLog, category: trans.__('Cube') });
    if (restorer !== null) {
      void restorer.restore(tracker, {
        command: CommandIDs.openLog,
        args: widget => ({ job: widget.model.job }),
        name: widget => widget.model.job
      });
    }
  }
};

/** Notebook 7 has room for one document, and a panel below it for the rest: that shows its first tab, and no height. */
function reveal(widget: LogWidget, isFirst: boolean): void {
  const tabs = widget.parent?.parent;
  if (tabs instanceof TabPanel) {
    tabs.currentWidget = widget;
    if (isFirst && tabs.parent instanceof SplitPanel) {
      tabs.parent.setRelativeSizes([3, 2]);
    }
  }
}

/** The id of the job that a person chooses among the latest; null: none. */
async function asked(client: ICubeClient, trans: TranslationBundle): Promise<string | null> {
  const query = { limit: LATEST, sort: 'created', order: 'desc' };
  const answer = await client.get(['jobs'], query).catch(async (error: unknown) => {
    await showErrorMessage(trans.__('The jobs are not known'), refusal(error).message);
    return null;
  });
  if (answer === null) {
    return null;
  }
  const jobs = (answer as IJobs).jobs.flatMap(record => listed(record) ?? []);
  const items = jobs.map(({ id, name, state }) => `${name}  ${stateWord(state, trans)}  ${id.slice(0, 6)}`);
  if (items.length === 0) {
    await InputDialog.getBoolean({
      title: trans.__('No jobs yet'),
      label: trans.__('Write %%cube submit above a cell, or take a template from the market.'),
      okLabel: trans.__('Close')
    });
    return null;
  }
  const { value } = await InputDialog.getItem({ title: trans.__('Open the log of a job'), items, okLabel: trans.__('Open') });
  return value === null ? null : (jobs[items.indexOf(value)]?.id ?? null);
}

interface IJobs {
  readonly jobs: readonly unknown[];
}

function numberOf(args: ReadonlyPartialJSONObject, name: string): number | null {
  const value = args[name];
  return typeof value === 'number' ? value : null;
}

function textOf(args: ReadonlyPartialJSONObject, name: string): string {
  const value = args[name];
  return typeof value === 'string' ? value : '';
}
