/** What has gone wrong, as text for somebody who helps. */

import { Clipboard } from '@jupyterlab/apputils';
import type { IMimeBundle } from '@jupyterlab/nbformat';
import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../request';
import type { ICubeClient } from '../tokens';
import { lastLines, MIME, type IJob, type ILine } from './job';
import { failedTask, parse, taskCount } from './model';
import { jobWords } from './words';

const LINES = 100; // enough for most tracebacks

/** Copy why the job has failed, with the last lines of the task that did; false where that is not known. */
export async function copyError(
  client: ICubeClient,
  output: IMimeBundle | null,
  trans: TranslationBundle
): Promise<boolean> {
  const parsed = parse(output?.[MIME]);
  if (parsed.kind !== 'job') {
    return false;
  }
  const { job } = parsed;
  const asked = { lines: LINES, task: failedTask(job), named: taskCount(job) > 1 };
  const lines = await lastLines(client, job.id, asked).catch((error: unknown) => {
    if (error instanceof ApiError) {
      return job.tail; // the few that are there are better than none
    }
    throw error;
  });
  Clipboard.copyToSystem(errorText(job, lines, trans));
  return true;
}

export function errorText(job: IJob, lines: readonly ILine[], trans: TranslationBundle): string {
  const head = `${job.name} (${job.id}) ${jobWords(job, 0, trans)}`;
  return [
    job.reason === '' ? head : `${head}: ${job.reason}`,
    ...lines.map(({ task, text }) => (task === '' ? text : `${task} │ ${text}`))
  ]
    .map(line => `${line}\n`)
    .join('');
}
