/** The whole log at the side: where the view stands, and where errors, hits and gaps are. Its height is the log's bytes. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { memo, useRef, useSyncExternalStore, type JSX, type PointerEvent } from 'react';

import type { Sight } from './sight';

const PARTS = 400; // more marks than these cannot be told apart

interface IStripProps {
  /** The id of the box with the lines. */
  readonly lines: string;
  readonly size: number;
  readonly sight: Sight;
  readonly alarms: readonly number[];
  readonly hits: readonly number[];
  readonly gaps: readonly number[];
  readonly go: (cursor: number) => void;
  readonly trans: TranslationBundle;
}

export function Strip({ lines, size, sight, alarms, hits, gaps, go, trans }: IStripProps): JSX.Element {
  const { top, bottom } = useSyncExternalStore(sight.listen, () => sight.now);
  const node = useRef<HTMLDivElement>(null);
  const isHeld = useRef(false);
  const share = size === 0 ? 0 : Math.min(1, top / size);
  const height = size === 0 ? 1 : Math.min(1, Math.max(0, (bottom - top) / size));
  const move = (event: PointerEvent): void => {
    const box = node.current?.getBoundingClientRect();
    if (isHeld.current && box !== undefined && box.height > 0) {
      const at = Math.min(1, Math.max(0, (event.clientY - box.top) / box.height));
      go(Math.round(at * size));
    }
  };
  return (
    <div
      ref={node}
      className="cube-Strip"
      role="scrollbar"
      aria-controls={lines}
      aria-orientation="vertical"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      aria-label={trans.__('Place in the log')}
      title={trans.__('Left: errors. Middle: gaps. Right: hits of the search.')}
      onPointerDown={event => {
        isHeld.current = event.button === 0;
        event.currentTarget.setPointerCapture(event.pointerId);
        move(event);
      }}
      onPointerMove={move}
      onPointerUp={() => {
        isHeld.current = false;
      }}
    >
      <Marks kind="alarm" places={alarms} size={size} />
      <Marks kind="gap" places={gaps} size={size} />
      <Marks kind="hit" places={hits} size={size} />
      <div
        className="cube-Strip-view"
        style={{ top: `min(${percent(share)}, calc(100% - 12px))`, height: `max(12px, ${percent(height)})` }}
      />
    </div>
  );
}

interface IMarksProps {
  readonly kind: 'alarm' | 'gap' | 'hit';
  readonly places: readonly number[];
  readonly size: number;
}

const Marks = memo(function Marks({ kind, places, size }: IMarksProps): JSX.Element {
  const parts = new Set(size === 0 ? [] : places.map(place => Math.floor((place / size) * PARTS)));
  return (
    <>
      {[...parts].map(part => (
        <span key={part} className="cube-Strip-mark" data-kind={kind} style={{ top: percent(part / PARTS) }} />
      ))}
    </>
  );
});

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
