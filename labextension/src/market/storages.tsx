/** The configured volumes, which a job mounts by the item `volume`. */

import { useEffect, type JSX } from 'react';

import type { ICubeClient } from '../tokens';
import type { Market } from './market';
import { KindIcon, Note, Refusal } from './parts';
import { fields, list, text } from './record';
import { useAsked } from './use';
import type { ITranslated } from './words';

interface IStorage {
  readonly name: string;
  readonly isReadOnly: boolean;
}

const VOLUME = 'builtin/volume'; // the item that mounts any of them

export function Storages({ market, trans }: { market: Market } & ITranslated): JSX.Element {
  const { client } = market;
  const { answer, ask, fault } = useAsked<readonly IStorage[]>();
  const look = (): void => {
    ask(() => storages(client));
  };
  useEffect(() => {
    look();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, when the kind is chosen
  }, []);
  if (fault !== null) {
    return <Refusal fault={fault} again={look} trans={trans} />;
  }
  if (answer === null) {
    return <Note>{trans.__('Looking…')}</Note>;
  }
  if (answer.length === 0) {
    return (
      <Note>
        {trans.__('No volumes are configured. An administrator, or you, names them under %1 in %2.', 'storages', 'jupyter_cube_config.json')}
      </Note>
    );
  }
  return (
    <section aria-label={trans.__('Volumes')}>
      <h3 className="cube-Page-heading">{trans.__('Volumes that jobs may mount')}</h3>
      <ul className="cube-List">
        {answer.map(({ name, isReadOnly }) => (
          <li key={name}>
            <button
              className="cube-Row"
              type="button"
              title={trans.__('Mount %1 in a job', name)}
              onClick={() => void market.open(VOLUME, { volume: name, readOnly: isReadOnly, mountPath: `/${name}` })}
            >
              <KindIcon kind="storage" trans={trans} />
              <span className="cube-Row-head">
                <bdi className="cube-Row-name">{name}</bdi>
                <span className="cube-Row-side">{isReadOnly ? trans.__('read-only') : trans.__('writable')}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      <h3 className="cube-Page-heading">{trans.__('Storage items')}</h3>
    </section>
  );
}

async function storages(client: ICubeClient): Promise<readonly IStorage[]> {
  const found = list(fields(await client.get(['storages']))['storages']).map(fields);
  return found.map(one => ({ name: text(one['name']), isReadOnly: one['read_only'] === true }));
}
