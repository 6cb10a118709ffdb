/** A dataset that is to be made of an address or a path. */

/** What somebody has typed for it. */
export interface IDraft {
  readonly place: string;
  readonly name: string;
  readonly summary: string;
}

/** Why it cannot be asked for yet. */
export type Lack = 'place' | 'name' | 'badName';

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/;
const ENDINGS = /(\.(csv|tsv|txt|json|jsonl|parquet|npz|npy|zip|tgz|tar|gz|bz2|xz|zst|h5|hdf5|pkl|xlsx|html?))+$/i;

function isAddress(place: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(place.trim());
}

/** A name for what lies there: the last part of it that says something; empty: none does. */
export function nameFor(place: string): string {
  const path = isAddress(place) ? pathOf(place.trim()) : place.trim();
  const last = path.split(/[\\/]/).filter(part => part !== '').at(-1) ?? '';
  return last
    .replace(ENDINGS, '')
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^[._-]+|[._-]+$/g, '')
    .slice(0, 60)
    .replace(/[._-]+$/, '');
}

function pathOf(address: string): string {
  try {
    const { hostname, pathname } = new URL(address);
    const path = decodeURIComponent(pathname);
    return path === '/' || path === '' ? hostname : path;
  } catch {
    return '';
  }
}

export function lack({ place, name }: IDraft): Lack | null {
  if (place.trim() === '') {
    return 'place';
  }
  return name === '' ? 'name' : NAME.test(name) ? null : 'badName';
}

/** What the server is sent. */
export function request({ place, name, summary }: IDraft, publish: boolean): Readonly<Record<string, unknown>> {
  const what = isAddress(place) ? { url: place.trim() } : { path: place.trim() };
  return { kind: 'dataset', name, ...what, ...(summary.trim() === '' ? {} : { summary: summary.trim() }), publish };
}
