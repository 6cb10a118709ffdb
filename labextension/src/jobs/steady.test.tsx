import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { useSteady, type ISteady } from './steady';

let steady: ISteady<string>;
let draw: (rows: readonly string[]) => string;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const root = createRoot(document.createElement('div'));
  const current = (row: string): string | null => (row === 'gone' ? null : row);
  function Rows({ rows }: { rows: readonly string[] }): null {
    steady = useSteady(rows, current);
    return null;
  }
  draw = (rows): string => {
    flushSync(() => {
      root.render(<Rows rows={rows} />);
    });
    return steady.rows.join(' ');
  };
});

afterEach(() => {
  vi.useRealTimers();
});

it('moves nothing while the pointer moves, but takes away what is gone', () => {
  draw(['a', 'gone', 'b']);
  flushSync(() => {
    steady.onPointerMove();
  });
  expect(draw(['new', 'b', 'a'])).toBe('a b');
});

it('follows again when the pointer has left, or rests', () => {
  draw(['a', 'b']);
  flushSync(() => {
    steady.onPointerMove();
  });
  flushSync(() => {
    steady.onPointerLeave();
  });
  expect(draw(['b', 'a'])).toBe('b a');
  flushSync(() => {
    steady.onPointerMove();
  });
  expect(draw(['a', 'b'])).toBe('b a');
  flushSync(() => {
    vi.advanceTimersByTime(2000);
  });
  expect(draw(['a', 'b'])).toBe('a b');
});
