/** States, times and links in words. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { State } from '../states';
import type { ICount, IJob, IRole } from './job';
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
  const word = stateWord(job.state, trans);
  const ran = elapsed(job, later);
  if (ran === null) {
    return word;
  }
  return job.ended === 0 ? `${word} ${clock(ran)}` : trans.__('%1 after %2', word, clock(ran));
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

export function stateWord(state: State, trans: TranslationBundle): string {
  switch (state) {
    case 'WAITING':
      return trans.__('waiting');
    case 'RUNNING':
      return trans.__('running');
    case 'STOPPING':
      return trans.__('stopping');
    case 'STOPPED':
      return trans.__('stopped');
    case 'SUCCEEDED':
      return trans.__('succeeded');
    case 'FAILED':
      return trans.__('failed');
    case 'UNKNOWN':
      return trans.__('unknown');
  }
}
