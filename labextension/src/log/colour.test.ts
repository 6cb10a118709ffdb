import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { taskHue } from './colour';

const CSS = readFileSync('style/log.css', 'utf-8');

/** Relative luminance of an OKLCH colour, out of gamut parts cut off. */
function luminance(light: number, strength: number, hue: number): number {
  const [a, b] = [strength * Math.cos((hue * Math.PI) / 180), strength * Math.sin((hue * Math.PI) / 180)];
  const long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const middle = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const cut = (part: number): number => Math.min(1, Math.max(0, part));
  const red = cut(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short);
  const green = cut(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short);
  const blue = cut(-0.0041960863 * long - 0.7034186147 * middle + 1.707614701 * short);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

it('a task has the same colour for ever, and neighbours have others', () => {
  expect(taskHue('worker-0')).toBe(taskHue('worker-0'));
  for (let index = 0; index < 12; index += 1) {
    const apart = Math.abs(taskHue(`worker-${String(index)}`) - taskHue(`worker-${String(index + 1)}`));
    expect(Math.min(apart, 360 - apart)).toBeGreaterThan(0);
  }
  const hues = new Set(Array.from({ length: 300 }, (_, index) => Math.floor(taskHue(`worker-${String(index)}`) / 30)));
  expect(hues.size).toBe(12);
});

it('every task can be read in the light theme and in the dark one', () => {
  const themes = [...CSS.matchAll(/--cube-task-light: ([\d.]+);\s*--cube-task-strength: ([\d.]+);/g)].map(match => match.slice(1).map(Number));
  expect(themes).toHaveLength(2);
  const [light = [], dark = []] = themes;
  for (let hue = 0; hue < 360; hue += 1) {
    expect(1.05 / (luminance(light[0] ?? 0, light[1] ?? 0, hue) + 0.05)).toBeGreaterThan(4.5); // on white
    expect((luminance(dark[0] ?? 0, dark[1] ?? 0, hue) + 0.05) / (0.0056 + 0.05)).toBeGreaterThan(4.5); // on #111
  }
});
