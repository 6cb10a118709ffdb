/** The market: the list, and before it whatever somebody has opened. */

import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { useEffect, useRef, type JSX, type RefObject } from 'react';

import { useChanges } from '../hooks';
import { Details } from './details';
import { Finder } from './finder';
import { Import } from './import';
import { List } from './list';
import type { Ask, Market } from './market';
import { NewDataset } from './newdataset';
import { Sources } from './sources';
import { Storages } from './storages';
import type { ITranslated } from './words';

export interface IPanel extends ITranslated {
  readonly market: Market;
  readonly rendermime: IRenderMimeRegistry;
  readonly ask: Ask;
  readonly field: RefObject<HTMLInputElement>;
}

export function Panel({ market, rendermime, ask, field, trans }: IPanel): JSX.Element {
  useChanges(market.changed);
  useChanges(market.search.changed);
  const rows = useRef<HTMLUListElement>(null);
  const opened = useRef<Element | null>(null);
  const { search, view } = market;
  const isList = view.to === 'list';
  useEffect(() => {
    if (isList && opened.current instanceof HTMLElement) {
      opened.current.focus(); // back to where one was
      opened.current = null;
    }
  }, [isList]);
  return (
    <>
      {/* it stays, so that it is where it was when one comes back */}
      <div className="cube-Page" hidden={!isList}>
        <Finder
          search={search}
          field={field}
          down={() => {
            rows.current?.querySelector<HTMLElement>('.cube-Row')?.focus();
          }}
          trans={trans}
        />
        <Ways market={market} trans={trans} />
        <div className="cube-Page-content">
          {search.wanted.kind === 'storage' && <Storages market={market} trans={trans} />}
          <List
            search={search}
            rows={rows}
            open={name => {
              opened.current = document.activeElement;
              void market.open(name);
            }}
            up={() => field.current?.focus()}
            trans={trans}
          />
        </div>
      </div>
      {!isList && (
        <div
          className="cube-Layer"
          onKeyDown={event => {
            const isTyping = event.target instanceof Element && event.target.matches('input, select, textarea');
            if (event.key === 'Escape' && !isTyping) {
              event.preventDefault();
              void market.back();
            }
          }}
        >
          {view.to === 'item' && <Details market={market} rendermime={rendermime} ask={ask} trans={trans} />}
          {view.to === 'dataset' && <NewDataset market={market} trans={trans} />}
          {view.to === 'import' && <Import market={market} trans={trans} />}
          {(view.to === 'sources' || view.to === 'refresh') && <Sources market={market} trans={trans} />}
        </div>
      )}
    </>
  );
}

/** What else there is to do than to look for something. */
function Ways({ market, trans }: Pick<IPanel, 'market' | 'trans'>): JSX.Element {
  const ways: [string, string, 'dataset' | 'import' | 'sources'][] = [
    [trans.__('New dataset'), trans.__('Make a dataset of an address or a file'), 'dataset'],
    [trans.__('Import'), trans.__('Bring in items of OpenPAI or Cube Studio'), 'import'],
    [trans.__('Sources'), trans.__('Where items come from'), 'sources']
  ];
  return (
    <div className="cube-Ways">
      {ways.map(([word, title, to]) => (
        <button
          key={to}
          className="cube-Link"
          type="button"
          title={title}
          onClick={() => {
            market.show(to);
          }}
        >
          {word}
        </button>
      ))}
    </div>
  );
}
