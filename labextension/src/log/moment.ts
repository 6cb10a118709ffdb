/** Times of a log, as they are shown and as they are typed. */

/** What a typed time may refer to; seconds since the epoch, 0 where there is none. */
export interface IOccasions {
  readonly started: number;
  readonly ended: number;
  /** When the first task failed. */
  readonly failed: number;
  readonly now: number;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };
const SPAN = /^[-+]?\s*(\d+(?:\.\d+)?)\s*(s|m|h|d|secs?|seconds?|mins?|minutes?|hours?|days?)\b\s*(.*)$/i;
const CLOCK = /^(?:(\d{4})-(\d\d?)-(\d\d?)[ t]+)?(\d\d?):(\d\d)(?::(\d\d(?:\.\d+)?))?$/i;

/**
 * A typed time in seconds since the epoch, or null where it is none: `14:02`, `14:02:11`, `2026-11-24 14:02`,
 * `3 min before failure`, `10 s after start`, `5 min ago`.
 */
export function momentOf(typed: string, occasions: IOccasions): number | null {
  const text = typed.trim();
  const clock = CLOCK.exec(text);
  if (clock !== null) {
    return atClock(clock, occasions);
  }
  const span = SPAN.exec(text);
  if (span === null) {
    return null;
  }
  const [, amount = '', unit = '', rest = ''] = span;
  const seconds = Number(amount) * (UNITS[unit.charAt(0).toLowerCase()] ?? 0);
  const words = rest.toLowerCase().split(/\s+/).filter(word => word !== '' && word !== 'the');
  const [side = text.startsWith('-') ? 'before' : text.startsWith('+') ? 'after' : 'ago', what = ''] = words;
  const base = baseOf(side, what, occasions);
  if (base === 0 || words.length > 2) {
    return null;
  }
  switch (side) {
    case 'after':
      return base + seconds;
    case 'before':
    case 'ago':
      return base - seconds;
    default:
      return null;
  }
}

/** Without a word, after the start and before the end. */
function baseOf(side: string, what: string, { started, ended, failed, now }: IOccasions): number {
  switch (what) {
    case '':
      return side === 'after' ? started : side === 'ago' ? now : ended || now;
    case 'start':
    case 'begin':
      return started;
    case 'end':
      return ended || now;
    case 'failure':
    case 'error':
      return failed;
    case 'now':
      return now;
    default:
      return 0;
  }
}

/** Without a date, the last such time of the job that is not after its end. */
function atClock(match: RegExpExecArray, { started, ended, now }: IOccasions): number | null {
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number
  ];
  if (hour > 23 || minute > 59 || second >= 60) {
    return null;
  }
  const last = ended || now;
  const date = new Date(last * 1000);
  if (match[1] !== undefined) {
    date.setFullYear(year, month - 1, day);
  }
  date.setHours(hour, minute, Math.floor(second) || 0, 0);
  const found = date.getTime() / 1000;
  return match[1] === undefined && found > last && found - 86400 >= started - 60 ? found - 86400 : found;
}

/** `14:02:11`, the second on which somebody looks. */
export function clockOf(milliseconds: number): string {
  const date = new Date(milliseconds);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':');
}

/** `0:41.2`, `1:02:03.4` after the job's start. */
export function sinceStart(milliseconds: number, started: number): string {
  const tenths = Math.round((milliseconds - started * 1000) / 100);
  const rest = Math.abs(tenths);
  const [hours, minutes, seconds] = [Math.floor(rest / 36_000), Math.floor(rest / 600) % 60, Math.floor(rest / 10) % 60];
  const two = (part: number): string => String(part).padStart(2, '0');
  const clock = hours > 0 ? `${String(hours)}:${two(minutes)}:${two(seconds)}` : `${String(minutes)}:${two(seconds)}`;
  return `${tenths < 0 ? '-' : ''}${clock}.${String(rest % 10)}`;
}
