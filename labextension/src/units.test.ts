import { expect, it } from 'vitest';

import { bytes } from './units';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1234, '1.2 kB'],
  [123_456, '123 kB'],
  [999_600, '1.0 MB'],
  [5e15, '5000 TB']
])('%d bytes are %s', (number, words) => {
  expect(bytes(number)).toBe(words);
});
