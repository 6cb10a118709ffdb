/** What a person has chosen in the settings editor. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import { Model } from './model';

const ID = 'jupyter-cube:settings'; // of the plugin and of its schema
const NOTIFY = ['away', 'always', 'never'] as const;

export interface IChosen {
  /** When to tell that a job has ended. */
  readonly notify: (typeof NOTIFY)[number];
  /** The status bar shows how many jobs run and wait. */
  readonly status: boolean;
  /** So many lines of the log are in a card to begin with. */
  readonly lines: number;
}

/** What holds where nothing is chosen; the schema says the same. */
export const DEFAULTS: IChosen = Object.freeze({ notify: 'away', status: true, lines: 5 });

/** The settings as they are now. */
export interface ICubeSettings {
  readonly now: IChosen;
  readonly changed: ISignal<ICubeSettings, void>;
}

export const ICubeSettings = new Token<ICubeSettings>('jupyter-cube:ICubeSettings', 'What a person has chosen.');

export class CubeSettings extends Model<IChosen> implements ICubeSettings {
  constructor() {
    super(DEFAULTS);
  }

  /** Take over values of a settings file; a wrong one counts as not chosen. */
  take(values: Readonly<Record<string, unknown>>): void {
    const { notify, status, lines } = values;
    this.set({
      notify: NOTIFY.find(one => one === notify) ?? DEFAULTS.notify,
      status: typeof status === 'boolean' ? status : DEFAULTS.status,
      lines: typeof lines === 'number' && Number.isInteger(lines) && lines >= 1 && lines <= 5 ? lines : DEFAULTS.lines
    });
  }

}

export const settings: JupyterFrontEndPlugin<ICubeSettings> = {
  id: ID,
  description: 'What a person has chosen.',
  autoStart: true,
  optional: [ISettingRegistry],
  provides: ICubeSettings,
  activate: (_app: JupyterFrontEnd, registry: ISettingRegistry | null) => {
    const chosen = new CubeSettings();
    const load = async (from: ISettingRegistry): Promise<void> => {
      const found = await from.load(ID);
      const take = (): void => {
        chosen.take(found.composite);
      };
      found.changed.connect(take);
      take();
    };
    if (registry !== null) {
      load(registry).catch((error: unknown) => {
        console.error('jupyter-cube: its settings cannot be read, the defaults hold', error);
      });
    }
    return chosen;
  }
};
