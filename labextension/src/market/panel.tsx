/** The market: the list, and before it whatever somebody has opened. */

import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { useEffect, useRef, type JSX, type RefObject } from 'react';

import { Details } from './details';
import { Finder } from './finder';
import { List } from './list';
import type { Ask, Market } from './market';
import { useChanges } from './use';
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
        <div className="cube-Page-content">
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
      {view.to === 'item' && (
        <div
          className="cube-Layer"
          onKeyDown={event => {
            if (event.key === 'Escape') {
              event.preventDefault();
              void market.back();
            }
          }}
        >
          <Details market={market} rendermime={rendermime} ask={ask} trans={trans} />
        </div>
      )}
    </>
  );
}
