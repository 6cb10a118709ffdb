/** Terminal sequences of a line: colours and links become values, everything else goes. */

/** `0`-`15` of a terminal's palette, or red, green and blue. */
export type Colour = number | readonly [number, number, number];

export interface IStyle {
  readonly foreground: Colour | null;
  readonly background: Colour | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
  readonly struck: boolean;
}

export interface ISpan {
  readonly text: string;
  readonly style: IStyle;
  /** Only http and https. */
  readonly link: string | null;
}

export const PLAIN: IStyle = {
  foreground: null,
  background: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  struck: false
};

const SEQUENCE = new RegExp(
  [
    '\\x1b\\[([0-9;:]*)m', // colours
    '\\x1b\\]8;[^;\\x07\\x1b]*;([^\\x07\\x1b]*)(?:\\x07|\\x1b\\\\)', // links
    '\\x1b\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)?', // titles, the clipboard
    '\\x1b[PX^_][^\\x1b]*(?:\\x1b\\\\)?',
    '\\x1b\\[[0-?]*[ -/]*[@-~]?', // cursor, screen, modes
    '\\x1b[ -/]*[0-~]?',
    '[\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f]',
    '[\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]' // text that reads in another order than it runs
  ].join('|'),
  'g'
);
const SPECIAL = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/;
const ADDRESS = /https?:\/\/[^\s<>"'`{}|\\^]+/g;
const BEHIND = '.,;:!?)]';
const WEB = /^https?:\/\/[^/\s]/i;

/** The line in pieces that look alike. */
export function spansOf(line: string): readonly ISpan[] {
  if (!SPECIAL.test(line)) {
    return linked(line, PLAIN);
  }
  const spans: ISpan[] = [];
  let style = PLAIN;
  let link: string | null = null;
  let at = 0;
  const take = (end: number): void => {
    if (end > at) {
      const text = line.slice(at, end);
      spans.push(...(link === null ? linked(text, style) : [{ text, style, link }]));
    }
  };
  for (const match of line.matchAll(SEQUENCE)) {
    take(match.index);
    at = match.index + match[0].length;
    const [, codes, target] = match;
    if (codes !== undefined) {
      style = styled(style, codes);
    } else if (target !== undefined) {
      link = WEB.test(target) ? target : null;
    }
  }
  take(line.length);
  return spans;
}

/** The line as it is read, without sequences. */
export function textOf(line: string): string {
  return SPECIAL.test(line) ? line.replace(SEQUENCE, '') : line;
}

/** Plain addresses in a text become links; the full stop after one is not part of it. */
function linked(text: string, style: IStyle): ISpan[] {
  if (!text.includes('://')) {
    return [{ text, style, link: null }];
  }
  const spans: ISpan[] = [];
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const link = trimmed(match[0]);
    if (WEB.test(link)) {
      if (match.index > at) {
        spans.push({ text: text.slice(at, match.index), style, link: null });
      }
      spans.push({ text: link, style, link });
      at = match.index + link.length;
    }
  }
  if (at < text.length) {
    spans.push({ text: text.slice(at), style, link: null });
  }
  return spans;
}

function trimmed(address: string): string {
  let end = address.length;
  while (end > 0 && BEHIND.includes(address.charAt(end - 1))) {
    end -= 1;
  }
  return address.slice(0, end);
}

type Changes = Partial<IStyle>;

const CHANGES: Readonly<Record<number, Changes>> = {
  0: PLAIN,
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { struck: true },
  21: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { struck: false },
  39: { foreground: null },
  49: { background: null }
};

function styled(style: IStyle, codes: string): IStyle {
  const numbers = codes.split(/[;:]/).map(Number);
  let now = style;
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at] ?? 0;
    if (code === 38 || code === 48) {
      const [colour, used] = extended(numbers.slice(at + 1));
      if (colour !== null) {
        now = { ...now, [code === 38 ? 'foreground' : 'background']: colour };
      }
      at += used;
    } else {
      now = { ...now, ...(CHANGES[code] ?? basic(code)) };
    }
  }
  return now;
}

function basic(code: number): Changes {
  const bright = code >= 90 ? 8 : 0;
  const digit = code % 10;
  if (digit > 7) {
    return {};
  }
  switch (Math.floor(code / 10)) {
    case 3:
    case 9:
      return { foreground: digit + bright };
    case 4:
    case 10:
      return { background: digit + bright };
    default:
      return {};
  }
}

/** `5;N` or `2;R;G;B`, and how many numbers that took. */
function extended([kind, ...more]: readonly number[]): [Colour | null, number] {
  const bytes = more.map(number => Math.min(255, Math.max(0, Math.trunc(number) || 0)));
  if (kind === 5) {
    return [palette(bytes[0] ?? 0), 2];
  }
  return kind === 2 ? [[bytes[0] ?? 0, bytes[1] ?? 0, bytes[2] ?? 0], 4] : [null, 0];
}

function palette(number: number): Colour {
  if (number < 16) {
    return number;
  }
  if (number > 231) {
    const grey = 8 + (number - 232) * 10;
    return [grey, grey, grey];
  }
  const level = (part: number): number => (part === 0 ? 0 : 55 + part * 40);
  const cube = number - 16;
  return [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)];
}
