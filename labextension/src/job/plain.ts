/** Lines of programs as plain text. */

const LONGEST = 2000; // characters of a line that are shown

const CONTROLS = new RegExp(
  [
    '\\x1b\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)?', // operating system commands: titles, links, the clipboard
    '\\x1b[PX^_][^\\x1b]*(?:\\x1b\\\\)?', // device control and other strings
    '\\x1b\\[[0-?]*[ -/]*[@-~]?', // colours, cursor, screen
    '\\x1b[ -/]*[0-~]?',
    '[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]',
    '[\\u202a-\\u202e\\u2066-\\u2069]' // text that reads in another order than it runs
  ].join('|'),
  'g'
);

/** The line without control sequences, and not longer than anybody reads. */
export function plain(line: string): string {
  const text = line.slice(0, 2 * LONGEST).replace(CONTROLS, '');
  return line.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
