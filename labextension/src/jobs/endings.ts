/** Which jobs have ended that nobody looks at. */

import { hasEnded, type IListed } from '../listed';
import type { IJobs } from '../tokens';

/** It compares what is known now with what was before; jobs that had ended before the first look are nobody's news. */
export class Endings {
  /** Those that have ended since the last look. */
  look({ link, jobs, ahead }: IJobs): readonly IListed[] {
    if (link !== 'live') {
      return [];
    }
    const now = Date.now() / 1000 + ahead;
    const since = this._since ?? Infinity;
    this._since ??= now;
    const ended = jobs.filter(
      job => hasEnded(job) && (this._alive.has(job.id) || (!this._ended.has(job.id) && job.created >= since))
    );
    this._alive = new Set(jobs.filter(job => !hasEnded(job)).map(({ id }) => id));
    this._ended = new Set(jobs.filter(hasEnded).map(({ id }) => id));
    return ended.filter(({ state }) => state !== 'STOPPED'); // who stops a job knows
  }

  private _alive: ReadonlySet<string> = new Set();
  private _ended: ReadonlySet<string> = new Set();
  private _since: number | null = null;
}
