/** One row of a log: a line in its columns, or what is missing. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { memo, useMemo, useState, type JSX } from 'react';

import { bytes } from '../units';
import { spansOf, textOf, type ISpan } from './ansi';
import { WIDEST, WIDTH } from './ask';
import { cssOf, taskHue } from './colour';
import type { IDetail } from './detail';
import type { IGap, ILine, Row } from './lines';
import { clockOf, sinceStart } from './moment';

interface IRowProps {
  readonly row: Row;
  readonly detail: IDetail;
  /** When the job started, seconds since the epoch. */
  readonly started: number;
  /** What is sought is in it; null: nothing is. */
  readonly hit: RegExp | null;
  readonly only: (task: string) => void;
  readonly whole: (cursor: number, width: number) => Promise<string | null>;
  readonly trans: TranslationBundle;
}

export const LogRow = memo(function LogRow(props: IRowProps): JSX.Element {
  const { row } = props;
  return row.kind === 'gap' ? <Gap row={row} trans={props.trans} /> : <Line {...props} row={row} />;
});

function Gap({ row, trans }: { row: IGap; trans: TranslationBundle }): JSX.Element {
  const much = row.lines === null ? bytes(row.bytes) : trans.__('%1 lines', row.lines.toLocaleString());
  const where = row.task === '' ? '' : trans.__(' of %1', row.task);
  const words =
    row.lines === null && row.bytes === 0
      ? trans.__('Lines%1 are missing: %2', where, textOf(row.reason))
      : trans.__('%1%2 are missing: %3', much, where, textOf(row.reason));
  return <div className="cube-Log-gap">— {words} —</div>;
}

function Line({ row, detail, started, hit, only, whole, trans }: IRowProps & { row: ILine }): JSX.Element {
  const [more, setMore] = useState<string | null>(null);
  const text = more ?? row.text;
  const spans = useMemo(() => spansOf(text), [text]);
  return (
    <>
      {detail.time !== 'off' && (
        <time className="cube-Log-time" title={new Date(row.time).toLocaleString()}>
          {detail.time === 'relative' ? sinceStart(row.time, started) : clockOf(row.time)}
        </time>
      )}
      {detail.task && (
        <button
          className="cube-Log-task"
          type="button"
          tabIndex={-1}
          style={{ color: `oklch(var(--cube-task-light) var(--cube-task-strength) ${String(taskHue(row.task))})` }}
          title={trans.__('Show only %1', row.task)}
          onClick={() => {
            only(row.task);
          }}
        >
          <bdi>{row.task}</bdi>
        </button>
      )}
      {detail.attempt && (
        <span className="cube-Log-attempt" title={trans.__('Attempt %1', row.attempt)}>
          {row.attempt}
        </span>
      )}
      <bdi className="cube-Log-text">
        {spans.map((span, number) => (
          <Span key={number} span={span} hit={hit} />
        ))}
        {text === '' && ' '}
        {row.length > text.length && (
          <Cut
            left={row.length - text.length}
            more={text.length >= Math.min(WIDEST, row.length)}
            show={() => void whole(row.cursor, WIDEST).then(setMore)}
            trans={trans}
          />
        )}
        {more !== null && (
          <button
            className="cube-Log-cut"
            type="button"
            onClick={() => {
              setMore(null);
            }}
          >
            {trans.__('show the first %1 characters', WIDTH.toLocaleString())}
          </button>
        )}
      </bdi>
    </>
  );
}

interface ICutProps {
  readonly left: number;
  /** More than is shown of a line. */
  readonly more: boolean;
  readonly show: () => void;
  readonly trans: TranslationBundle;
}

function Cut({ left, more, show, trans }: ICutProps): JSX.Element {
  return more ? (
    <span className="cube-Log-rest">{trans.__('… %1 more characters, in the downloaded log', left.toLocaleString())}</span>
  ) : (
    <button className="cube-Log-cut" type="button" onClick={show}>
      {trans.__('… show all, %1 more characters', left.toLocaleString())}
    </button>
  );
}

function Span({ span: { text, style, link }, hit }: { span: ISpan; hit: RegExp | null }): JSX.Element {
  const shown = hit === null ? text : marked(text, hit);
  const css = cssOf(style);
  if (link !== null) {
    return (
      <a className="cube-Log-link" style={css} href={link} title={link} target="_blank" rel="noopener noreferrer">
        {shown}
      </a>
    );
  }
  return Object.keys(css).length === 0 ? <>{shown}</> : <span style={css}>{shown}</span>;
}

/** The text with marks around what is sought. */
function marked(text: string, hit: RegExp): readonly (string | JSX.Element)[] {
  const parts: (string | JSX.Element)[] = [];
  let at = 0;
  for (const match of text.slice(0, WIDTH).matchAll(hit)) {
    if (match[0] !== '' && parts.length < 200) {
      parts.push(text.slice(at, match.index), <mark key={match.index}>{match[0]}</mark>);
      at = match.index + match[0].length;
    }
  }
  return [...parts, text.slice(at)];
}
