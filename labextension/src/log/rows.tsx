/** The rows of a log that can be seen, in a box that scrolls and asks for more before its edge is reached. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, type JSX, type KeyboardEvent, type RefObject } from 'react';

import type { IDetail } from './detail';
import type { LogModel } from './model';
import { rowAt } from './pane';
import { LogRow } from './row';
import type { IShown } from './shown';
import type { Sight } from './sight';

const HEIGHT = 18; // pixels of a row that has not been measured
const EDGE = 120; // rows before the edge at which more are asked for
const NEAR = 4; // pixels from the end that count as the end

interface IRowsProps {
  readonly id: string;
  readonly model: LogModel;
  readonly shown: IShown;
  readonly detail: IDetail;
  readonly hit: RegExp | null;
  readonly box: RefObject<HTMLDivElement>;
  readonly sight: Sight;
  readonly only: (task: string) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly trans: TranslationBundle;
}

export function Rows({ id, model, shown, detail, hit, box, sight, only, onKeyDown, trans }: IRowsProps): JSX.Element {
  const { pane, following, target, size } = shown;
  const { rows } = pane;
  const top = useRef(0); // where the box stood when this last looked
  const mine = useRef(-1); // where this has scrolled to by itself
  const anchor = useRef<{ readonly key: string; readonly by: number } | null>(null);
  const held = useRef(rows);
  const shownTarget = useRef<object | null>(null);
   
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    estimateSize: () => HEIGHT,
    overscan: 12
  });
  useLayoutEffect(() => {
    // it would go by where the box stood before rows came above; the anchor below knows better
    virtual.shouldAdjustScrollPositionOnItemSizeChange = (): boolean => false;
  }, [virtual]);
  const items = virtual.getVirtualItems();
  const names = useMemo(() => (shown.job?.tasks ?? []).map(task => task.name.length), [shown.job]);
  const parts = useMemo(() => (names.length === 1 ? { ...detail, task: false } : detail), [detail, names]);
  const whole = useCallback((cursor: number, width: number) => model.whole(cursor, width), [model]);

  const scrollTo = useCallback(
    (to: number): void => {
      const node = box.current;
      if (node !== null && Math.abs(node.scrollTop - to) >= 1) {
        node.scrollTop = to;
        mine.current = node.scrollTop;
      }
      top.current = node?.scrollTop ?? 0;
    },
    [box]
  );

  const look = useCallback((): void => {
    const node = box.current;
    if (node === null || rows.length === 0) {
      return;
    }
    top.current = node.scrollTop;
    const first = virtual.getVirtualItemForOffset(node.scrollTop);
    const last = virtual.getVirtualItemForOffset(node.scrollTop + node.clientHeight);
    if (first !== undefined && last !== undefined) {
      anchor.current = { key: String(first.key), by: node.scrollTop - first.start };
      sight.set(rows[first.index]?.cursor ?? 0, rows[last.index]?.cursor ?? 0);
    }
  }, [box, rows, sight, virtual]);

  // where rows come, go or get their height, what was seen stays where it was
  useLayoutEffect(() => {
    const node = box.current;
    if (node === null) {
      return;
    }
    const measured = virtual.measurementsCache;
    const isSame = held.current === rows;
    held.current = rows;
    if (following) {
      scrollTo(node.scrollHeight - node.clientHeight);
    } else if (target !== null && target !== shownTarget.current && rows.length > 0) {
      shownTarget.current = target;
      const place = measured[rowAt(pane, target.cursor)];
      if (place !== undefined) {
        scrollTo(Math.max(0, place.start - (target.marked ? node.clientHeight / 3 : 0)));
      }
    } else if (anchor.current !== null && !(isSame && Math.abs(node.scrollTop - top.current) >= 1)) {
      // not where a person has scrolled, and the event is still to come
      const { key, by } = anchor.current;
      const place = measured.find(one => one.key === key);
      if (place !== undefined) {
        scrollTo(place.start + by);
      }
    }
    look();
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
    const isUp = scrollTop < top.current - 1;
    const isAtEnd = scrollHeight - clientHeight - scrollTop <= NEAR;
    if (!isMine) {
      mine.current = -1;
      if (following && isUp && !isAtEnd) {
        model.unfollow();
      } else if (!following && scrollTop > top.current && isAtEnd && pane.end >= size && model.isLive) {
        model.follow();
      }
    }
    look();
  };

  return (
    <div
      ref={box}
      id={id}
      className="cube-Log-lines"
      data-wrap={detail.wrap}
      role="log"
      aria-live="off" // of thousands of lines a second nobody wants each; the status says how many
      aria-label={trans.__('Log of %1', shown.job?.name ?? model.job)}
      tabIndex={0}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      <div className="cube-Log-space" style={{ height: virtual.getTotalSize(), ['--cube-task-width' as string]: `${String(Math.min(24, Math.max(...names)))}ch` }}>
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
                <LogRow row={row} detail={parts} started={shown.job?.started ?? 0} hit={hit} only={only} whole={whole} trans={trans} />
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}
