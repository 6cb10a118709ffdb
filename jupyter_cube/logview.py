"""The merged log as a person asked for it, and its text: on a terminal, in a pipe, in a cell.

A cell's output is a slow reader: more than ``CELL_RATE`` is not written but counted, and the reader jumps ahead.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Protocol

from jupyter_cube import render
from jupyter_cube.follow import Chunk, Gap, Line
from jupyter_cube.handle import Job

CELL_RATE = 500_000  # bytes a second through a cell's output; Jupyter's server drops what exceeds 1 MB/s
CELL_BURST = 1_000_000  # bytes that may go out at once
CELL_BATCH = 64_000  # bytes written at once, and shown of a log that is not followed
CELL_PAUSE = 0.01  # seconds between two writes: what comes meanwhile goes out together
CELL_LINE = 5_000  # characters of a line that are shown

Batch = list[Line | Gap]


class Writer(Protocol):
    """What is needed of a stream."""

    def write(self, text: str, /) -> Any: ...
    def flush(self) -> None: ...


@dataclass(frozen=True, slots=True)
class View:
    """Which lines of a job's log: after ``cursor``, of some ``tasks`` (None: all), the last ones, those with a text."""

    job: Job
    tasks: tuple[str, ...] | None = None
    cursor: int = 0
    follow: bool = False
    tail: int | None = None
    search: str = ""
    regex: bool = False

    def batches(self) -> Iterator[Batch]:
        """The lines as they are there; with ``follow`` until the job has ended."""
        cursor = self.cursor
        if self.search:
            from jupyter_cube.search import search

            found: Iterable[Line] = search(self.job.log, self.search, regex=self.regex, tasks=self.tasks, cursor=cursor)
            yield from ([line] for line in (found if self.tail is None else collections.deque(found, self.tail)))
            return
        if self.tail is not None:
            last = self.job.log.tail(self.tail, tasks=self.tasks)
            yield list(last)
            cursor = last[-1].cursor if last else self.job.log.end
        if self.follow:
            for batch in self.job.follow_sync(cursor, tasks=self.tasks):
                yield lines_of(batch)
        elif self.tail is None:
            for item in self.job.log.chunks(cursor, tasks=self.tasks):
                yield lines_of([item])


def lines_of(batch: Sequence[Chunk | Gap]) -> Batch:
    """A batch of chunks as lines."""
    found: Batch = []
    for item in batch:
        if isinstance(item, Gap):
            found.append(item)
        else:
            found.extend(item.lines())
    return found


def record(item: Line | Gap) -> dict[str, Any]:
    """A line or a gap as ``--json`` prints it."""
    if isinstance(item, Gap):
        gap = {name: value for name, value in dataclasses.asdict(item).items() if name != "cursor"}
        return {"cursor": item.cursor, "gap": gap}
    made = {"cursor": item.cursor, "time": iso(item.time), "role": item.role, "index": item.index}
    made.update(attempt=item.attempt, line=item.line)
    return {**made, "late": True} if item.late else made


def iso(seconds: float) -> str:
    """A moment as RFC 3339 in UTC, to the microsecond."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def text_of(item: Line | Gap, *, prefixed: bool, shown: bool = True, colour: bool = False) -> str:
    """One line of the log, or what is missing, as text.

    Args:
        prefixed: the task's name stands in front.
        shown: for eyes, not for a file: control sequences other than colours are taken out.
        colour: the prefix is coloured, and the line's own colours stay.
    """
    if isinstance(item, Gap):
        much = f"{item.lines:,} lines" if item.lines is not None else render.size(item.bytes)
        return f"— {much} missing: {item.reason} —\n"
    line = render.plain(item.line, colours=colour) if shown else item.line
    front = render.prefix(item.role, item.index, colour=colour) if prefixed else ""
    return f"{front}{line}{render.ending(line) if shown else ''}\n"


def write_text(view: View, out: Writer, *, terminal: bool, colour: bool) -> None:
    """All of it, as fast as the reader takes it; to a file as the bytes are, on a terminal without controls."""
    prefixed = many_tasks(view)
    for batch in view.batches():
        out.write("".join(text_of(item, prefixed=prefixed, shown=terminal, colour=colour) for item in batch))
        out.flush()


def write_json(view: View, out: Writer) -> None:
    """One JSON object a line."""
    for batch in view.batches():
        out.write("".join(json.dumps(record(item), ensure_ascii=False) + "\n" for item in batch))
        out.flush()


def many_tasks(view: View) -> bool:
    """Lines need their task's name in front: the view may hold lines of more than one."""
    return len(view.tasks if view.tasks is not None else view.job.log.names) > 1


class Budget:
    """How many bytes may go out now: ``CELL_BURST`` at once, ``CELL_RATE`` a second in the long run."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = float(CELL_BURST)
        self._at = clock()

    def take(self, size: int) -> float:
        """Spend ``size`` bytes; seconds to wait before the next may go out."""
        now = self._clock()
        self._left = min(CELL_BURST, self._left + (now - self._at) * CELL_RATE) - size
        self._at = now
        return max(CELL_PAUSE, -self._left / CELL_RATE)


def write_cell(view: View, out: Writer) -> None:
    """The log as a cell's text: at once after a silence, in batches then, never more than a server lets through."""
    prefixed, log, budget = many_tasks(view), view.job.log, Budget()
    if view.search or view.tail is not None or not view.follow:
        _write_bounded(view, out, prefixed)
        return
    cursor = view.cursor
    while True:
        for batch in view.job.follow_sync(cursor, tasks=view.tasks, provisional=True):
            text, skipped = _last_part(_cell_text(item, prefixed=prefixed) for item in lines_of(batch))
            cursor = max([cursor, *(item.end for item in batch if isinstance(item, Chunk))])
            out.write(_skipped(view, skipped) + text)
            out.flush()
            pause = budget.take(len(text))
            time.sleep(pause)
            if pause > CELL_PAUSE and log.end - cursor > CELL_BATCH:
                target = log.end - CELL_BATCH
                break
        else:
            return
        skipped = 0
        for item in log.chunks(cursor, tasks=view.tasks):
            if cursor >= target:
                break
            if isinstance(item, Chunk):
                skipped += item.data.count(b"\n")
                cursor = item.end
        out.write(_skipped(view, skipped))


def _write_bounded(view: View, out: Writer, prefixed: bool) -> None:
    items = (item for batch in view.batches() for item in batch)
    text, skipped = _last_part(_cell_text(item, prefixed=prefixed) for item in items)
    out.write(_skipped(view, skipped) + text)
    out.flush()


def _last_part(texts: Iterable[str]) -> tuple[str, int]:
    """The last ``CELL_BATCH`` characters in whole lines, and how many lines were left out before them."""
    kept: collections.deque[str] = collections.deque()
    size = skipped = 0
    for text in texts:
        kept.append(text)
        size += len(text)
        while size > CELL_BATCH and len(kept) > 1:
            size -= len(kept.popleft())
            skipped += 1
    return "".join(kept), skipped


def _cell_text(item: Line | Gap, *, prefixed: bool) -> str:
    if isinstance(item, Line) and len(item.line) > CELL_LINE:
        item = item._replace(line=f"{item.line[:CELL_LINE]} ... {len(item.line) - CELL_LINE:,} more characters")
    text = text_of(item, prefixed=False, colour=True)
    return render.prefix(item.role, item.index) + text if prefixed and isinstance(item, Line) else text


def _skipped(view: View, number: int) -> str:
    if not number:
        return ""
    return f"— {number:,} lines skipped here; in a terminal: jupyter cube logs {view.job.short_id} —\n"
