/** The variables of an item as a form: what is asked, what is wrong, what is given. */

import { fields, list, text, texts, type Fields } from './record';

/** What one variable is, as the view asks for it. */
export interface IVariable {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'typed';
  readonly isRequired: boolean;
  readonly isSecret: boolean;
  /** Undefined: none, or one that is worked out. */
  readonly preset: unknown;
  /** A default that is worked out from other values, as text. */
  readonly worked: string;
  /** A heading that it stands under; empty: none. */
  readonly group: string;
  readonly choices: readonly unknown[];
  readonly minimum: number | null;
  readonly maximum: number | null;
}

/** Why a value cannot be given. */
export type Fault =
  | { readonly why: 'missing' | 'whole' | 'number' }
  | { readonly why: 'least' | 'most'; readonly limit: number };

export function variables(form: Fields): readonly IVariable[] {
  const required = texts(form['required']);
  return Object.entries(fields(form['properties'])).map(([name, about]) => {
    const found = fields(about);
    const type = TYPES.find(one => one === found['type']);
    const choices = list(found['enum']);
    return {
      name,
      title: text(found['title']),
      description: text(found['description']),
      // lists, mappings and values of any type are typed as YAML has them, which the server reads
      type: type ?? 'typed',
      isRequired: required.includes(name),
      isSecret: found['format'] === 'password',
      preset: type === undefined && choices.length === 0 ? typed(found['default']) : found['default'],
      worked: typed(found['x-default']) ?? '',
      group: text(found['x-group']),
      choices,
      minimum: limit(found['minimum']),
      maximum: limit(found['maximum'])
    };
  });
}

const TYPES = ['string', 'integer', 'number', 'boolean'] as const;

function limit(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function typed(value: unknown): string | undefined {
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

/** What the form begins with. */
export function presets(asked: readonly IVariable[]): Fields {
  const known = asked.filter(({ preset }) => preset !== undefined);
  return Object.fromEntries(known.map(({ name, preset }) => [name, preset]));
}

/** What is wrong, by name; patterns are the server's affair: an author's may be made to run without end. */
export function faults(asked: readonly IVariable[], values: Fields): ReadonlyMap<string, Fault> {
  const found = new Map<string, Fault>();
  for (const one of asked) {
    const fault = faultOf(one, values[one.name]);
    if (fault !== null) {
      found.set(one.name, fault);
    }
  }
  return found;
}

function faultOf({ isRequired, type, minimum, maximum }: IVariable, value: unknown): Fault | null {
  if (isEmpty(value)) {
    return isRequired ? { why: 'missing' } : null;
  }
  if (type !== 'integer' && type !== 'number') {
    return null;
  }
  if (typeof value !== 'number') {
    return isReference(value) ? null : { why: 'number' };
  }
  if (type === 'integer' && !Number.isInteger(value)) {
    return { why: 'whole' };
  }
  if (minimum !== null && value < minimum) {
    return { why: 'least', limit: minimum };
  }
  return maximum !== null && value > maximum ? { why: 'most', limit: maximum } : null;
}

/** The values that differ from what would be taken anyway, as the server wants them. */
export function given(asked: readonly IVariable[], values: Fields): Fields {
  const found: [string, unknown][] = [];
  for (const { name, preset, type } of asked) {
    const value = values[name];
    if (value === undefined || value === preset || (isEmpty(value) && preset === undefined)) {
      continue;
    }
    // text that looks like a list of YAML would be read as one
    const isText = type === 'string' && typeof value === 'string' && /^\s*[[{'"]/.test(value);
    found.push([name, isText ? JSON.stringify(value) : value]);
  }
  return Object.fromEntries(found);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/** To a parameter of a job, which fills it later. */
function isReference(value: unknown): boolean {
  return typeof value === 'string' && value.includes('<%');
}
