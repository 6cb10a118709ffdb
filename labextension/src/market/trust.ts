/** The question whether an item of somebody else may run. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { createElement } from 'react';

import { Allowance } from './allowance';
import type { IItem } from './item';

/** It says what is known: who wrote it is what anybody may claim, who put it there and what it holds is not. */
export async function askTrust(item: IItem, trans: TranslationBundle): Promise<boolean> {
  const result = await showDialog({
    title: trans.__('Allow %1 %2 to run?', item.name, item.version),
    body: ReactWidget.create(createElement(Allowance, { item, trans })),
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.okButton({ label: trans.__('Allow') })],
    defaultButton: 0
  });
  return result.button.accept;
}
