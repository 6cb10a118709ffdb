/** Tells that jobs have ended that nobody looks at. */

import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import { CommandIDs } from '../commands';
import { clock } from '../job/model';
import { countWords } from '../job/words';
import type { IListed } from '../listed';
import type { IChosen } from '../settings';
import { STATES, stateWord } from '../states';
import type { ICubeClient, IJobList } from '../tokens';
import { Endings } from './endings';

const TOGETHER = 1000; // milliseconds in which several ends become one notice
const SHOWN = 8000; // milliseconds until a good one goes by itself
const LONGEST = 130; // characters; Jupyter cuts longer notices

interface IOptions {
  readonly list: IJobList;
  readonly client: ICubeClient;
  readonly commands: CommandRegistry;
  readonly chosen: () => IChosen;
  readonly trans: TranslationBundle;
}

/** It watches the jobs for as long as the page lives. */
export function tellEnds({ list, client, commands, chosen, trans }: IOptions): void {
  const endings = new Endings();
  let pending: IListed[] = [];
  list.watch();
  list.changed.connect(() => {
    const ended = endings.look(list.now).filter(job => isNews(job, chosen(), client));
    if (ended.length > 0 && pending.length === 0) {
      setTimeout(() => {
        tell(pending, commands, trans);
        pending = [];
      }, TOGETHER);
    }
    pending.push(...ended);
  });
}

/** Nobody has seen it, as far as can be known. */
function isNews({ id }: IListed, { notify }: IChosen, client: ICubeClient): boolean {
  return notify === 'always' || (notify === 'away' && (document.hidden || !client.follows(id)));
}

function tell(ended: readonly IListed[], commands: CommandRegistry, trans: TranslationBundle): void {
  const isBad = ended.some(({ state }) => state !== 'SUCCEEDED');
  const [only, ...others] = ended;
  const hasLog = only !== undefined && others.length === 0 && commands.hasCommand(CommandIDs.openLog);
  const [label, command] = hasLog
    ? [trans.__('Open log'), CommandIDs.openLog]
    : [trans.__('Show jobs'), CommandIDs.showJobs];
  Notification.emit(cut(endWords(ended, trans)), isBad ? 'error' : 'success', {
    autoClose: isBad || document.hidden ? false : SHOWN,
    actions: [{ label, callback: (): void => void commands.execute(command, { job: only?.id ?? '' }) }]
  });
}

/** `train failed after 0:41: worker-1 exit 1`, `3 jobs have ended: 1 failed, 2 succeeded`. */
function endWords(ended: readonly IListed[], trans: TranslationBundle): string {
  const [only, ...others] = ended;
  if (only === undefined || others.length > 0) {
    const counts = STATES.map(state => ({ state, count: ended.filter(job => job.state === state).length }));
    const words = countWords(
      counts.filter(({ count }) => count > 0),
      trans
    );
    return trans.__('%1 jobs have ended: %2', ended.length, words);
  }
  const word = stateWord(only.state, trans);
  const ran = only.started === 0 ? '' : clock(only.ended - only.started);
  const words = ran === '' ? `${only.name} ${word}` : trans.__('%1 %2 after %3', only.name, word, ran);
  return only.state === 'SUCCEEDED' || only.reason === '' ? words : `${words}: ${only.reason}`;
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
