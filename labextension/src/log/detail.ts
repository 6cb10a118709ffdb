/** How much of each line is shown. */

export interface IDetail {
  /** After the job's start, by the clock, or not at all. */
  readonly time: 'relative' | 'absolute' | 'off';
  readonly task: boolean;
  readonly attempt: boolean;
  readonly wrap: boolean;
}

export const USUAL: IDetail = { time: 'absolute', task: true, attempt: false, wrap: false };
