import { expect, it } from 'vitest';

import { lack, nameFor, request } from './dataset';

it.each([
  ['http://example.org/data/my%20numbers.csv?key=1', 'my_numbers'],
  ['https://example.org/a/train.tar.gz', 'train'],
  ['https://example.org/', 'example.org'],
  ['https://example.org/%E0%A4%A', ''],
  ['data/.hidden file', 'hidden_file'],
  ['/shared/pictures/', 'pictures'],
  ['https://', ''],
  ['', ''],
  [`https://example.org/${'x'.repeat(500)}`, 'x'.repeat(60)]
])('a name is taken from %j', (place, name) => {
  expect(nameFor(place)).toBe(name);
});

it('says what is missing first', () => {
  expect(lack({ place: ' ', name: '', summary: '' })).toBe('place');
  expect(lack({ place: 'x', name: '', summary: '' })).toBe('name');
  expect(lack({ place: 'x', name: 'a/../b', summary: '' })).toBe('badName');
  expect(lack({ place: 'x', name: 'a.b-c', summary: '' })).toBeNull();
});

it('asks for an address or for a path', () => {
  expect(request({ place: ' https://x/y ', name: 'y', summary: '' }, false)).toEqual({
    kind: 'dataset',
    name: 'y',
    url: 'https://x/y',
    publish: false
  });
  expect(request({ place: 'data/y', name: 'y', summary: ' z ' }, true)).toEqual({
    kind: 'dataset',
    name: 'y',
    path: 'data/y',
    summary: 'z',
    publish: true
  });
});
