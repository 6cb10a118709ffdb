/** Cells' outputs that hold a job become cards. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { CommandIDs } from '../commands';
import { ICubeSettings } from '../settings';
import { ICubeClient } from '../tokens';
import { MIME } from './job';
import { JobCard, type IDoors } from './widget';

const TERMINAL = 'terminal:create-new'; // Notebook 7 opens a page with it, into which nothing can be written

export const cards: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-cube:job',
  description: 'Shows the job of a cell as a card.',
  autoStart: true,
  requires: [IRenderMimeRegistry, ICubeClient, ICubeSettings],
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    client: ICubeClient,
    settings: ICubeSettings
  ) => {
    rendermime.addFactory(
      {
        safe: true, // untrusted notebooks show the card, too: it runs nothing and takes no address from the record
        mimeTypes: [MIME],
        createRenderer: options => new JobCard(options, client, doors(app), settings)
      },
      40 // before text/html, which has 50
    );
  }
};

/** Each is looked for when it is drawn: a page that is restored shows its cards before all commands are there. */
function doors({ commands, name, shell }: JupyterFrontEnd): IDoors {
  return {
    get log(): IDoors['log'] {
      return commands.hasCommand(CommandIDs.openLog)
        ? (job, cursor): void => {
            void commands.execute(CommandIDs.openLog, cursor === null ? { job } : { job, cursor });
          }
        : null;
    },
    get terminal(): IDoors['terminal'] {
      return name === 'JupyterLab' && commands.hasCommand(TERMINAL)
        ? (command): void => {
            void commands.execute(TERMINAL).then(type(command));
          }
        : null;
    },
    isWriter: (card): boolean => {
      const documents = Array.from(shell.widgets('main')).filter(({ node }) => node.contains(card));
      return documents.every(isFirst);
    }
  };
}

/** What is needed of a widget of a document, which may be edited by several people at once. */
interface IDocument {
  readonly context?: { readonly model?: { readonly sharedModel?: { readonly awareness?: IAwareness } } };
}

/** Who has the document open, by numbers on which all of them agree. */
interface IAwareness {
  readonly clientID: number;
  getStates(): ReadonlyMap<number, unknown>;
}

function isFirst(widget: unknown): boolean {
  const awareness = (widget as IDocument).context?.model?.sharedModel?.awareness;
  return awareness === undefined || Array.from(awareness.getStates().keys()).every(id => id >= awareness.clientID);
}

/** What is needed of a terminal's widget. */
interface ITerminal {
  readonly content: { readonly session: { send(message: { type: 'stdin'; content: string[] }): void } };
}

function type(command: string): (terminal: unknown) => void {
  return terminal => {
    (terminal as ITerminal).content.session.send({ type: 'stdin', content: [`${command}\r`] });
  };
}
