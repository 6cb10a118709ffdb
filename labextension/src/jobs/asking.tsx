/** What is asked before an order, and what is said of one that was refused. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSX } from 'react';

import type { IListed } from '../listed';
import type { IRefusal, Order } from './orders';

const MOST = 10; // jobs that a dialog names

/** Deleting cannot be undone, and several jobs are soon stopped by mistake; nothing else is asked for. */
export async function confirmed(order: Order, jobs: readonly IListed[], trans: TranslationBundle): Promise<boolean> {
  const [only, ...others] = jobs;
  if (only === undefined || order === 'retry' || (order === 'stop' && others.length === 0)) {
    return only !== undefined;
  }
  const several = others.length > 0;
  const [title, body, label] =
    order === 'stop'
      ? [trans.__('Stop %1 jobs?', jobs.length), trans.__('What they have not kept is lost.'), trans.__('Stop')]
      : [
          several ? trans.__('Delete %1 jobs?', jobs.length) : trans.__('Delete “%1”?', only.name),
          several
            ? trans.__('Their logs, results and files are deleted, too. This cannot be undone.')
            : trans.__('Its log, results and files are deleted, too. This cannot be undone.'),
          trans.__('Delete')
        ];
  const { button } = await showDialog({
    title,
    body: (
      <div className="cube-Asking">
        <p>{body}</p>
        {several && <Names names={jobs.map(job => job.name)} trans={trans} />}
      </div>
    ),
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label })],
    defaultButton: 0
  });
  return button.accept;
}

/** Say which jobs refused an order, and why. */
export async function tell(
  order: Order,
  refusals: readonly IRefusal[],
  name: (id: string) => string,
  trans: TranslationBundle
): Promise<void> {
  const count = refusals.length;
  const titles: Readonly<Record<Order, string>> = {
    stop: trans._n('%1 job was not stopped', '%1 jobs were not stopped', count),
    retry: trans._n('%1 job was not retried', '%1 jobs were not retried', count),
    delete: trans._n('%1 job was not deleted', '%1 jobs were not deleted', count)
  };
  await showDialog({
    title: titles[order],
    body: (
      <div className="cube-Asking" role="alert">
        <Names names={refusals.map(({ id, message }) => `${name(id)}: ${message}`)} trans={trans} />
      </div>
    ),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}

function Names({ names, trans }: { names: readonly string[]; trans: TranslationBundle }): JSX.Element {
  return (
    <ul>
      {names.slice(0, MOST).map((name, number) => (
        <li key={number}>
          <bdi>{name}</bdi>
        </li>
      ))}
      {names.length > MOST && <li>{trans.__('and %1 more', names.length - MOST)}</li>}
    </ul>
  );
}
