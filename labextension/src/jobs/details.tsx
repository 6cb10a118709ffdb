/** What is known of a job, below its row. */

import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { useEffect, useState, type JSX, type ReactNode } from 'react';

import { CommandIDs } from '../commands';
import { NO_FACTS } from '../job/job';
import { Roles } from '../job/marks';
import { clock, moment } from '../job/model';
import { hasEnded, type IListed } from '../listed';
import { ApiError, refusal } from '../request';
import type { ICubeClient } from '../tokens';
import { describe, type IDescribed } from './described';
import { Papers } from './papers';

const SHORT = 6; // characters of an id, which are accepted everywhere

interface IDetails {
  readonly job: IListed;
  readonly client: ICubeClient;
  readonly commands: CommandRegistry;
  readonly ahead: number;
  readonly trans: TranslationBundle;
}

export function Details({ job, client, commands, ahead, trans }: IDetails): JSX.Element {
  const [known, setKnown] = useState<IDescribed | ApiError | null>(null);
  useEffect(() => {
    let isWanted = true;
    void describe(client, job.id).then(
      found => {
        if (isWanted) {
          setKnown(found);
        }
      },
      (error: unknown) => {
        const fault = refusal(error);
        if (isWanted) {
          setKnown(before => before ?? fault);
        }
      }
    );
    return (): void => {
      isWanted = false;
    };
  }, [client, job]); // another value of the same job is news of it
  const all = known instanceof ApiError ? null : known;
  const now = new Date();
  const ran = job.started === 0 || !hasEnded(job) ? '' : clock(job.ended - job.started);
  const time = (seconds: number): string => (seconds === 0 ? '' : moment(seconds - ahead, now));
  return (
    <section className="cube-Details" aria-label={trans.__('Details of %1', job.name)}>
      {all !== null && (
        <div className="cube-Details-tasks">
          <Roles job={{ state: job.state, asOf: 0, roles: all.roles }} facts={NO_FACTS} trans={trans} />
        </div>
      )}
      <dl className="cube-Details-facts">
        <Fact name={trans.__('Id')}>
          <code title={job.id}>{job.id.slice(0, SHORT)}</code>{' '}
          <button
            type="button"
            className="cube-Action"
            title={trans.__('Copy the whole id')}
            aria-label={trans.__('Copy the whole id')}
            onClick={() => {
              Clipboard.copyToSystem(job.id);
            }}
          >
            <copyIcon.react tag="span" width="14px" height="14px" />
          </button>
        </Fact>
        <Fact name={trans.__('Submitted')}>{time(job.created)}</Fact>
        <Fact name={trans.__('Started')}>{time(job.started)}</Fact>
        <Fact name={trans.__('Ended')}>{ran === '' ? time(job.ended) : trans.__('%1, after %2', time(job.ended), ran)}</Fact>
        <Fact name={trans.__('Tags')}>{job.tags.join(', ')}</Fact>
        <Fact name={trans.__('Notebook')}>{job.notebook}</Fact>
        <Fact name={trans.__('Folder')}>{all?.cwd}</Fact>
        <Fact name={trans.__('Items')}>{all?.items.join(', ')}</Fact>
        <Fact name={trans.__('Attempt')}>{all !== null && all.attempt > 1 ? all.attempt : ''}</Fact>
        <Fact name={trans.__('Backend')}>{all?.backend === 'local' ? '' : all?.backend}</Fact>
      </dl>
      {known instanceof ApiError && (
        <p className="cube-Details-fault" role="alert">
          {known.message}
        </p>
      )}
      <Papers job={job} client={client} trans={trans}>
        {commands.hasCommand(CommandIDs.openLog) && (
          <button
            type="button"
            className="cube-Button"
            onClick={() => void commands.execute(CommandIDs.openLog, { job: job.id })}
          >
            {trans.__('Open log')}
          </button>
        )}
      </Papers>
    </section>
  );
}

/** One line of a table; nothing where there is nothing to say. */
function Fact({ name, children }: { name: string; children: ReactNode }): JSX.Element | null {
  return children === undefined || children === '' ? null : (
    <>
      <dt>{name}</dt>
      <dd>
        <bdi>{children}</bdi>
      </dd>
    </>
  );
}
