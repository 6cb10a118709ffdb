/** Where items come from: the list of sources, with what is wrong with them. */

import { useEffect, useState, type JSX } from 'react';

import { TextField } from './fields';
import type { Market } from './market';
import { Head, Note, Refusal } from './parts';
import { count, fields, list, text, texts } from './record';
import { ANYTHING } from './search';
import { useAsked } from './use';
import type { ITranslated } from './words';

interface ISource {
  readonly name: string;
  readonly uri: string;
  readonly items: number;
  /** When it was fetched, in seconds since the epoch; 0: it is read where it lies. */
  readonly asOf: number;
  readonly problem: string;
}

interface ISources {
  readonly sources: readonly ISource[];
  readonly problems: readonly string[];
}

const FIXED = ['mine', 'builtin']; // nobody's list has them

export function Sources({ market, trans }: { market: Market } & ITranslated): JSX.Element {
  const { client, search, view } = market;
  const { answer, ask, fault, isAsking } = useAsked<ISources>();
  const [known, setKnown] = useState<ISources | null>(null);
  const [name, setName] = useState('');
  const [uri, setUri] = useState('');
  const order = (what: () => Promise<unknown>): void => {
    ask(async () => {
      const found = sources(await what());
      setKnown(found);
      void search.ask();
      return found;
    });
  };
  useEffect(() => {
    order(() => (view.to === 'refresh' ? client.post(['sources', 'refresh']) : client.get(['sources'])));
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, whenever the list is opened
  }, [view]);
  const add = (): void => {
    order(async () => {
      const found = await client.post(['sources'], { name: name.trim(), uri: uri.trim() });
      setName('');
      setUri('');
      return found;
    });
  };
  return (
    <div className="cube-Page">
      <Head title={trans.__('Sources')} back={() => void market.back()} trans={trans} />
      <div className="cube-Page-content">
        {known === null && fault === null && <Note>{trans.__('Looking…')}</Note>}
        {fault !== null && (
          <Refusal fault={fault} again={() => { order(() => client.get(['sources'])); }} trans={trans} />
        )}
        <p className="cube-Market-note">{trans.__('The first source that has a name decides.')}</p>
        <ol className="cube-Sources" aria-busy={isAsking}>
          {(known?.sources ?? []).map(one => (
            <li key={one.name}>
              <div className="cube-Row-head">
                <button
                  className="cube-Link cube-Row-name"
                  type="button"
                  title={trans.__('Show the items of %1', one.name)}
                  onClick={() => {
                    search.want({ ...ANYTHING, source: one.name });
                    market.show('list');
                  }}
                >
                  <bdi>{one.name}</bdi>
                </button>
                <span className="cube-Row-version">{trans._n('%1 item', '%1 items', one.items)}</span>
                {!FIXED.includes(one.name) && (
                  <button
                    className="cube-Link cube-Row-side"
                    type="button"
                    aria-label={trans.__('Remove the source %1', one.name)}
                    disabled={isAsking}
                    onClick={() => {
                      order(async () => {
                        await client.delete(['sources', one.name]);
                        return client.get(['sources']);
                      });
                    }}
                  >
                    {trans.__('Remove')}
                  </button>
                )}
              </div>
              <bdi className="cube-Sources-uri" title={one.uri}>
                {one.uri}
              </bdi>
              {one.asOf > 0 && (
                <div className="cube-Row-facts">{trans.__('as of %1', new Date(one.asOf * 1000).toLocaleString())}</div>
              )}
              {one.problem !== '' && (
                <p className="cube-Market-note" data-is="warning" title={one.problem}>
                  {one.problem}
                </p>
              )}
            </li>
          ))}
        </ol>
        {unsaid(answer).map(problem => (
          <p key={problem} className="cube-Market-note" data-is="warning" role="status">
            {problem}
          </p>
        ))}
        <form
          aria-label={trans.__('Add a source')}
          onSubmit={event => {
            event.preventDefault();
            add();
          }}
        >
          <h3 className="cube-Page-heading">{trans.__('Add a source')}</h3>
          <div className="cube-Variables">
            <TextField label={trans.__('Name')} value={name} change={setName} />
            <TextField
              label={trans.__('Place')}
              value={uri}
              change={setUri}
              help={trans.__('A folder of the server, git+https://HOST/PATH@REF, or https://HOST/FOLDER/.')}
            />
            <button className="cube-Market-button" type="submit" disabled={isAsking || name.trim() === '' || uri.trim() === ''}>
              {trans.__('Add')}
            </button>
          </div>
        </form>
      </div>
      <footer className="cube-Foot">
        <button
          className="cube-Market-button"
          type="button"
          disabled={isAsking}
          onClick={() => {
            order(() => client.post(['sources', 'refresh']));
          }}
        >
          {trans.__('Refresh')}
        </button>
        <span className="cube-Foot-words" role="status">
          {isAsking ? trans.__('Asking the sources…') : trans.__('Fetches again what lies elsewhere.')}
        </span>
      </footer>
    </div>
  );
}

/** Problems that do not stand beside a source already. */
function unsaid(answer: ISources | null): readonly string[] {
  const said = (answer?.sources ?? []).map(({ problem }) => problem).filter(problem => problem !== '');
  return (answer?.problems ?? []).filter(line => !said.some(problem => line.includes(problem)));
}

function sources(value: unknown): ISources {
  const found = fields(value);
  return {
    sources: list(found['sources']).map(one => {
      const about = fields(one);
      return {
        name: text(about['name']),
        uri: text(about['uri']),
        items: count(about['items']),
        asOf: count(about['as_of']),
        problem: text(about['problem'])
      };
    }),
    problems: texts(found['problems'])
  };
}
