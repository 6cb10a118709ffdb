/** From a stored record of anybody's making to a job that can be shown. Functions of values; they touch no page. */

import { FINAL, STATES, type State } from '../states';
import { VERSION, type ICount, type IHold, type IJob, type ILine, type IRole, type ITasks } from './job';

/** More tasks than this in all are shown as counts. */
export const MARKS = 64;

export type Parsed =
  | { readonly kind: 'job'; readonly job: IJob }
  | { readonly kind: 'newer'; readonly version: number }
  | { readonly kind: 'damaged'; readonly field: string };

/** A field is not what it should be. */
class FieldError extends Error {}

/** The job that a record tells of, or why it cannot be shown. */
export function parse(record: unknown): Parsed {
  try {
    const fields = object(record, 'record');
    const version = whole(fields['version'], 'version');
    return version > VERSION ? { kind: 'newer', version } : { kind: 'job', job: job(fields) };
  } catch (error) {
    if (error instanceof FieldError) {
      return { kind: 'damaged', field: error.message };
    }
    throw error;
  }
}

/** How long it ran, in seconds, where `later` have passed since all of this was true; null where it has not begun. */
export function elapsed(job: IJob, later = 0): number | null {
  return job.started === 0 ? null : (job.ended === 0 ? job.asOf + later : job.ended) - job.started;
}

/** The stored record tells of another moment than the end, which is known now. */
export function isOutdated(stored: IJob, now: IJob): boolean {
  return isFinal(now) && (stored.state !== now.state || stored.ended !== now.ended);
}

export function isFinal({ state }: IJob): boolean {
  return FINAL.includes(state);
}

/** `0:41`, `12:03`, `3:20:05`; days in front from the second on. */
export function clock(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds));
  const days = Math.floor(left / 86400);
  const hours = Math.floor(left / 3600) % 24;
  const two = (number: number): string => String(number).padStart(2, '0');
  const minutes = Math.floor(left / 60) % 60;
  const time = hours > 0 || days > 0 ? `${String(hours)}:${two(minutes)}` : String(minutes);
  return `${days > 0 ? `${String(days)} d ` : ''}${time}:${two(left % 60)}`;
}

/** The task that a failed job's lines are of; empty where it has one task, or nobody knows. */
export function failedTask(job: IJob): string {
  return isFinal(job) ? (job.tail[0]?.task ?? '') : '';
}

/** How many tasks it has. */
export function taskCount(job: ITasks): number {
  return job.roles.flatMap(({ counts }) => counts).reduce((sum, { count }) => sum + count, 0);
}

/** A moment in local time: `14:02:11`, and the day where it is not the day of `now`. */
export function moment(seconds: number, now: Date): string {
  const date = new Date(seconds * 1000);
  return date.toDateString() === now.toDateString()
    ? date.toLocaleTimeString(undefined, { hourCycle: 'h23' })
    : date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' });
}

/** Where all tasks are in the job's own state, it says all that there is to say of them. */
export function uniform(job: ITasks): boolean {
  return job.roles.every(role => role.counts.every(({ state }) => state === job.state));
}

function job(fields: Readonly<Record<string, unknown>>): IJob {
  const roles = Object.entries(object(fields['tasks'], 'tasks')).map(([name, states]) => role(name, states));
  const total = roles.flatMap(({ counts }) => counts).reduce((sum, { count }) => sum + count, 0);
  const shown = total <= MARKS ? roles : roles.map(one => ({ ...one, tasks: null }));
  return {
    id: text(fields['id'], 'id'),
    name: text(fields['name'], 'name'),
    state: state(fields['state'], 'state'),
    reason: text(fields['reason'] ?? '', 'reason'),
    started: seconds(fields['started'] ?? 0, 'started'),
    ended: seconds(fields['ended'] ?? 0, 'ended'),
    asOf: seconds(fields['as_of'], 'as_of'),
    roles: shown,
    tail: tail(fields, roles, total),
    size: fields['size'] === undefined ? null : whole(fields['size'], 'size'),
    held: list(fields['held'] ?? [], 'held').map(hold),
    enter: text(fields['enter'] ?? '', 'enter'),
    next: texts(fields['next'] ?? [], 'next')
  };
}

/** A role's states: runs of `[state, how many]` in the order of its tasks, or where they are many `{state: how many}`. */
function role(name: string, states: unknown): IRole {
  const place = `tasks.${name}`;
  const inOrder = Array.isArray(states);
  const pairs: unknown[] = inOrder ? states : Object.entries(object(states, place));
  const runs = pairs.map(pair => run(pair, place));
  const sums = new Map<State, number>();
  for (const { state, count } of runs) {
    sums.set(state, (sums.get(state) ?? 0) + count);
  }
  const counts = STATES.flatMap(state => {
    const count = sums.get(state);
    return count === undefined ? [] : [{ state, count }];
  });
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  if (!inOrder || total > MARKS) {
    return { name, counts, tasks: null };
  }
  const tasks = runs
    .flatMap(({ state, count }) => Array.from({ length: count }, () => state))
    .map((state, index) => ({ name: `${name}-${String(index)}`, state }));
  return { name, counts, tasks };
}

function run(pair: unknown, place: string): ICount {
  if (!Array.isArray(pair) || pair.length !== 2) {
    throw new FieldError(place);
  }
  const [word, count] = pair as [unknown, unknown];
  return { state: state(word, place), count: whole(count, place) };
}

/** The last lines, each with its place in the log where as many places are told as lines. */
function tail(fields: Readonly<Record<string, unknown>>, roles: readonly IRole[], total: number): readonly ILine[] {
  const lines = texts(fields['tail'], 'tail').map(line => split(line, roles, total));
  const cursors = list(fields['cursors'] ?? [], 'cursors').map(cursor => whole(cursor, 'cursors'));
  return lines.map((line, number) => ({
    ...line,
    cursor: cursors.length === lines.length ? (cursors[number] ?? null) : null
  }));
}

function hold(pair: unknown): IHold {
  const [task, until] = list(pair, 'held');
  return { task: text(task, 'held'), until: seconds(until, 'held') };
}

/** A line of a job with several tasks has its task in front: `worker-0 │ epoch 3`. */
function split(line: string, roles: readonly IRole[], total: number): Omit<ILine, 'cursor'> {
  const [task = '', ...rest] = line.split(' │ ');
  const known = total > 1 && roles.some(({ name }) => task.replace(/-\d+$/, '') === name);
  return known && rest.length > 0 ? { task, text: rest.join(' │ ') } : { task: '', text: line };
}

function object(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FieldError(place);
  }
  return value as Readonly<Record<string, unknown>>;
}

function text(value: unknown, place: string): string {
  if (typeof value !== 'string') {
    throw new FieldError(place);
  }
  return value;
}

function list(value: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw new FieldError(place);
  }
  return value;
}

function texts(value: unknown, place: string): readonly string[] {
  return list(value, place).map(one => text(one, place));
}

function state(value: unknown, place: string): State {
  const found = STATES.find(one => one === value);
  if (found === undefined) {
    throw new FieldError(place);
  }
  return found;
}

function whole(value: unknown, place: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new FieldError(place);
  }
  return value;
}

function seconds(value: unknown, place: string): number {
  // a moment that no Date can hold would fail where it is shown
  if (typeof value !== 'number' || !(value >= 0 && value <= 8.64e12)) {
    throw new FieldError(place);
  }
  return value;
}
