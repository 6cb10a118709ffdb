/** The jobs tab: a filter, orders to what is picked, and the list or why there is none. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { useMemo, useState, type JSX, type ReactNode } from 'react';

import { CommandIDs } from '../commands';
import { hasEnded, type IListed } from '../listed';
import type { ICubeClient, IJobList } from '../tokens';
import { ORDERS } from './commands';
import { aliveWords, groups, matching } from './groups';
import { List } from './list';
import { obeys, type Order } from './orders';
import type { Picked } from './picked';
import { rowsOf } from './rows';

interface IPanel {
  readonly list: IJobList;
  readonly picked: Picked;
  readonly client: ICubeClient;
  readonly commands: CommandRegistry;
  readonly isShown: boolean;
  readonly trans: TranslationBundle;
}

export function Panel({ list, ...given }: IPanel): JSX.Element {
  const { commands, trans } = given;
  const { link, fault, jobs } = list.now;
  switch (link) {
    case 'asking':
      return <Note>{trans.__('Loading jobs…')}</Note>;
    case 'absent':
      return (
        <Note label={trans.__('Try again')} run={() => {
            list.again();
          }}>
          {trans.__('This Jupyter server does not have jupyter-cube. Where the server runs, type')}{' '}
          <code>pip install jupyter-cube</code>
          {trans.__(', restart the server and reload this page. Whether it is enabled says')}{' '}
          <code>jupyter server extension list</code>
        </Note>
      );
    case 'refused':
      return (
        <Note label={trans.__('Try again')} run={() => {
            list.again();
          }} isFault>
          {trans.__('The server does not tell its jobs: %1', fault)}
        </Note>
      );
    case 'lost':
    case 'live':
      if (jobs.length === 0) {
        return (
          <>
            {link === 'lost' && <Lost trans={trans} />}
            <Note label={trans.__('Show market')} run={() => void commands.execute(CommandIDs.showMarket)}>
              {trans.__('No jobs yet. Write')} <code>%%cube submit</code>{' '}
              {trans.__('above a cell, or take a template from the market.')}
            </Note>
          </>
        );
      }
      return <Jobs list={list} {...given} />;
  }
}

function Jobs({ list, picked, trans, ...given }: IPanel): JSX.Element {
  const { jobs, link, ahead } = list.now;
  const [filter, setFilter] = useState('');
  const today = new Date().toDateString();
  const rows = useMemo(
    () => rowsOf(groups(matching(jobs, filter, trans), new Date(today), trans)),
    [jobs, filter, today, trans]
  );
  return (
    <>
      <div className="cube-Jobs-tools">
        <input
          type="search"
          className="jp-mod-styled cube-Jobs-filter"
          placeholder={trans.__('Filter by name, state or tag')}
          aria-label={trans.__('Filter the jobs')}
          value={filter}
          onChange={event => {
            setFilter(event.target.value);
          }}
        />
        {picked.ids.size > 0 ? (
          <Orders picked={picked} list={list} commands={given.commands} trans={trans} />
        ) : (
          <Sums jobs={jobs} trans={trans} />
        )}
      </div>
      {link === 'lost' && <Lost trans={trans} />}
      {rows.length === 0 ? (
        <Note label={trans.__('Clear the filter')} run={() => {
            setFilter('');
          }}>
          {trans.__('No job matches “%1”.', filter.trim())}
        </Note>
      ) : (
        <List rows={rows} list={list} picked={picked} ahead={ahead} trans={trans} {...given} />
      )}
    </>
  );
}

/** What all jobs do, in one line. */
function Sums({ jobs, trans }: { jobs: readonly IListed[]; trans: TranslationBundle }): JSX.Element {
  const ended = jobs.filter(hasEnded).length;
  return (
    <div className="cube-Jobs-line" role="status">
      {[aliveWords(jobs, trans), ended > 0 ? trans.__('%1 ended', ended) : ''].filter(Boolean).join(', ')}
    </div>
  );
}

type IOrders = Pick<IPanel, 'picked' | 'list' | 'commands' | 'trans'>;

/** Orders to the picked jobs, each with the number of those that it means something to. */
function Orders({ picked, list, commands, trans }: IOrders): JSX.Element {
  const jobs = [...picked.ids].flatMap(id => list.find(id) ?? []);
  const orders: readonly [Order, (count: number) => string][] = [
    ['stop', (count): string => trans.__('Stop %1', count)],
    ['retry', (count): string => trans.__('Retry %1', count)],
    ['delete', (count): string => trans.__('Delete %1…', count)]
  ];
  return (
    <div className="cube-Jobs-line" role="toolbar" aria-label={trans.__('Picked jobs')}>
      <span className="cube-Jobs-picked" role="status">
        {trans.__('%1 picked', jobs.length)}
      </span>
      {orders.map(([order, label]) => {
        const count = jobs.filter(job => obeys(job, order)).length;
        return (
          count > 0 && (
            <button
              key={order}
              type="button"
              className="cube-Button"
              onClick={({ currentTarget }) => {
                // when the order is obeyed, this button is gone
                currentTarget
                  .closest('.cube-Jobs')
                  ?.querySelector<HTMLElement>('.cube-Job-open[tabindex="0"]')
                  ?.focus({ preventScroll: true });
                void commands.execute(ORDERS[order]);
              }}
            >
              {label(count)}
            </button>
          )
        );
      })}
      <button
        type="button"
        className="cube-Action"
        title={trans.__('Pick none')}
        aria-label={trans.__('Pick none')}
        onClick={() => {
          picked.set([]);
        }}
      >
        <closeIcon.react tag="span" width="16px" height="16px" />
      </button>
    </div>
  );
}

function Lost({ trans }: { trans: TranslationBundle }): JSX.Element {
  return (
    <p className="cube-Jobs-lost" role="status">
      {trans.__('Not connected, retrying. This is how the jobs were last seen.')}
    </p>
  );
}

interface INote {
  readonly children: ReactNode;
  readonly label?: string;
  readonly run?: () => void;
  readonly isFault?: boolean;
}

/** Why there is no list, and what to do. */
function Note({ children, label, run, isFault = false }: INote): JSX.Element {
  return (
    <div className="cube-Note" role={isFault ? 'alert' : 'status'}>
      <p>{children}</p>
      {label !== undefined && (
        <button type="button" className="cube-Button" onClick={run}>
          {label}
        </button>
      )}
    </div>
  );
}
