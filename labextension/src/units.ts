/** Numbers as people read them. */

/** Bytes with a unit: `512 B`, `12.3 MB`. */
export function bytes(number: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  let left = number;
  while (left >= 999.5 && at < units.length - 1) {
    left /= 1000;
    at += 1;
  }
  return `${left.toFixed(at === 0 || left >= 99.95 ? 0 : 1)} ${units[at] ?? ''}`;
}
