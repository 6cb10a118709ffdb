/** What an item requires, as a tree that is asked for branch by branch. */

import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import { useState, type JSX } from 'react';

import type { ICubeClient } from '../tokens';
import { item, type IItem, type IRequired } from './item';
import { useAsked } from './use';
import type { ITranslated } from './words';

const DEEPEST = 6; // levels that are drawn; each item can be opened for the rest

interface IRequires extends ITranslated {
  readonly requires: readonly IRequired[];
  readonly client: ICubeClient;
  readonly open: (name: string) => void;
}

export function Requires({ depth = 0, requires, ...rest }: IRequires & { depth?: number }): JSX.Element {
  return (
    <ul className="cube-Requires">
      {requires.map((one, number) => (
        <Branch key={number} required={one} depth={depth} {...rest} />
      ))}
    </ul>
  );
}

function Branch({
  required,
  depth,
  client,
  open,
  trans
}: { required: IRequired; depth: number } & Omit<IRequires, 'requires'>): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const { answer, ask, fault, isAsking } = useAsked<IItem>();
  const called = required.name.replace(/^marketplace:\/\//, '').replace(/^(.*\/)?name\//, '$1');
  const toggle = (): void => {
    setOpen(!isOpen);
    if (answer === null) {
      ask(async () => item(await client.get(['item'], { name: required.name })));
    }
  };
  const Caret = isOpen ? caretDownIcon : caretRightIcon;
  return (
    <li>
      <span className="cube-Requires-line">
        <button
          className="cube-Market-button cube-Market-plain"
          type="button"
          aria-expanded={isOpen}
          aria-label={trans.__('What %1 requires', called)}
          disabled={depth >= DEEPEST}
          onClick={toggle}
        >
          <Caret.react tag="span" />
        </button>
        <button
          className="cube-Link"
          type="button"
          onClick={() => {
            open(required.name);
          }}
        >
          <bdi>{called}</bdi>
        </button>{' '}
        <bdi className="cube-Requires-values">{required.values}</bdi>
      </span>
      {isOpen && (
        <div className="cube-Requires-inner">
          {isAsking && trans.__('Looking…')}
          {fault !== null && <span role="alert">{fault.message}</span>}
          {answer !== null &&
            (answer.requires.length === 0 ? (
              trans.__('requires nothing')
            ) : (
              <Requires requires={answer.requires} depth={depth + 1} client={client} open={open} trans={trans} />
            ))}
        </div>
      )}
    </li>
  );
}
