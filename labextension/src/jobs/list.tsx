/** The jobs as rows, of which only those are drawn that can be seen. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual';
import { useCallback, useLayoutEffect, useRef, useState, type JSX, type KeyboardEvent, type MouseEvent } from 'react';

import type { ICubeClient, IJobList } from '../tokens';
import { ORDERS } from './commands';
import { Details } from './details';
import type { ITime } from './elapsed';
import type { Picked } from './picked';
import { Row, whyWords } from './row';
import { between, jobFrom, placeOf, type IRow } from './rows';
import { useSteady } from './steady';

const HEADING = 28; // pixels, like the next two what a row takes before it is measured
const LINE = 28;
const WHY = 18;
const PAGE = 10; // rows

interface IList extends ITime {
  readonly rows: readonly IRow[];
  readonly list: IJobList;
  readonly picked: Picked;
  readonly client: ICubeClient;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
}

export function List({ list, picked, client, commands, trans, ahead, isShown, ...given }: IList): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<string | null>(null);
  const [current, setCurrent] = useState<string | null>(null);
  const anchor = useRef<string | null>(null); // where a range of picked jobs begins
  const isFocusWanted = useRef(false);
  const place = useRef(0); // of the current job, when it was last there
  const { rows, onPointerMove, onPointerLeave } = useSteady(
    given.rows,
    useCallback(
      (row: IRow): IRow | null => {
        const job = row.kind === 'job' ? list.find(row.job.id) : undefined;
        return row.kind === 'heading' ? row : job === undefined ? null : { kind: 'job', job };
      },
      [list]
    )
  );
  const shown = placeOf(rows, current);
  const reached = shown < 0 ? placeOf(rows, jobFrom(rows, -1, 1)) : shown;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    getItemKey: index => {
      const row = rows[index];
      return row?.kind === 'job' ? row.job.id : (row?.label ?? index);
    },
    estimateSize: index => {
      const row = rows[index];
      return row?.kind === 'job' ? LINE + (whyWords(row.job, trans) === '' ? 0 : WHY) : HEADING;
    },
    overscan: 8,
    // the row that has the focus stays, wherever the list is scrolled to
    rangeExtractor: (range: Range) => {
      const visible = defaultRangeExtractor(range);
      return reached < 0 || visible.includes(reached) ? visible : [...visible, reached].sort((one, two) => one - two);
    }
  });

  useLayoutEffect(() => {
    if (shown >= 0) {
      place.current = shown;
    } else if (current !== null) {
      // it is gone, and the focus with it
      isFocusWanted.current = document.activeElement === document.body;
      setCurrent(jobFrom(rows, place.current - 1, 1) ?? jobFrom(rows, rows.length, -1));
    }
  }, [rows, shown, current]);

  useLayoutEffect(() => {
    if (isFocusWanted.current && current !== null) {
      const row = scroller.current?.querySelector<HTMLElement>(`.cube-Job-open[data-id="${CSS.escape(current)}"]`);
      if (row) {
        isFocusWanted.current = false;
        row.focus({ preventScroll: true });
      }
    }
  });

  const onPick = useCallback(
    (id: string): void => {
      anchor.current = id;
      picked.toggle(id);
    },
    [picked]
  );
  const pickTo = useCallback(
    (id: string): void => {
      anchor.current ??= id;
      const begin = placeOf(rows, anchor.current);
      const end = placeOf(rows, id);
      picked.set(begin < 0 ? [id] : between(rows, begin, end));
    },
    [picked, rows]
  );
  const onClick = useCallback(
    (id: string, event: MouseEvent): void => {
      if (event.shiftKey) {
        pickTo(id);
      } else if (event.ctrlKey || event.metaKey) {
        onPick(id);
      } else {
        anchor.current = id;
        setOpen(before => (before === id ? null : id));
      }
    },
    [onPick, pickTo]
  );
  const go = (by: number, picks: boolean): void => {
    const id = jobFrom(rows, Math.max(reached, 0), by);
    if (id === null) {
      return;
    }
    if (picks) {
      anchor.current ??= current;
      pickTo(id);
    } else {
      anchor.current = id;
    }
    isFocusWanted.current = true;
    setCurrent(id);
    virtual.scrollToIndex(placeOf(rows, id));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!(event.target as HTMLElement).matches('.cube-Job-open')) {
      return;
    }
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: PAGE,
      PageUp: -PAGE,
      Home: -rows.length,
      End: rows.length
    };
    const step = steps[event.key];
    if (step !== undefined) {
      go(step, event.shiftKey);
    } else if (event.key === ' ' && current !== null) {
      onPick(current);
    } else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) {
      picked.set(between(rows, 0, rows.length));
    } else if (event.key === 'Escape' && picked.ids.size > 0) {
      picked.set([]);
    } else if (event.key === 'Delete' && current !== null) {
      void commands.execute(ORDERS.delete, picked.ids.size > 0 ? {} : { jobs: [current] });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div
      ref={scroller}
      className="cube-Jobs-scroll"
      onKeyDown={onKeyDown}
      onPointerMove={onPointerMove}
      onPointerLeave={onPointerLeave}
    >
      <div className="cube-Jobs-rows" role="list" aria-label={trans.__('Jobs')} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(item => {
          const row = rows[item.index];
          return (
            row && (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className="cube-Jobs-row"
                role="listitem"
                aria-posinset={item.index + 1}
                aria-setsize={rows.length}
                style={{ transform: `translateY(${String(item.start)}px)` }}
              >
                {row.kind === 'heading' ? (
                  <h3 className="cube-Jobs-heading">
                    {row.label} <span className="cube-Jobs-count">{row.count}</span>
                  </h3>
                ) : (
                  <Row
                    job={row.job}
                    isOpen={row.job.id === open}
                    isPicked={picked.ids.has(row.job.id)}
                    isCurrent={item.index === reached}
                    onClick={onClick}
                    onFocus={setCurrent}
                    onPick={onPick}
                    ahead={ahead}
                    isShown={isShown}
                    commands={commands}
                    trans={trans}
                  >
                    {row.job.id === open && (
                      <Details job={row.job} client={client} commands={commands} ahead={ahead} trans={trans} />
                    )}
                  </Row>
                )}
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}
