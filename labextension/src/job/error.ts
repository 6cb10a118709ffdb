/** What has gone wrong, as text for somebody who helps. */

import { Clipboard } from '@jupyterlab/apputils';
import type { IMimeBundle } from '@jupyterlab/nbformat';
import type { TranslationBundle } from '@jupyterlab/translation';

import { textOf } from '../log/ansi';
import { ALL, LogSource } from '../log/ask';
import { refusal } from '../request';
import type { ICubeClient } from '../tokens';
import { MIME, type IJob } from './job';
import { failedTask, parse, taskCount } from './model';
import { jobWords } from './words';

const LINES = 100; // enough for most tracebacks
const WIDTH = 2000; // characters of a line, which nobody reads to its end

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
  const lines = await lastLines(client, job).catch((error: unknown) => {
    refusal(error);
    return job.tail; // the few that are there are better than none
  });
  const head = `${job.name} (${job.id}) ${jobWords(job, 0, trans)}`;
  const text = [
    job.reason === '' ? head : `${head}: ${job.reason}`,
    ...lines.map(line => (line.task === '' ? line.text : `${line.task} │ ${line.text}`))
  ];
  Clipboard.copyToSystem(text.map(line => `${line}\n`).join(''));
  return true;
}

/** Each with its task where the job has several. */
async function lastLines(client: ICubeClient, job: IJob): Promise<readonly { task: string; text: string }[]> {
  const of = failedTask(job);
  const filter = { ...ALL, tasks: of === '' ? null : [of] };
  const { rows } = await new LogSource(job.id, client).part(filter, 'end', 'back', { lines: LINES, width: WIDTH });
  const isNamed = taskCount(job) > 1;
  return rows.flatMap(row => {
    const rest = row.kind === 'line' && row.length > row.text.length ? '…' : '';
    return row.kind === 'line' ? [{ task: isNamed ? row.task : '', text: textOf(row.text) + rest }] : [];
  });
}
