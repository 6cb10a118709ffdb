/** States, times and links in words. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { stateWord } from '../states';
import type { ICount, IFacts, IHold, IJob, IRole, ITask } from './job';
import type { Link } from './live';
import { clock, elapsed } from './model';

/** What shows words needs the translator. */
export interface ITranslated {
  readonly trans: TranslationBundle;
}

/** Why nothing newer is known, where that is news. */
export function linkWords(link: Link, trans: TranslationBundle): string {
  switch (link) {
    case 'none':
    case 'live':
    case 'refused':
      return '';
    case 'lost':
      return trans.__('not connected, retrying');
    case 'unknown':
      return trans.__('unknown on this server');
  }
}

/** `running 2:31`, `failed after 0:41`. */
export function jobWords(job: IJob, later: number, trans: TranslationBundle): string {
  const word = job.held.length > 0 ? trans.__('held') : stateWord(job.state, trans);
  const ran = elapsed(job, later);
  if (ran === null) {
    return word;
  }
  return job.ended === 0 ? `${word} ${clock(ran)}` : trans.__('%1 after %2', word, clock(ran));
}

/** `worker-1 held for 28 min more`. */
export function holdWords({ task, until }: IHold, now: number, trans: TranslationBundle): string {
  const left = until - now;
  if (left <= 0) {
    return trans.__('%1 held to be looked at', task);
  }
  return left < 90
    ? trans.__('%1 held for %2 s more', task, String(Math.round(left)))
    : trans.__('%1 held for %2 min more', task, String(Math.round(left / 60)));
}

/** `worker-1 failed after 0:41, attempt 2, GPU 0, exit 1`. */
export function taskWords(
  { name, state }: ITask,
  facts: IFacts | undefined,
  now: number,
  trans: TranslationBundle
): string {
  const word = `${name} ${stateWord(state, trans)}`;
  if (facts === undefined) {
    return word;
  }
  const { attempt, started, ended, devices, reason } = facts;
  const ran = started === 0 ? '' : clock((ended === 0 ? now : ended) - started);
  return [
    ran === '' ? word : ended === 0 ? `${word} ${ran}` : trans.__('%1 after %2', word, ran),
    attempt > 1 ? trans.__('attempt %1', String(attempt)) : '',
    devices.length > 0 ? trans.__('GPU %1', devices.join(', ')) : '',
    reason
  ]
    .filter(part => part !== '')
    .join(', ');
}

/** A server writes commands as shells take them; here they are read in a notebook. */
export function notebookForm(message: string): string {
  return message.replace(/(?:\bjupyter cube|\S+ -m jupyter_cube) (?=[a-z])/g, '%cube ');
}

/** Where marks stand for the tasks, nobody needs the number of those that are all alike. */
export function roleWords({ counts, tasks }: IRole, trans: TranslationBundle): string {
  const [first, ...others] = counts;
  return tasks !== null && first !== undefined && others.length === 0
    ? stateWord(first.state, trans)
    : countWords(counts, trans);
}

export function countWords(counts: readonly ICount[], trans: TranslationBundle): string {
  return counts.map(({ state, count }) => `${String(count)} ${stateWord(state, trans)}`).join(', ');
}
