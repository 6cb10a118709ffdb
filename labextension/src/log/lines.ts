/** Rows of the merged log, as the server sends them. */

export interface ILine {
  readonly kind: 'line';
  /** Unlike that of all other rows of this log. */
  readonly key: string;
  /** The place after it in the merged log. */
  readonly cursor: number;
  /** When it was recorded, milliseconds since the epoch. */
  readonly time: number;
  readonly task: string;
  readonly attempt: number;
  readonly text: string;
  /** Characters of the whole line, of which `text` may be the beginning. */
  readonly length: number;
}

/** Lines that are missing. */
export interface IGap {
  readonly kind: 'gap';
  readonly key: string;
  readonly cursor: number;
  /** Empty where lines of all tasks are missing. */
  readonly task: string;
  readonly bytes: number;
  /** Null where nobody knows how many. */
  readonly lines: number | null;
  readonly reason: string;
}

export type Row = ILine | IGap;

/** All rows that are wanted between two cursors of a log that ends at `size`. */
export interface IPart {
  readonly rows: readonly Row[];
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

/** As the server writes it in columns. */
export interface IPartRecord {
  readonly names: readonly (readonly [string, number])[];
  readonly columns: {
    readonly cursors: readonly number[];
    readonly times: readonly number[];
    readonly sources: readonly number[];
    readonly texts: readonly (string | null)[];
  };
  readonly gaps: readonly { task: string; bytes: number; lines: number | null; reason: string }[];
  readonly cut: readonly (readonly [number, number])[];
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

export function partOf({ names, columns, gaps, cut, start, end, size }: IPartRecord): IPart {
  const lengths = new Map(cut);
  const missing = gaps.values();
  let cursor = 0;
  let time = 0;
  const rows = columns.texts.map((text, number): Row => {
    cursor += columns.cursors[number] ?? 0;
    time += columns.times[number] ?? 0;
    if (text === null) {
      const { task = '', bytes = 0, lines = null, reason = '' } = missing.next().value ?? {};
      return { kind: 'gap', key: `${String(cursor)} ${task} ${reason}`, cursor, task, bytes, lines, reason };
    }
    const [task, attempt] = names[columns.sources[number] ?? 0] ?? ['', 0];
    const length = lengths.get(number) ?? text.length;
    return { kind: 'line', key: String(cursor), cursor, time, task, attempt, text, length };
  });
  return { rows, start, end, size };
}
