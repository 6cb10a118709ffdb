/** The last lines of a job's log. */

import type { JSX } from 'react';

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
