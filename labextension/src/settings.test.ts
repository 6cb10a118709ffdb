import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { CubeSettings, DEFAULTS } from './settings';

interface ISchema {
  readonly properties: Readonly<Record<string, { title: string; description: string; default: unknown }>>;
}

const schema = JSON.parse(readFileSync('schema/settings.json', 'utf8')) as ISchema;

it('has the defaults of the schema', () => {
  const defaults = Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, one.default]));
  expect(defaults).toEqual(DEFAULTS);
});

it('describes and documents each setting', () => {
  const text = readFileSync('../docs/browser.md', 'utf8');
  for (const { title, description } of Object.values(schema.properties)) {
    expect(description).not.toBe('');
    expect(text).toContain(`| ${title} |`);
  }
});

it('takes over what is right, and the default for what is not', () => {
  const settings = new CubeSettings();
  let told = 0;
  settings.changed.connect(() => {
    told += 1;
  });
  settings.take({ notify: 'never', status: false, lines: 2 });
  expect(settings.now).toEqual({ notify: 'never', status: false, lines: 2 });
  settings.take({ notify: 'loudly', status: 'yes', lines: 2.5 });
  expect(settings.now).toEqual(DEFAULTS);
  expect(told).toBe(2);
});
