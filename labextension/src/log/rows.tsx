/** The rows of a log that can be seen, in a box that scrolls and asks for more before its edge is reached. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useRef, type JSX, type KeyboardEvent, type RefObject } from 'react';

import type { IDetail } from './detail';
import type { IShown, LogModel } from './model';
import { rowAt } from './pane';
import { LogRow } from './row';

const HEIGHT = 18; // pixels of a row that has not been measured
const EDGE = 120; // rows before the edge at which more are asked for
const NEAR = 4; // pixels from the end that count as the end

/** The first and last cursor that can be seen. */
export type Seen = (top: number, bottom: number) => void;

interface IRowsProps {
  readonly model: LogModel;
  readonly shown: IShown;
  readonly detail: IDetail;
  readonly hit: RegExp | null;
  readonly box: RefObject<HTMLDivElement>;
  readonly seen: Seen;
  readonly only: (task: string) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly trans: TranslationBundle;
}

export function Rows({ model, shown, detail, hit, box, seen, only, onKeyDown, trans }: IRowsProps): JSX.Element {
  const { pane, following, target, size } = shown;
  const { rows } = pane;
  const mine = useRef(-1); // where this has scrolled to by itself
  const before = useRef(0);
  const anchor = useRef<{ readonly key: string; readonly by: number } | null>(null);
  const shownTarget = useRef<object | null>(null);
   
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    estimateSize: () => HEIGHT,
    overscan: 12
  });
  const items = virtual.getVirtualItems();
  const whole = useCallback((cursor: number, width: number) => model.whole(cursor, width), [model]);

  const scrollTo = useCallback(
    (top: number): void => {
      const node = box.current;
      if (node !== null && Math.abs(node.scrollTop - top) >= 1) {
        node.scrollTop = top;
        mine.current = node.scrollTop;
        before.current = node.scrollTop;
      }
    },
    [box]
  );

  const look = useCallback((): void => {
    const node = box.current;
    if (node === null || rows.length === 0) {
      return;
    }
    const seenItems = virtual.measurementsCache;
    const first = virtual.getVirtualItemForOffset(node.scrollTop);
    const last = virtual.getVirtualItemForOffset(node.scrollTop + node.clientHeight);
    if (first !== undefined && last !== undefined && seenItems.length > 0) {
      anchor.current = { key: String(first.key), by: node.scrollTop - first.start };
      seen(rows[first.index]?.cursor ?? 0, rows[last.index]?.cursor ?? 0);
    }
  }, [box, rows, seen, virtual]);

  // where the rows are others, what was seen stays where it was
  useLayoutEffect(() => {
    const node = box.current;
    if (node === null) {
      return;
    }
    const measured = virtual.measurementsCache;
    if (following) {
      scrollTo(node.scrollHeight - node.clientHeight);
    } else if (target !== null && target !== shownTarget.current && rows.length > 0) {
      shownTarget.current = target;
      const place = measured[rowAt(pane, target.cursor)];
      if (place !== undefined) {
        scrollTo(Math.max(0, place.start - (target.marked ? node.clientHeight / 3 : 0)));
      }
    } else if (anchor.current !== null) {
      const { key, by } = anchor.current;
      const place = measured.find(one => one.key === key);
      if (place !== undefined && Math.abs(place.start + by - node.scrollTop) >= 1) {
        scrollTo(place.start + by);
      }
    }
    look();
  }, [box, following, look, pane, rows, scrollTo, target, virtual]);

  // rows are measured after they are drawn: the end is then somewhere else
  useLayoutEffect(() => {
    const node = box.current;
    if (node !== null && following) {
      scrollTo(node.scrollHeight - node.clientHeight);
    }
  });

  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (shown.link !== 'live' || shown.loading) {
      return;
    }
    if (!following && last >= rows.length - EDGE && pane.end < size) {
      void model.more('forth');
    } else if (first < EDGE && pane.start > 0) {
      void model.more('back');
    }
  });

  const onScroll = (): void => {
    const node = box.current;
    if (node === null) {
      return;
    }
    const { clientHeight, scrollHeight, scrollTop } = node;
    const isMine = Math.abs(scrollTop - mine.current) < 2;
    const isUp = scrollTop < before.current - 1;
    before.current = scrollTop;
    const isAtEnd = scrollHeight - clientHeight - scrollTop <= NEAR;
    if (!isMine) {
      mine.current = -1;
      if (following && isUp && !isAtEnd) {
        model.unfollow();
      } else if (!following && !isUp && isAtEnd && pane.end >= size && model.isLive) {
        model.follow();
      }
    }
    look();
  };

  return (
    <div
      ref={box}
      className="cube-Log-lines"
      data-wrap={detail.wrap}
      role="log"
      aria-live="off" // of thousands of lines a second nobody wants each; the status says how many
      aria-label={trans.__('Log of %1', shown.job?.name ?? model.job)}
      tabIndex={0}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      <div className="cube-Log-space" style={{ height: virtual.getTotalSize() }}>
        {items.map(item => {
          const row = rows[item.index];
          return (
            row !== undefined && (
              <div
                key={item.key}
                ref={virtual.measureElement}
                className="cube-Log-row"
                data-index={item.index}
                data-cursor={row.cursor}
                data-target={target?.marked === true && target.cursor === row.cursor}
                style={{ transform: `translateY(${String(item.start)}px)` }}
              >
                <LogRow row={row} detail={detail} started={shown.job?.started ?? 0} hit={hit} only={only} whole={whole} trans={trans} />
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}
