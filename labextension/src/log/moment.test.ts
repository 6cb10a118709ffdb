import { expect, it } from 'vitest';

import { clockOf, momentOf, sinceStart } from './moment';

const day = (clock: string, date = '2026-11-24'): number => new Date(`${date}T${clock}`).getTime() / 1000;
const job = { started: day('13:00:00'), ended: day('14:30:00'), failed: day('14:20:00'), now: day('16:00:00') };

it.each([
  ['14:02', day('14:02:00')],
  ['14:02:11', day('14:02:11')],
  [' 2026-11-23 09:05 ', day('09:05:00', '2026-11-23')],
  ['3 min before failure', day('14:17:00')],
  ['3m before the failure', day('14:17:00')],
  ['-3 min', day('14:27:00')],
  ['+10 s', day('13:00:10')],
  ['10 seconds after start', day('13:00:10')],
  ['1.5 h before end', day('13:00:00')],
  ['5 min ago', day('15:55:00')],
  ['5 min', day('15:55:00')]
])('%s is a time', (typed, when) => {
  expect(momentOf(typed, job)).toBe(when);
});

it.each(['', 'soon', '25:00', '14:61', '14', '3 apples before failure', '3 min before lunch', '3 min over end'])(
  '%j is none',
  typed => {
    expect(momentOf(typed, job)).toBeNull();
  }
);

it('without a failure nothing is before it', () => {
  expect(momentOf('3 min before failure', { ...job, failed: 0 })).toBeNull();
});

it('without a date means the day before where the job ran over midnight', () => {
  const night = { started: day('22:00:00'), ended: day('02:00:00', '2026-11-25'), failed: 0, now: day('09:00:00', '2026-11-25') };
  expect(momentOf('23:30', night)).toBe(day('23:30:00'));
  expect(momentOf('01:30', night)).toBe(day('01:30:00', '2026-11-25'));
});

it('shows times as a person reads them', () => {
  expect(clockOf(day('09:05:07') * 1000)).toBe('09:05:07');
  expect(sinceStart(61_240, 0)).toBe('1:01.2');
  expect(sinceStart(3_723_000, 0)).toBe('1:02:03.0');
  expect(sinceStart(1000, 2)).toBe('-0:01.0');
});
