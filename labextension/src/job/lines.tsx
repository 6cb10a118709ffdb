/** The last lines of a job's log: a few, or in an opened card more of them. */

import { useLayoutEffect, useRef, useState, type JSX } from 'react';

import type { ILine } from './job';

interface ILines {
  readonly lines: readonly ILine[];
  /** Shows the log at the place of a line; null where nothing can. */
  readonly go: ((cursor: number | null) => void) | null;
}

/** As many as a record has. */
export function Tail({ lines, go }: ILines): JSX.Element {
  return (
    <div className="cube-Tail-room">
      <Lines lines={lines} go={go} />
    </div>
  );
}

/** Many lines, of which the last ones are in sight until a person scrolls up. */
export function More({ lines, go, label, isOver }: ILines & { label: string; isOver: boolean }): JSX.Element {
  const [isWhole] = useState(isOver); // what was opened while lines came keeps its height
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    if (follows.current && box.current !== null) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  });
  return (
    <div
      ref={box}
      className="cube-More"
      role="region"
      aria-label={label}
      data-whole={isWhole}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        follows.current = scrollTop + clientHeight >= scrollHeight - 4;
      }}
    >
      <Lines lines={lines} go={go} />
    </div>
  );
}

function Lines({ lines, go }: ILines): JSX.Element {
  const named = lines.some(({ task }) => task !== '');
  return (
    <div className="cube-Tail" data-named={named} data-linked={go !== null}>
      {lines.map(({ task, text, cursor }, number) => (
        // lines have no names, and all of them change together
        <div
          className="cube-Tail-line"
          key={number}
          onClick={() => {
            if (cursor !== null && getSelection()?.isCollapsed === true) {
              go?.(cursor);
            } // else somebody has marked text
          }}
        >
          {named && <bdi className="cube-Tail-task">{task}</bdi>}
          <span className="cube-Tail-text">{text}</span>
        </div>
      ))}
    </div>
  );
}
