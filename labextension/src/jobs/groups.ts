/** The list of jobs as it is read: what runs first, then what waits, then what is over, by day. Functions of values. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { hasEnded, type IListed } from '../listed';
import { stateWord } from '../states';

// making one takes as long as writing hundreds of dates
const THIS_YEAR = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'long' });
const OTHER_YEAR = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });

export interface IGroup {
  readonly label: string;
  readonly jobs: readonly IListed[];
}

/** In groups, each with the newest first; waiting ones in the order in which they came. */
export function groups(jobs: readonly IListed[], now: Date, trans: TranslationBundle): readonly IGroup[] {
  const running: IListed[] = [];
  const waiting: IListed[] = [];
  const ended: IListed[] = [];
  for (const job of jobs) {
    (hasEnded(job) ? ended : job.state === 'WAITING' ? waiting : running).push(job);
  }
  running.sort((one, other) => other.started - one.started);
  waiting.sort((one, other) => one.created - other.created);
  ended.sort((one, other) => over(other) - over(one));
  return [
    { label: trans.__('Running'), jobs: running },
    { label: trans.__('Waiting'), jobs: waiting },
    ...byDay(ended, now, trans)
  ].filter(group => group.jobs.length > 0);
}

/** A job that never ran has no end of its own. */
function over({ ended, created }: IListed): number {
  return ended === 0 ? created : ended;
}

function byDay(ended: readonly IListed[], now: Date, trans: TranslationBundle): readonly IGroup[] {
  const days: { label: string; until: number; jobs: IListed[] }[] = [];
  for (const job of ended) {
    const time = over(job) * 1000;
    let day = days.at(-1);
    if (day === undefined || time < day.until) {
      const date = new Date(time);
      day = { label: dayWord(date, now, trans), until: date.setHours(0, 0, 0, 0), jobs: [] };
      days.push(day);
    }
    day.jobs.push(job);
  }
  return days;
}

function dayWord(date: Date, now: Date, trans: TranslationBundle): string {
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  switch (date.toDateString()) {
    case now.toDateString():
      return trans.__('Today');
    case yesterday.toDateString():
      return trans.__('Yesterday');
    default:
      return (date.getFullYear() === now.getFullYear() ? THIS_YEAR : OTHER_YEAR).format(date);
  }
}

/** All words are found in its name, its tags or its notebook, or begin its id or the word for its state. */
export function matching(jobs: readonly IListed[], filter: string, trans: TranslationBundle): readonly IListed[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return jobs;
  }
  return jobs.filter(job => {
    const texts = [job.name, job.notebook, ...job.tags].map(text => text.toLowerCase());
    const begins = [job.id, stateWord(job.state, trans).toLowerCase()];
    return words.every(word => texts.some(text => text.includes(word)) || begins.some(text => text.startsWith(word)));
  });
}

/** `2 running, 1 waiting`; empty where nothing is alive. */
export function aliveWords(jobs: readonly IListed[], trans: TranslationBundle): string {
  const waiting = jobs.filter(({ state }) => state === 'WAITING').length;
  const running = jobs.filter(job => !hasEnded(job)).length - waiting;
  return [
    running > 0 ? trans.__('%1 running', running) : '',
    waiting > 0 ? trans.__('%1 waiting', waiting) : ''
  ]
    .filter(Boolean)
    .join(', ');
}
