import { describe, expect, it } from 'vitest';

import { PLAIN, spansOf, textOf } from './ansi';
import { cssOf } from './colour';

const ESC = '\u001b';

/** Text and what differs from plain of each span. */
function seen(line: string): unknown[] {
  return spansOf(line).map(({ text, style, link }) => {
    const changed = Object.entries(style).filter(([name, value]) => value !== PLAIN[name as keyof typeof PLAIN]);
    return [text, Object.fromEntries(changed), ...(link === null ? [] : [link])];
  });
}

describe('colours', () => {
  it.each([
    ['plain', [['plain', {}]]],
    [`${ESC}[31mred${ESC}[0m no`, [['red', { foreground: 1 }], [' no', {}]]],
    [`${ESC}[1;4;94mx${ESC}[22;24;39my`, [['x', { bold: true, underline: true, foreground: 12 }], ['y', {}]]],
    [`${ESC}[41;97mx`, [['x', { background: 1, foreground: 15 }]]],
    [`${ESC}[103mx`, [['x', { background: 11 }]]],
    [`${ESC}[38;5;9mx`, [['x', { foreground: 9 }]]],
    [`${ESC}[38;5;196mx`, [['x', { foreground: [255, 0, 0] }]]],
    [`${ESC}[48;5;244mx`, [['x', { background: [128, 128, 128] }]]],
    [`${ESC}[38;2;1;2;300;1mx`, [['x', { foreground: [1, 2, 255], bold: true }]]],
    [`${ESC}[38;2;NaNmx`, [['aNmx', {}]]], // no such sequence: it ends at its first letter
    [`${ESC}[mx${ESC}[7mi${ESC}[27mn`, [['x', {}], ['i', { inverse: true }], ['n', {}]]],
    [`${ESC}[38mx${ESC}[38;5mx${ESC}[999mz`, [['x', {}], ['x', { foreground: 0 }], ['z', { foreground: 0 }]]]
  ])('%j', (line, spans) => {
    expect(seen(line)).toEqual(spans);
  });

  it('are made of numbers, whatever a line says', () => {
    const css = spansOf(`${ESC}[38;5;999999mx${ESC}[48;2;1;2;3;38;2;9;9;9;7mx${ESC}[0;31mx`).map(span => cssOf(span.style));
    for (const value of css.flatMap((one): unknown[] => Object.values(one))) {
      expect(value).toMatch(/^(rgb\(\d+ \d+ \d+\)|var\(--cube-ansi-\d+\)|oklch\(from rgb\(\d+ \d+ \d+\) clamp\(.*\) c h\))$/);
    }
  });

  it('can be told from their background', () => {
    for (let colour = 0; colour < 16; colour += 1) {
      const { color, backgroundColor } = cssOf({ ...PLAIN, background: colour });
      const [front, back] = [color, backgroundColor].map(one => luminance(String(one)));
      expect((Math.max(front ?? 0, back ?? 0) + 0.05) / (Math.min(front ?? 0, back ?? 0) + 0.05)).toBeGreaterThan(4.4);
    }
  });
});

function luminance(rgb: string): number {
  const [red = 0, green = 0, blue = 0] = [...rgb.matchAll(/\d+/g)].map(([number]) => {
    const channel = Number(number) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe('links', () => {
  it.each([
    [`${ESC}]8;;https://a.org/x${ESC}\\here${ESC}]8;;${ESC}\\ after`, [['here', {}, 'https://a.org/x'], [' after', {}]]],
    [`${ESC}]8;id=1;https://a.org\u0007here`, [['here', {}, 'https://a.org']]],
    [`${ESC}]8;;javascript:alert(1)${ESC}\\here`, [['here', {}]]],
    [`${ESC}]8;;file:///etc/passwd\u0007here`, [['here', {}]]],
    ['see https://a.org/b?c=d&e, or (http://b.org).', [
      ['see ', {}],
      ['https://a.org/b?c=d&e', {}, 'https://a.org/b?c=d&e'],
      [', or (', {}],
      ['http://b.org', {}, 'http://b.org'],
      [').', {}]
    ]],
    ['javascript://a.org https:// x', [['javascript://a.org https:// x', {}]]]
  ])('%j', (line, spans) => {
    expect(seen(line)).toEqual(spans);
  });
});

it.each([
  [`a${ESC}[2Jb${ESC}[10;10Hc`, 'abc'],
  [`${ESC}]0;title\u0007a${ESC}]52;c;xx${ESC}\\b`, 'ab'],
  [`${ESC}P1;2|3${ESC}\\a${ESC}_x${ESC}\\b`, 'ab'],
  ['a\u0008\u0000\u0007b\u009bc\u0085', 'abc'],
  ['exe\u202egnp.\u202c\u2066x\u2069', 'exegnp.x'],
  ['tab\tstays', 'tab\tstays'],
  [`ends ${ESC}`, 'ends '],
  [`ends ${ESC}[31`, 'ends '],
  [`${ESC}[31mred${ESC}[0m`, 'red']
])('only the text is left of %j', (line, text) => {
  expect(textOf(line)).toBe(text);
  expect(spansOf(line).map(span => span.text).join('')).toBe(text);
});

it('takes a long line of anything in no time', () => {
  const hard = [`${ESC}[`.repeat(300_000), 'https://' + ')'.repeat(900_000) + 'x', `${ESC}]8;;`.repeat(200_000), '\u202e'.repeat(500_000)];
  const began = performance.now();
  for (const line of hard) {
    spansOf(line);
  }
  expect(performance.now() - began).toBeLessThan(10_000); // not minutes
});
