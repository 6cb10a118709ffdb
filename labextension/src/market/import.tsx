/** Items of a file of another system: listed first, then brought in. */

import { useState, type JSX } from 'react';

import { TextField } from './fields';
import { entry, type IEntry } from './item';
import type { Market } from './market';
import { Head, KindIcon, Refusal } from './parts';
import { fields, list, texts } from './record';
import { useAsked } from './use';
import type { ITranslated } from './words';

interface IBrought {
  readonly entry: IEntry;
  /** What of it does not come over. */
  readonly notes: readonly string[];
}

interface IAnswer {
  readonly items: readonly IBrought[];
  readonly isDry: boolean;
}

export function Import({ market, trans }: { market: Market } & ITranslated): JSX.Element {
  const [path, setPath] = useState('');
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const { answer, ask, fault, forget, isAsking } = useAsked<IAnswer>();
  const found = answer?.items ?? [];
  const possible = found.filter(one => one.entry.kind !== null).map(one => one.entry.name);
  const wanted = possible.filter(name => !left.has(name));
  const send = (isDry: boolean): void => {
    ask(async () => {
      const only = isDry ? [] : wanted;
      const got = await market.client.post(['item', 'import'], { path: path.trim(), only, dry_run: isDry });
      if (!isDry) {
        void market.search.ask();
      }
      return { items: list(fields(got)['items']).map(brought), isDry };
    });
  };
  return (
    <form
      className="cube-Page"
      onSubmit={event => {
        event.preventDefault();
        send(true);
      }}
    >
      <Head title={trans.__('Import')} back={() => void market.back()} trans={trans} />
      <div className="cube-Page-content">
        <div className="cube-Variables cube-Variables-first">
          <TextField
            label={trans.__('File')}
            value={path}
            help={trans.__('A file of OpenPAI or Cube Studio on the server; what it is, is seen from its content.')}
            change={value => {
              setPath(value);
              setLeft(new Set());
              forget();
            }}
          />
        </div>
        {fault !== null && <Refusal fault={fault} trans={trans} />}
        {answer !== null && (
          <ul className="cube-Sources" aria-label={trans.__('What is in the file')}>
            {found.map(({ entry: one, notes }, number) => (
              <li key={number}>
                <label className="cube-Row-head">
                  {answer.isDry && one.kind !== null && (
                    <input
                      type="checkbox"
                      checked={!left.has(one.name)}
                      onChange={event => {
                        const after = new Set(left);
                        if (event.target.checked) {
                          after.delete(one.name);
                        } else {
                          after.add(one.name);
                        }
                        setLeft(after);
                      }}
                    />
                  )}
                  <KindIcon kind={one.kind} trans={trans} />
                  <bdi className="cube-Row-name">{one.name}</bdi>
                  <span className="cube-Row-version">{one.kind === null ? trans.__('cannot come over') : one.version}</span>
                </label>
                {notes.map(note => (
                  <div key={note} className="cube-Field-help">
                    {note}
                  </div>
                ))}
              </li>
            ))}
          </ul>
        )}
      </div>
      <footer className="cube-Foot">
        <button className="cube-Market-button" type="submit" disabled={isAsking || path.trim() === ''}>
          {trans.__('Look')}
        </button>
        <button
          className="cube-Market-button cube-Market-main"
          type="button"
          disabled={isAsking || answer?.isDry !== true || wanted.length === 0}
          onClick={() => {
            send(false);
          }}
        >
          {trans.__('Import')}
        </button>
        <span className="cube-Foot-words" role="status">
          {isAsking
            ? trans.__('Reading it…')
            : answer === null
              ? trans.__('Lists first what would come over.')
              : answer.isDry
                ? trans._n('%1 item would come over.', '%1 items would come over.', wanted.length)
                : trans._n('%1 item is in your own source.', '%1 items are in your own source.', possible.length)}
        </span>
      </footer>
    </form>
  );
}

function brought(value: unknown): IBrought {
  return { entry: entry(value), notes: texts(fields(value)['notes']) };
}
