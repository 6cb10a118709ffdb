/** What was found, a row each. */

import type { JSX, KeyboardEvent, RefObject } from 'react';

import { isNarrowed } from './finder';
import { nameOf, type IEntry } from './item';
import { KindIcon, Note, Refusal } from './parts';
import { ANYTHING, keyOf, type Search } from './search';
import { kindWord, type ITranslated } from './words';

export interface IList extends ITranslated {
  readonly search: Search;
  readonly rows: RefObject<HTMLUListElement>;
  readonly open: (name: string) => void;
  /** Go back to the field. */
  readonly up: () => void;
}

export function List({ search, rows, open, up, trans }: IList): JSX.Element {
  const { fault, found, isAsking } = search;
  if (fault !== null) {
    return <Refusal fault={fault} again={() => void search.ask()} trans={trans} />;
  }
  if (found === null) {
    return <Note>{trans.__('Looking for items…')}</Note>;
  }
  const left = found.total - found.entries.length;
  return (
    <>
      {found.problems.map(problem => (
        <p key={problem} className="cube-Market-note cube-List-problem" data-is="warning" role="status" title={problem}>
          {problem}
        </p>
      ))}
      <p className="cube-List-count" role="status">
        {found.total === 0 ? '' : trans._n('%1 item', '%1 items', found.total)}
      </p>
      {found.entries.length === 0 && <Nothing search={search} trans={trans} />}
      <ul
        className="cube-List"
        ref={rows}
        aria-label={trans.__('Items')}
        aria-busy={isAsking}
        onKeyDown={event => {
          walk(event, up);
        }}
      >
        {found.entries.map((one, number) => (
          <li key={keyOf(one)}>
            <Row entry={one} isFirst={number === 0} open={open} trans={trans} />
          </li>
        ))}
      </ul>
      {left > 0 && (
        <button className="cube-Market-button cube-List-more" type="button" disabled={isAsking} onClick={() => void search.more()}>
          {trans.__('Show more (%1 left)', left)}
        </button>
      )}
    </>
  );
}

function Nothing({ search, trans }: Pick<IList, 'search' | 'trans'>): JSX.Element {
  if (!isNarrowed(search)) {
    return <Note>{trans.__('There are no items. Make a dataset of an address, or add a source.')}</Note>;
  }
  return (
    <Note>
      <p>{trans.__('Nothing was found.')}</p>
      <button
        className="cube-Market-button"
        type="button"
        onClick={() => {
          search.want(ANYTHING);
        }}
      >
        {trans.__('Clear filters')}
      </button>
    </Note>
  );
}

function Row({ entry, isFirst, open, trans }: { entry: IEntry; isFirst: boolean } & Pick<IList, 'open' | 'trans'>): JSX.Element {
  const { kind, name, problem, source, summary, title, uses, version } = entry;
  return (
    <button
      className="cube-Row"
      type="button"
      tabIndex={isFirst ? 0 : -1}
      data-problem={problem !== ''}
      onClick={() => {
        open(nameOf(entry));
      }}
    >
      <KindIcon kind={kind} trans={trans} />
      <span className="cube-Row-head">
        <bdi className="cube-Row-name">{name}</bdi>
        <span className="cube-Row-version">{version}</span>
        <span className="cube-Row-side">{uses > 0 ? trans._n('%1 use', '%1 uses', uses) : ''}</span>
      </span>
      <bdi className="cube-Row-summary">{problem !== '' ? problem : summary !== '' ? summary : title}</bdi>
      <span className="cube-Row-facts">
        {kind === null ? '' : kindWord(kind, trans)} · <bdi>{source}</bdi>
      </span>
    </button>
  );
}

/** Arrows go from row to row, Escape to the field. */
function walk(event: KeyboardEvent<HTMLUListElement>, up: () => void): void {
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('.cube-Row')];
  const at = all.findIndex(row => row === document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === 'Escape' || to === -1) {
    event.preventDefault();
    up();
  } else if (to !== undefined) {
    event.preventDefault();
    all[to]?.focus();
  }
}
