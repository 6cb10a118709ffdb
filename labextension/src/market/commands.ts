/** The market's commands. */

import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import { CommandIDs } from '../commands';
import type { MarketPanel } from './widget';

export function addMarketCommands(
  panel: MarketPanel,
  commands: CommandRegistry,
  palette: ICommandPalette | null,
  trans: TranslationBundle
): void {
  const add = (command: string, label: string, caption: string, act: () => void): void => {
    commands.addCommand(command, {
      label,
      caption,
      describedBy: { args: NOTHING },
      execute: async () => {
        await commands.execute(CommandIDs.showMarket);
        act();
      }
    });
    palette?.addItem({ command, category: trans.__('Cube') });
  };
  add(CommandIDs.searchMarket, trans.__('Search the Market'), trans.__('Go to the search field of the market'), () => {
    panel.find();
  });
  add(CommandIDs.newDataset, trans.__('New Dataset from URL'), trans.__('Make a dataset of an address or a file'), () => {
    panel.market.show('dataset');
  });
  add(CommandIDs.refreshSources, trans.__('Refresh Sources of the Market'), trans.__('Fetch again what lies elsewhere'), () => {
    panel.market.show('refresh');
  });
}

/** The arguments of a command that has none. */
const NOTHING = { type: 'object', properties: {} };
