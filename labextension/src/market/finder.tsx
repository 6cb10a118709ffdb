/** What is looked for: the field, the kinds, what else narrows the list. */

import { closeIcon, searchIcon } from '@jupyterlab/ui-components';
import type { JSX, KeyboardEvent, RefObject } from 'react';

import { KINDS } from './item';
import { ANYTHING, type Search } from './search';
import { kindsWord, type ITranslated } from './words';

interface IFinder extends ITranslated {
  readonly search: Search;
  readonly field: RefObject<HTMLInputElement>;
  /** Go to the list. */
  readonly down: () => void;
}

export function Finder({ search, field, down, trans }: IFinder): JSX.Element {
  const { wanted } = search;
  const { text } = wanted;
  const want = (typed: string): void => {
    search.want({ text: typed });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') {
      event.preventDefault();
      down();
    } else if (event.key === 'Escape' && text !== '') {
      event.preventDefault();
      want('');
    }
  };
  return (
    <div className="cube-Finder" role="search">
      <div className="cube-Finder-field">
        <searchIcon.react tag="span" className="cube-Finder-icon" aria-hidden="true" />
        <input
          ref={field}
          type="search"
          value={text}
          maxLength={500}
          placeholder={trans.__('Search the market')}
          aria-label={trans.__('Search the market')}
          onChange={event => {
            want(event.target.value);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div className="cube-Finder-kinds" role="group" aria-label={trans.__('Kind')}>
        {KINDS.map(kind => (
          <button
            key={kind}
            className="cube-Chip"
            type="button"
            aria-pressed={wanted.kind === kind}
            onClick={() => {
              search.want({ kind: wanted.kind === kind ? null : kind });
            }}
          >
            {kindsWord(kind, trans)}
          </button>
        ))}
      </div>
      <Narrowed search={search} trans={trans} />
    </div>
  );
}

/** Tags and the source that the list is narrowed to, each with a way out. */
function Narrowed({ search, trans }: Pick<IFinder, 'search' | 'trans'>): JSX.Element | null {
  const { tags, source } = search.wanted;
  if (tags.length === 0 && source === '') {
    return null;
  }
  const named: [string, string, () => void][] = tags.map(tag => [
    'tag',
    tag,
    (): void => {
      search.want({ tags: tags.filter(one => one !== tag) });
    }
  ]);
  if (source !== '') {
    named.push([
      'source',
      trans.__('from %1', source),
      (): void => {
        search.want({ source: '' });
      }
    ]);
  }
  return (
    <div className="cube-Finder-narrowed" role="group" aria-label={trans.__('Narrowed to')}>
      {named.map(([what, word, remove]) => (
        <button key={`${what} ${word}`} className="cube-Chip" type="button" onClick={remove} aria-label={trans.__('Remove %1', word)}>
          <bdi>{word}</bdi>
          <closeIcon.react tag="span" className="cube-Chip-close" aria-hidden="true" />
        </button>
      ))}
    </div>
  );
}

export function isNarrowed(search: Search): boolean {
  return JSON.stringify(search.wanted) !== JSON.stringify(ANYTHING);
}
