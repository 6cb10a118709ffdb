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
  const add = (command: string, label: string, act: () => void): void => {
    commands.addCommand(command, {
      label,
      execute: async () => {
        await commands.execute(CommandIDs.showMarket);
        act();
      }
    });
    palette?.addItem({ command, category: trans.__('Cube') });
  };
  add(CommandIDs.searchMarket, trans.__('Search the Market'), () => {
    panel.find();
  });
  add(CommandIDs.newDataset, trans.__('New Dataset from URL'), () => {
    panel.market.show('dataset');
  });
  add(CommandIDs.refreshSources, trans.__('Refresh Sources of the Market'), () => {
    panel.market.show('refresh');
  });
}
