/** What somebody should know of an item before allowing it, and what it runs. */

import type { JSX } from 'react';

import { bytes } from '../units';
import type { IItem } from './item';
import { Section } from './parts';
import type { ITranslated } from './words';

const MOST = 200; // files that are named

/** The body of the question whether it may run. */
export function Allowance({ item, trans }: { item: IItem } & ITranslated): JSX.Element {
  return (
    <div className="cube-Allowance">
      <p>{trans.__('This item is code of somebody else. In a job it may do whatever you may do.')}</p>
      <Origin item={item} trans={trans} />
      <Runs item={item} isOpen trans={trans} />
      <Files item={item} trans={trans} />
    </div>
  );
}

/** Where it comes from and which one it is. */
export function Origin({ item, trans }: { item: IItem } & ITranslated): JSX.Element {
  const facts: [string, string][] = [
    [trans.__('source'), item.source],
    [trans.__('published by'), item.publisher === '' ? trans.__('nobody who is known') : item.publisher],
    [trans.__('author, as it says'), item.author],
    [trans.__('license'), item.license],
    [trans.__('needs'), item.needs.join(', ')],
    [trans.__('digest'), item.digest]
  ];
  return (
    <dl className="cube-Facts">
      {facts
        .filter(([, value]) => value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={value}>
              <bdi>{name === trans.__('digest') ? short(value) : value}</bdi>
            </dd>
          </div>
        ))}
    </dl>
  );
}

/** `sha256:12 digits…`; the whole one is in the title. */
function short(digest: string): string {
  return digest.length > 20 ? `${digest.slice(0, 19)}…` : digest;
}

export function Runs({ item, isOpen = false, trans }: { item: IItem; isOpen?: boolean } & ITranslated): JSX.Element | null {
  if (item.runs.length === 0) {
    return null;
  }
  return (
    <Section title={trans.__('What it runs')} isOpen={isOpen}>
      {item.runs.map(({ when, text }, number) => (
        <figure key={number} className="cube-Run">
          <figcaption>{when}</figcaption>
          <pre tabIndex={0}>{text}</pre>
        </figure>
      ))}
    </Section>
  );
}

export function Files({ item, trans }: { item: IItem } & ITranslated): JSX.Element | null {
  if (item.files.length === 0) {
    return null;
  }
  const more = item.files.length - MOST;
  return (
    <Section title={trans._n('%1 file', '%1 files', item.files.length)}>
      <ul className="cube-Files">
        {item.files.slice(0, MOST).map(({ path, size, isExecutable }) => (
          <li key={path}>
            <bdi>{path}</bdi> <span className="cube-Files-size">{bytes(size)}</span>
            {isExecutable && <span className="cube-Files-size"> {trans.__('executable')}</span>}
          </li>
        ))}
      </ul>
      {more > 0 && <p>{trans.__('and %1 more', more)}</p>}
    </Section>
  );
}
