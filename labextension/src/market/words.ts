/** Kinds, mistakes and answers in words. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ApiError } from '../request';
import type { Fault } from './form';
import type { Kind } from './item';
import type { Outcome } from './market';

/** What shows words needs the translator. */
export interface ITranslated {
  readonly trans: TranslationBundle;
}

export function kindWord(kind: Kind, trans: TranslationBundle): string {
  switch (kind) {
    case 'dataset':
      return trans.__('dataset');
    case 'prerequisite':
      return trans.__('prerequisite');
    case 'job':
      return trans.__('job template');
    case 'notebook':
      return trans.__('notebook template');
    case 'storage':
      return trans.__('storage');
  }
}

export function kindsWord(kind: Kind, trans: TranslationBundle): string {
  switch (kind) {
    case 'dataset':
      return trans.__('Datasets');
    case 'prerequisite':
      return trans.__('Prerequisites');
    case 'job':
      return trans.__('Job templates');
    case 'notebook':
      return trans.__('Notebook templates');
    case 'storage':
      return trans.__('Storages');
  }
}

export function faultWords(fault: Fault, trans: TranslationBundle): string {
  switch (fault.why) {
    case 'missing':
      return trans.__('This must be filled in.');
    case 'number':
      return trans.__('This must be a number.');
    case 'whole':
      return trans.__('This must be a whole number.');
    case 'least':
      return trans.__('The least is %1.', fault.limit);
    case 'most':
      return trans.__('The most is %1.', fault.limit);
  }
}

/** Why the server did not answer as wanted, and what to do. */
export function refusalWords({ kind, message }: ApiError, trans: TranslationBundle): string {
  switch (kind) {
    case 'absent':
      return trans.__(
        'This server has no jupyter-cube. Install it where the server runs (pip install jupyter-cube), then restart the server.'
      );
    case 'unreachable':
      return trans.__('The server does not answer. Look whether it still runs, then try again.');
    case 'refused':
    case 'unknown':
      return message;
  }
}

export function outcomeWords(outcome: Outcome, trans: TranslationBundle): string {
  switch (outcome.is) {
    case 'cell':
      return trans.__('The cell is in %1. Run it with Shift+Enter.', outcome.path);
    case 'copy':
      return trans.__('The copy is %1.', outcome.path);
    case 'declined':
      return trans.__('Nothing was done: %1 is not allowed.', outcome.name);
    case 'refused':
      return outcome.message;
  }
}
