/** One job in the list. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { deleteIcon, refreshIcon, stopIcon, textEditorIcon, type LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { memo, type JSX, type MouseEvent, type ReactNode } from 'react';

import { CommandIDs } from '../commands';
import { Mark } from '../job/marks';
import { hasEnded, type IListed } from '../listed';
import { stateWord } from '../states';
import { ORDERS } from './commands';
import { Elapsed, type ITime } from './elapsed';
import { obeys, type Order } from './orders';

interface IRow extends ITime {
  readonly job: IListed;
  readonly isOpen: boolean;
  readonly isPicked: boolean;
  /** It is the one that the Tab key comes to. */
  readonly isCurrent: boolean;
  readonly onClick: (id: string, event: MouseEvent) => void;
  readonly onFocus: (id: string) => void;
  readonly onPick: (id: string) => void;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
  readonly children?: ReactNode;
}

export const Row = memo(function Row({
  job,
  isOpen,
  isPicked,
  isCurrent,
  onClick,
  onFocus,
  onPick,
  ahead,
  isShown,
  commands,
  trans,
  children
}: IRow): JSX.Element {
  const reached = isCurrent ? 0 : -1;
  const why = whyWords(job, trans);
  return (
    <div
      className="cube-Job"
      data-state={job.state}
      data-open={isOpen}
      data-picked={isPicked}
      onFocus={() => {
        onFocus(job.id);
      }}
    >
      <div className="cube-Job-head">
        <input
          type="checkbox"
          className="cube-Job-pick"
          aria-label={trans.__('Pick %1', job.name)}
          checked={isPicked}
          tabIndex={reached}
          onChange={() => {
            onPick(job.id);
          }}
        />
        <button
          type="button"
          className="cube-Job-open"
          data-id={job.id}
          tabIndex={reached}
          aria-expanded={isOpen}
          title={`${job.name} · ${stateWord(job.state, trans)}`}
          onClick={event => {
            onClick(job.id, event);
          }}
        >
          <Mark state={job.state} />
          <bdi className="cube-Job-name">{job.name}</bdi>
          {!why.startsWith(stateWord(job.state, trans)) && (
            <span className="cube-Hidden">{stateWord(job.state, trans)}</span>
          )}
          <span className="cube-Job-time">
            <Elapsed job={job} ahead={ahead} isShown={isShown} />
          </span>
          {why !== '' && (
            <bdi className="cube-Job-why" title={why}>
              {why}
            </bdi>
          )}
        </button>
        <Actions job={job} commands={commands} reached={reached} trans={trans} />
      </div>
      {children}
    </div>
  );
});

/** What a mark does not say by itself: why it waits, and how it ended where that is no success. */
export function whyWords(job: IListed, trans: TranslationBundle): string {
  switch (job.state) {
    case 'WAITING':
    case 'RUNNING':
      return job.reason;
    case 'SUCCEEDED':
      return '';
    case 'STOPPING':
    case 'STOPPED':
    case 'FAILED':
    case 'UNKNOWN': {
      const word = stateWord(job.state, trans);
      return job.reason.startsWith(word) ? job.reason : [word, job.reason].filter(Boolean).join(' · ');
    }
  }
}

interface IActions extends Pick<IRow, 'job' | 'commands' | 'trans'> {
  readonly reached: number;
}

function Actions({ job, commands, reached, trans }: IActions): JSX.Element {
  const orders: readonly [Order, LabIcon, string][] = [
    ['stop', stopIcon, trans.__('Stop')],
    ['retry', refreshIcon, trans.__('Retry')],
    ['delete', deleteIcon, trans.__('Delete…')]
  ];
  return (
    <span className="cube-Job-actions" data-ended={hasEnded(job)}>
      {commands.hasCommand(CommandIDs.openLog) && (
        <Action
          icon={textEditorIcon}
          label={trans.__('Open log')}
          reached={reached}
          run={() => commands.execute(CommandIDs.openLog, { job: job.id })}
        />
      )}
      {orders
        .filter(([order]) => obeys(job, order))
        .map(([order, icon, label]) => (
          <Action
            key={order}
            icon={icon}
            label={label}
            reached={reached}
            run={() => commands.execute(ORDERS[order], { jobs: [job.id] })}
          />
        ))}
    </span>
  );
}

interface IAction {
  readonly icon: LabIcon;
  readonly label: string;
  readonly reached: number;
  readonly run: () => Promise<unknown>;
}

function Action({ icon, label, reached, run }: IAction): JSX.Element {
  return (
    <button
      type="button"
      className="cube-Action"
      aria-label={label}
      title={label}
      tabIndex={reached}
      onClick={({ currentTarget }) => {
        // an order takes its button away
        currentTarget.closest('.cube-Job')?.querySelector<HTMLElement>('.cube-Job-open')?.focus();
        void run();
      }}
    >
      <icon.react tag="span" width="16px" height="16px" />
    </button>
  );
}
