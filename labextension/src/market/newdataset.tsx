/** A dataset made of an address or a path: looked at first, then published. */

import { useState, type JSX } from 'react';

import { lack, nameFor, request, type IDraft, type Lack } from './dataset';
import { TextField } from './fields';
import type { Market } from './market';
import { Head, Refusal } from './parts';
import { fields, list, text, texts } from './record';
import { useAsked } from './use';
import type { ITranslated } from './words';

/** What the server would publish. */
interface IPreview {
  readonly text: string;
  readonly notes: readonly string[];
  /** The name that it has been published under; empty: it has not. */
  readonly published: string;
}

export function NewDataset({ market, trans }: { market: Market } & ITranslated): JSX.Element {
  const [draft, setDraft] = useState<IDraft>({ place: '', name: '', summary: '' });
  const [isNamed, setNamed] = useState(false);
  const [wanted, setWanted] = useState(false);
  const { answer, ask, fault, forget, isAsking } = useAsked<IPreview>();
  const lacking = lack(draft);
  const change = (changes: Partial<IDraft>): void => {
    setDraft({ ...draft, ...changes });
    forget();
  };
  const send = (publish: boolean): void => {
    setWanted(true);
    if (lacking === null) {
      ask(async () => {
        const found = preview(await market.client.post(['item', 'new'], request(draft, publish)));
        if (publish) {
          await market.published(found.published === '' ? `mine/${draft.name}` : found.published);
        }
        return found;
      });
    }
  };
  const faultOf = (...of: Lack[]): string =>
    wanted && lacking !== null && of.includes(lacking) ? lackWords(lacking, trans) : '';
  return (
    <form
      className="cube-Page"
      onSubmit={event => {
        event.preventDefault();
        send(answer !== null);
      }}
    >
      <Head title={trans.__('New dataset')} back={() => void market.back()} trans={trans} />
      <div className="cube-Page-content">
        <div className="cube-Variables cube-Variables-first">
          <TextField
            label={trans.__('Address or path')}
            value={draft.place}
            placeholder="https://"
            help={trans.__('An http or https address, or a file or folder of the server. It is read once, for its checksum.')}
            fault={faultOf('place')}
            change={place => {
              change({ place, ...(isNamed ? {} : { name: nameFor(place) }) });
            }}
          />
          <TextField
            label={trans.__('Name')}
            value={draft.name}
            help={trans.__('Letters, digits, “.”, “_” and “-”.')}
            fault={faultOf('name', 'badName')}
            change={name => {
              setNamed(name !== '');
              change({ name });
            }}
          />
          <TextField
            label={trans.__('Summary')}
            value={draft.summary}
            help={trans.__('A line for the list; may stay empty.')}
            change={summary => {
              change({ summary });
            }}
          />
        </div>
        {fault !== null && <Refusal fault={fault} trans={trans} />}
        {answer !== null && (
          <>
            <ul className="cube-Market-note">
              {answer.notes.map(note => (
                <li key={note}>{note}</li>
              ))}
            </ul>
            <figure className="cube-Run cube-Run-inset">
              <figcaption>{trans.__('The item')}</figcaption>
              <pre tabIndex={0}>{answer.text}</pre>
            </figure>
          </>
        )}
      </div>
      <footer className="cube-Foot">
        <button className="cube-Market-button" data-is={answer === null ? 'main' : ''} type="button" disabled={isAsking} onClick={() => { send(false); }}>
          {trans.__('Look')}
        </button>
        <button className="cube-Market-button cube-Market-main" type="button" disabled={isAsking} onClick={() => { send(true); }}>
          {trans.__('Publish')}
        </button>
        <span className="cube-Foot-words" role="status">
          {isAsking ? trans.__('Reading it…') : trans.__('Publishes to your own items.')}
        </span>
      </footer>
    </form>
  );
}

function preview(value: unknown): IPreview {
  const found = fields(value);
  const first = fields(list(found['published'])[0]);
  const name = text(first['name']);
  return {
    text: text(found['text']),
    notes: texts(found['notes']),
    published: name === '' ? '' : `${text(first['source'])}/${name}@${text(first['version'])}`
  };
}

function lackWords(lacking: Lack, trans: ITranslated['trans']): string {
  switch (lacking) {
    case 'place':
      return trans.__('Where is it? Write an address or a path.');
    case 'name':
      return trans.__('What shall it be called?');
    case 'badName':
      return trans.__('A name has only letters, digits, “.”, “_” and “-”, and begins and ends with a letter or digit.');
  }
}
