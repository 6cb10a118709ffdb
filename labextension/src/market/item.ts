/** Items in the form in which they are shown, made of what the server says of them. */

import { count, fields, list, text, texts, type Fields } from './record';

/** In this order they are offered. */
export const KINDS = ['dataset', 'prerequisite', 'job', 'notebook', 'storage'] as const;

export type Kind = (typeof KINDS)[number];

/** A line of the list. */
export interface IEntry {
  readonly name: string;
  readonly version: string;
  readonly source: string;
  /** Null where it cannot be read. */
  readonly kind: Kind | null;
  readonly title: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly uses: number;
  /** Why it cannot be used; empty where it can. */
  readonly problem: string;
}

/** Something that it runs, and when or by what. */
interface IRun {
  readonly when: string;
  readonly text: string;
}

export interface IFile {
  readonly path: string;
  readonly size: number;
  readonly isExecutable: boolean;
}

/** All that is known of one version of an item. */
export interface IItem extends IEntry {
  readonly description: string;
  readonly author: string;
  readonly license: string;
  readonly link: string;
  /** Who is known to have put it there; empty where nobody is. */
  readonly publisher: string;
  readonly digest: string;
  readonly isTrusted: boolean;
  /** Newest first. */
  readonly versions: readonly string[];
  /** What it asks of the machine: root, network. */
  readonly needs: readonly string[];
  /** Why its files are not all there; empty where they are. */
  readonly missing: string;
  readonly requires: readonly IRequired[];
  readonly files: readonly IFile[];
  readonly runs: readonly IRun[];
  /** JSON Schema of its variables. */
  readonly form: Fields;
}

export interface IRequired {
  readonly name: string;
  /** Its variables, as one reads them. */
  readonly values: string;
}

/** The name that means exactly this version, and no other source's. */
export function nameOf({ name, version, source }: Pick<IEntry, 'name' | 'version' | 'source'>): string {
  return source.includes('://') ? source : `${source}/${name}@${version}`;
}

export function entry(value: unknown): IEntry {
  const found = fields(value);
  return {
    name: text(found['name']),
    version: text(found['version']),
    source: text(found['source']),
    kind: KINDS.find(kind => kind === found['kind']) ?? null,
    title: text(found['title']),
    summary: text(found['summary']),
    tags: texts(found['tags']),
    uses: count(found['uses']),
    problem: text(found['problem'])
  };
}

export function item(value: unknown): IItem {
  const found = fields(value);
  return {
    ...entry(found),
    description: text(found['description']),
    author: text(found['author']),
    license: text(found['license']),
    link: text(found['link']),
    publisher: text(found['publisher']),
    digest: text(found['digest']),
    isTrusted: found['trusted'] === true,
    versions: texts(found['versions']),
    needs: texts(found['needs']),
    missing: text(found['missing']),
    requires: list(found['require']).map(required),
    files: list(found['files']).map(file),
    runs: list(found['runs']).map(run),
    form: fields(found['form'])
  };
}

function required(value: unknown): IRequired {
  const found = fields(value);
  const values = Object.entries(fields(found['template_variables']));
  return {
    name: text(found['name']),
    values: values.map(([name, one]) => `${name}=${typeof one === 'string' ? one : JSON.stringify(one)}`).join(', ')
  };
}

function file(value: unknown): IFile {
  const found = fields(value);
  return { path: text(found['path']), size: count(found['size']), isExecutable: found['executable'] === true };
}

function run(value: unknown): IRun {
  const found = fields(value);
  return { when: text(found['when']), text: text(found['text']) };
}
