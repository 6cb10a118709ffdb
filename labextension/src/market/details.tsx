/** One item: what it is, its variables, what it brings along, and the button that uses it. */

import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { PathExt } from '@jupyterlab/coreutils';
import type { JSX } from 'react';

import { Files, Origin, Runs } from './allowance';
import { addressOf, Description } from './description';
import { variables } from './form';
import type { IItem } from './item';
import type { Ask, Market } from './market';
import { Head, KindIcon, Note, Refusal, Section } from './parts';
import { Requires } from './requires';
import { Variables } from './variables';
import { kindWord, outcomeWords, type ITranslated } from './words';

const OWN = ['mine', 'builtin']; // sources whose items need nobody's word

export interface IDetails extends ITranslated {
  readonly market: Market;
  readonly rendermime: IRenderMimeRegistry;
  readonly ask: Ask;
}

export function Details({ market, rendermime, ask, trans }: IDetails): JSX.Element {
  const { item, fault, view } = market;
  const back = (): void => {
    void market.back();
  };
  if (item === null) {
    return (
      <div className="cube-Page">
        <Head title={view.to === 'item' ? view.name : ''} back={back} trans={trans} />
        {fault === null ? (
          <Note>{trans.__('Looking…')}</Note>
        ) : (
          <Refusal fault={fault} again={() => void market.again()} trans={trans} />
        )}
      </div>
    );
  }
  return (
    <div className="cube-Page">
      <Head title={item.name} back={back} trans={trans} />
      <div className="cube-Page-content" tabIndex={-1}>
        <Summary item={item} market={market} trans={trans} />
        <Standing item={item} market={market} trans={trans} />
        {variables(item.form).length > 0 && (
          <section aria-label={trans.__('Variables')}>
            <h3 className="cube-Page-heading">{trans.__('Variables')}</h3>
            <Variables
              key={`${item.source} ${item.name} ${item.version}`}
              form={item.form}
              values={market.values}
              faults={market.faults}
              fill={values => {
                market.fill(values);
              }}
              trans={trans}
            />
          </section>
        )}
        {item.description.trim() !== '' && <Description text={item.description} rendermime={rendermime} />}
        {item.requires.length > 0 && (
          <section aria-label={trans.__('Requires')}>
            <h3 className="cube-Page-heading">{trans.__('Requires')}</h3>
            <Requires requires={item.requires} client={market.client} open={name => void market.open(name)} trans={trans} />
          </section>
        )}
        <Runs item={item} trans={trans} />
        <Files item={item} trans={trans} />
        <Section title={trans.__('Where it comes from')}>
          <Origin item={item} trans={trans} />
          <Link address={item.link} />
        </Section>
      </div>
      <Use item={item} market={market} ask={ask} trans={trans} />
    </div>
  );
}

function Summary({ item, market, trans }: { item: IItem; market: Market } & ITranslated): JSX.Element {
  const { kind, summary, tags, title, uses, version, versions } = item;
  return (
    <section className="cube-Summary">
      <div className="cube-Summary-line">
        <KindIcon kind={kind} trans={trans} />
        <span>{kind === null ? '' : kindWord(kind, trans)}</span>
        {versions.length > 1 ? (
          <select
            className="cube-Select"
            aria-label={trans.__('Version')}
            value={version}
            onChange={event => void market.pick(event.target.value)}
          >
            {(versions.includes(version) ? versions : [version, ...versions]).map(one => (
              <option key={one}>{one}</option>
            ))}
          </select>
        ) : (
          <span>{version}</span>
        )}
        <span>{uses > 0 ? trans._n('%1 use', '%1 uses', uses) : ''}</span>
      </div>
      {title !== '' && <bdi className="cube-Summary-title">{title}</bdi>}
      {summary !== '' && <bdi className="cube-Summary-text">{summary}</bdi>}
      {tags.length > 0 && (
        <div className="cube-Finder-narrowed" role="group" aria-label={trans.__('Tags')}>
          {tags.map(tag => (
            <button
              key={tag}
              className="cube-Chip"
              type="button"
              title={trans.__('Show all items with the tag %1', tag)}
              onClick={() => {
                market.search.want({ text: '', kind: null, source: '', tags: [tag] });
                market.show('list');
              }}
            >
              <bdi>{tag}</bdi>
            </button>
          ))}
        </div>
      )}
    </section>
  );
}

/** Whether it may be used, where that is news. */
function Standing({ item, market, trans }: { item: IItem; market: Market } & ITranslated): JSX.Element | null {
  if (item.problem !== '' || item.missing !== '') {
    return (
      <p className="cube-Market-note" data-is="warning">
        {item.problem !== '' ? item.problem : item.missing}
      </p>
    );
  }
  if (!item.isTrusted) {
    return (
      <p className="cube-Market-note" data-is="warning">
        {trans.__('Not allowed yet: you are asked before it is used.')}
      </p>
    );
  }
  if (OWN.includes(item.source)) {
    return null;
  }
  return (
    <p className="cube-Market-note">
      {trans.__('Allowed.')}{' '}
      <button className="cube-Link" type="button" onClick={() => void market.withdraw()}>
        {trans.__('Withdraw')}
      </button>
    </p>
  );
}

function Link({ address }: { address: string }): JSX.Element | null {
  const href = addressOf(address);
  return href === null ? null : (
    <a className="cube-Link" href={href} target="_blank" rel="noopener noreferrer">
      {href}
    </a>
  );
}

/** The button at the foot, which is always in sight, and what came of it. */
function Use({ item, market, ask, trans }: { item: IItem } & Omit<IDetails, 'rendermime'>): JSX.Element {
  const { faults, isUsing, notebooks, outcome } = market;
  const names = [...faults.keys()].map(name => variables(item.form).find(one => one.name === name)?.title ?? name);
  const path = notebooks.current?.context.path;
  const where =
    item.kind === 'notebook'
      ? trans.__('Opens a copy of the notebook.')
      : path === undefined
        ? trans.__('Inserts a cell into a new notebook.')
        : trans.__('Inserts a cell into %1.', PathExt.basename(path));
  return (
    <footer className="cube-Foot">
      <button
        className="cube-Market-button cube-Market-main"
        type="button"
        disabled={isUsing}
        onClick={() => void market.use(ask).then(toFault)}
      >
        {trans.__('Use')}
      </button>
      <span className="cube-Foot-words" role="status" data-is={faults.size > 0 ? 'fault' : outcome?.is}>
        {faults.size > 0
          ? trans.__('Not right yet: %1', names.map((name, number) => (name === '' ? [...faults.keys()][number] : name)).join(', '))
          : outcome !== null
            ? outcomeWords(outcome, trans)
            : where}
      </span>
    </footer>
  );
}

/** Go to the first field that is not right. */
function toFault(): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>('.cube-Field[data-fault=true] :is(input, select, textarea)')?.focus();
  });
}
