/** Colours from numbers: of a task from its name, of a line's pieces from what the program wrote. */

import type { CSSProperties } from 'react';

import type { Colour, IStyle } from './ansi';

/** The same for a name for ever; lightness and strength are the theme's, so that it can be read in each. */
export function taskHue(name: string): number {
  let hash = 2166136261;
  for (let at = 0; at < name.length; at += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 16777619);
  }
  // the last steps of FNV leave neighbours such as worker-1 and worker-2 alike
  hash = Math.imul(hash ^ (hash >>> 15), 2246822519);
  return ((hash ^ (hash >>> 13)) >>> 0) % 360;
}

export function cssOf(style: IStyle): CSSProperties {
  const { background, foreground } = style;
  const back = background === null ? null : colour(background, false);
  const front = foreground === null ? null : colour(foreground, background === null && !style.inverse);
  const [color, backgroundColor] = style.inverse ? [back ?? BACK, front ?? FRONT] : [front, back];
  const decoration = [style.underline ? 'underline' : '', style.struck ? 'line-through' : ''].join(' ').trim();
  return {
    ...(color === null ? {} : { color }),
    ...(backgroundColor === null ? {} : { backgroundColor }),
    ...(style.bold ? { fontWeight: 'bold' } : {}),
    ...(style.dim ? { opacity: 0.7 } : {}),
    ...(style.italic ? { fontStyle: 'italic' } : {}),
    ...(decoration === '' ? {} : { textDecoration: decoration })
  };
}

const FRONT = 'var(--jp-content-font-color1)';
const BACK = 'var(--jp-layout-color0)';

/** `readable`: on the theme's background, where black on black would be nothing. */
function colour(value: Colour, readable: boolean): string {
  if (typeof value === 'number') {
    return `var(--cube-ansi-${String(value)})`;
  }
  const rgb = `rgb(${value.map(String).join(' ')})`;
  return readable ? `oklch(from ${rgb} clamp(var(--cube-darkest), l, var(--cube-lightest)) c h)` : rgb;
}
