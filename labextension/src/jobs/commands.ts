/** The commands about jobs. */

import { showErrorMessage, type ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { deleteIcon, refreshIcon, stopIcon, type LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandIDs } from '../commands';
import type { IListed } from '../listed';
import { refusal } from '../request';
import type { ICubeClient, IJobList } from '../tokens';
import { confirmed, tell } from './asking';
import { obeys, orderAll, type Order } from './orders';
import type { Picked } from './picked';

export const ORDERS: Readonly<Record<Order, string>> = {
  stop: CommandIDs.stopJobs,
  retry: CommandIDs.retryJobs,
  delete: CommandIDs.deleteJobs
};

interface IKnown {
  readonly client: ICubeClient;
  readonly list: IJobList;
  readonly picked: Picked;
  readonly trans: TranslationBundle;
}

export function addJobCommands(commands: CommandRegistry, palette: ICommandPalette | null, known: IKnown): void {
  const { list, picked, trans } = known;
  const add = (order: Order, icon: LabIcon, label: string, caption: string): void => {
    const command = ORDERS[order];
    commands.addCommand(command, {
      icon,
      label,
      caption,
      describedBy: { args: ARGUMENTS },
      isEnabled: args => meant(args, order, known).length > 0,
      execute: async args => {
        const jobs = meant(args, order, known);
        if (args['confirmed'] === true || (await confirmed(order, jobs, trans))) {
          await carryOut(order, jobs, known);
        }
      }
    });
    palette?.addItem({ command, category: trans.__('Cube') });
  };
  add('stop', stopIcon, trans.__('Stop Picked Jobs'), trans.__('Ask the jobs that are picked in the list to end'));
  add('retry', refreshIcon, trans.__('Retry Picked Jobs'), trans.__('Run the picked jobs again that have failed'));
  add('delete', deleteIcon, trans.__('Delete Picked Jobs…'), trans.__('Delete the picked jobs that have ended'));
  const changed = (): void => {
    if (picked.ids.size > 0) {
      for (const command of Object.values(ORDERS)) {
        commands.notifyCommandChanged(command);
      }
    }
  };
  list.changed.connect(changed);
  picked.changed.connect(changed);
}

const ARGUMENTS = {
  type: 'object',
  properties: {
    jobs: { type: 'array', items: { type: 'string' }, description: 'Ids; default: the picked jobs' },
    confirmed: { type: 'boolean', description: 'Somebody has been asked already' }
  }
};

/** The jobs that are named or picked, and that obey the order. */
function meant(args: ReadonlyPartialJSONObject, order: Order, { list, picked }: IKnown): readonly IListed[] {
  const asked: unknown = args['jobs'];
  const ids: Iterable<unknown> = Array.isArray(asked) ? asked : picked.ids;
  return [...ids].flatMap(id => {
    const job = list.find(String(id));
    return job !== undefined && obeys(job, order) ? [job] : [];
  });
}

async function carryOut(order: Order, jobs: readonly IListed[], { client, picked, trans }: IKnown): Promise<void> {
  try {
    const ids = jobs.map(({ id }) => id);
    const refusals = await orderAll(client, order, ids);
    const refused = new Set(refusals.map(({ id }) => id));
    const obeyed = new Set(ids.filter(id => !refused.has(id)));
    picked.set([...picked.ids].filter(id => !obeyed.has(id)));
    if (refusals.length > 0) {
      await tell(order, refusals, id => jobs.find(job => job.id === id)?.name ?? id, trans);
    }
  } catch (error) {
    const { kind, message } = refusal(error);
    const silent = trans.__('The server does not answer. Try again when it does.');
    await showErrorMessage(trans.__('The order was not carried out'), kind === 'unreachable' ? silent : message);
  }
}
