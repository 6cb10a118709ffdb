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
  const decoration = [style.underline ? 'underline' : '', style.struck ? 'line-through' : ''].join(' ').trim();
  return {
    ...coloursOf(style),
    ...(style.bold ? { fontWeight: 'bold' } : {}),
    ...(style.dim ? { opacity: 0.7 } : {}),
    ...(style.italic ? { fontStyle: 'italic' } : {}),
    ...(decoration === '' ? {} : { textDecoration: decoration })
  };
}

type Rgb = readonly [number, number, number];

/** Of a terminal, where a colour has a background of its own: then nothing depends on the theme. */
const TERMINAL: readonly Rgb[] = [
  [0, 0, 0],
  [190, 40, 35],
  [20, 125, 50],
  [225, 190, 40],
  [30, 90, 190],
  [150, 60, 170],
  [15, 122, 138],
  [225, 225, 225],
  [105, 105, 105],
  [240, 90, 80],
  [60, 200, 100],
  [250, 235, 90],
  [90, 150, 250],
  [215, 120, 230],
  [70, 210, 225],
  [255, 255, 255]
];

function coloursOf({ background, foreground, inverse }: IStyle): CSSProperties {
  if (background === null) {
    const color = foreground === null ? null : readable(foreground);
    if (inverse) {
      return { color: 'var(--jp-layout-color0)', backgroundColor: color ?? 'var(--jp-content-font-color1)' };
    }
    return color === null ? {} : { color };
  }
  const behind = rgbOf(background);
  const front = foreground === null ? opposite(behind) : rgbOf(foreground);
  const [color, backgroundColor] = (inverse ? [behind, front] : [front, behind]).map(
    rgb => `rgb(${rgb.map(String).join(' ')})`
  );
  return { color, backgroundColor };
}

function rgbOf(colour: Colour): Rgb {
  return typeof colour === 'number' ? (TERMINAL[colour] ?? [0, 0, 0]) : colour;
}

/** Black or white, whichever can be read on it. */
function opposite([red, green, blue]: Rgb): Rgb {
  return 0.3 * red + 0.59 * green + 0.11 * blue > 130 ? [0, 0, 0] : [255, 255, 255];
}

/** On the theme's background, where black on black would be nothing. */
function readable(colour: Colour): string {
  return typeof colour === 'number'
    ? `var(--cube-ansi-${String(colour)})`
    : `oklch(from rgb(${colour.map(String).join(' ')}) clamp(var(--cube-darkest), l, var(--cube-lightest)) c h)`;
}
