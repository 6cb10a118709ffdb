/** The field in which a text is sought, and which of the hits is shown. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownEmptyThinIcon, caretUpEmptyThinIcon, caseSensitiveIcon, regexIcon } from '@jupyterlab/ui-components';
import type { JSX, RefObject } from 'react';

import type { Finder, ISearch } from './finder';
import { MOST_PLACES } from './scan';

interface ISearchProps {
  readonly finder: Finder;
  readonly search: ISearch;
  readonly field: RefObject<HTMLInputElement>;
  readonly go: (direction: 'forth' | 'back') => void;
  /** Back to the lines. */
  readonly leave: () => void;
  readonly trans: TranslationBundle;
}

export function Search({ finder, search, field, go, leave, trans }: ISearchProps): JSX.Element {
  return (
    <div className="cube-Search" role="search">
      <div className="cube-Search-box">
        <input
          ref={field}
          className="cube-Search-field"
          type="text"
          spellCheck={false}
          placeholder={trans.__('Search')}
          aria-label={trans.__('Search the log')}
          title={trans.__('Search the log (/). Enter: next hit, Shift+Enter: the one before, Escape: back to the lines')}
          value={search.text}
          onChange={event => {
            finder.seek({ text: event.target.value });
          }}
          onKeyDown={event => {
            if (event.key === 'Enter') {
              event.preventDefault();
              go(event.shiftKey ? 'back' : 'forth');
            } else if (event.key === 'Escape') {
              event.stopPropagation();
              leave();
            }
          }}
        />
        <span className="cube-Search-count" role="status">{countOf(finder, search, trans)}</span>
        <button
          className="cube-Log-button"
          type="button"
          aria-pressed={search.exact}
          title={trans.__('Capitals matter')}
          aria-label={trans.__('Capitals matter')}
          onClick={() => {
            finder.seek({ exact: !search.exact });
          }}
        >
          <caseSensitiveIcon.react tag="span" className="cube-Log-icon" />
        </button>
        <button
          className="cube-Log-button"
          type="button"
          aria-pressed={search.regex}
          title={trans.__('Regular expression')}
          aria-label={trans.__('Regular expression')}
          onClick={() => {
            finder.seek({ regex: !search.regex });
          }}
        >
          <regexIcon.react tag="span" className="cube-Log-icon" />
        </button>
      </div>
      <button
        className="cube-Log-button"
        type="button"
        disabled={search.text === ''}
        title={trans.__('Hit before (N)')}
        aria-label={trans.__('Hit before')}
        onClick={() => {
          go('back');
        }}
      >
        <caretUpEmptyThinIcon.react tag="span" className="cube-Log-icon" />
      </button>
      <button
        className="cube-Log-button"
        type="button"
        disabled={search.text === ''}
        title={trans.__('Next hit (n)')}
        aria-label={trans.__('Next hit')}
        onClick={() => {
          go('forth');
        }}
      >
        <caretDownEmptyThinIcon.react tag="span" className="cube-Log-icon" />
      </button>
    </div>
  );
}

/** `3 of 120`, `3 of 10,000+`, `no hit`. */
function countOf(finder: Finder, { found, text }: ISearch, trans: TranslationBundle): string {
  if (text === '' || found === null) {
    return '';
  }
  const { places, whole } = found;
  if (places.length === 0) {
    return whole ? trans.__('no hit') : '…';
  }
  const all = Math.min(places.length, MOST_PLACES).toLocaleString() + (whole ? '' : '+');
  const number = finder.number;
  return number === 0 ? trans.__('%1 lines', all) : trans.__('%1 of %2', number.toLocaleString(), all);
}
