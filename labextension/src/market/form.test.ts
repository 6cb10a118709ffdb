import { describe, expect, it } from 'vitest';

import { faults, given, presets, variables } from './form';

const FORM = {
  type: 'object',
  required: ['url', 'count'],
  properties: {
    url: { type: 'string', description: 'where it is' },
    path: { type: 'string', format: 'path', default: '/data' },
    count: { type: 'integer', minimum: 1, maximum: 8 },
    rate: { type: 'number', default: 0.5 },
    quick: { type: 'boolean', default: false },
    mode: { enum: ['a', 1], default: 'a' },
    words: { type: 'array', default: ['a', 'b'], 'x-group': 'more' },
    token: { type: 'string', format: 'password' },
    where: { type: 'string', 'x-default': '{{ path }}/x' }
  }
};
const ASKED = variables(FORM);

function why(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries([...faults(ASKED, values)].map(([name, fault]) => [name, fault]));
}

describe('a form', () => {
  it('begins with what is taken anyway', () => {
    expect(presets(ASKED)).toEqual({ path: '/data', rate: 0.5, quick: false, mode: 'a', words: '["a","b"]' });
    expect(ASKED.find(({ name }) => name === 'where')?.worked).toBe('{{ path }}/x');
    expect(ASKED.filter(({ isSecret }) => isSecret).map(({ name }) => name)).toEqual(['token']);
  });

  it('says what is missing and what does not fit', () => {
    expect(why({})).toEqual({ url: { why: 'missing' }, count: { why: 'missing' } });
    expect(why({ url: '  ', count: 0 })).toEqual({ url: { why: 'missing' }, count: { why: 'least', limit: 1 } });
    expect(why({ url: 'x', count: 9, rate: 'fast' })).toEqual({
      count: { why: 'most', limit: 8 },
      rate: { why: 'number' }
    });
    expect(why({ url: 'x', count: 1.5 })).toEqual({ count: { why: 'whole' } });
    expect(why({ url: 'x', count: '<% $parameters.n %>', rate: 3 })).toEqual({});
  });

  it('gives what differs, text as text', () => {
    const values = { ...presets(ASKED), url: '[a] page', count: 2, words: '[c]', quick: true, token: '' };
    expect(given(ASKED, values)).toEqual({ url: '"[a] page"', count: 2, words: '[c]', quick: true });
    expect(given(ASKED, { path: '' })).toEqual({ path: '' });
    expect(given(ASKED, { unknown: 1 })).toEqual({});
  });

  it('of anything else asks nothing', () => {
    expect(variables({})).toEqual([]);
    expect(variables({ properties: { odd: 3 }, required: 'odd' })).toMatchObject([{ name: 'odd', type: 'typed' }]);
  });
});
