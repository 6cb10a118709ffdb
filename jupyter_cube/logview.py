"""The merged log as a person asked for it, and its text: on a terminal, in a pipe, in a cell.

A cell's output is a slow reader: more than ``CELL_RATE`` is not written but counted, and the reader jumps ahead.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Protocol

from jupyter_cube.handle import Job
from jupyter_cube.hint import command
from jupyter_cube.lifecycle import hold, render
from jupyter_cube.lifecycle.state import JobState
from jupyter_cube.log.follow import Chunk, Gap, Line

CELL_RATE = 500_000  # bytes a second through a cell's output; Jupyter's server drops what exceeds 1 MB/s
CELL_BURST = 1_000_000  # bytes that may go out at once
CELL_BATCH = 64_000  # characters that are shown of a log that is not followed
CELL_LINES = 1_000  # lines, likewise
CELL_PAUSE = 0.01  # seconds between two writes: what comes meanwhile goes out together
CELL_LINE = 5_000  # characters of a line that are shown

Batch = list[Line | Gap]


class Writer(Protocol):
    """What is needed of a stream."""

    def write(self, text: str, /) -> Any: ...
    def flush(self) -> None: ...


@dataclass(frozen=True, slots=True)
class View:
    """Which lines of a job's log: after ``cursor``, of some ``tasks`` (None: all), the last ones, those with a text.

    ``say`` gets a line, once, for each task that is held while the log is followed: else nothing would tell why no
    more lines come.
    """

    job: Job
    tasks: tuple[str, ...] | None = None
    cursor: int | None = None
    follow: bool = False
    tail: int | None = None
    search: str = ""
    regex: bool = False
    say: Callable[[str], None] | None = None

    def followed(self, cursor: int, **more: Any) -> Iterator[list[Chunk | Gap]]:
        """The log from ``cursor`` on, until the job has ended."""
        seen = _Holds(self, self.say) if self.say is not None else None
        return self.job.follow_sync(cursor, tasks=self.tasks, seen=seen, **more)

    def batches(self) -> Iterator[Batch]:
        """The lines as they are there; with ``follow`` until the job has ended."""
        cursor = self.cursor or 0
        if self.search:
            from jupyter_cube.log.search import search

            found: Iterable[Line] = search(self.job.log, self.search, regex=self.regex, tasks=self.tasks, cursor=cursor)
            for line in found if self.tail is None else collections.deque(found, self.tail):
                yield [line]
            return
        if self.tail is not None:
            last = self.job.log.tail(self.tail, tasks=self.tasks)
            yield list(last)
            cursor = last[-1].cursor if last else self.job.log.end
        if self.follow:
            for batch in self.followed(cursor):
                yield lines_of(batch)
        elif self.tail is None:
            for item in self.job.log.chunks(cursor, tasks=self.tasks):
                yield lines_of([item])


class _Holds:
    """Says of each attempt of a task that is held how to enter it and how to end that."""

    def __init__(self, view: View, say: Callable[[str], None]) -> None:
        self._view = view
        self._say = say
        self._said: set[tuple[str, int]] = set()

    def __call__(self, state: JobState) -> None:
        for task in hold.shown(state, time.time()).tasks:
            if task.held and (task.name, task.attempt) not in self._said:
                self._said.add((task.name, task.attempt))
                if self._view.tasks is None or task.name in self._view.tasks:
                    self._say(f"{task.name} {render.plain(task.reason)}; {self._steps(task.name)}")

    def _steps(self, task: str) -> str:
        job = self._view.job
        one = f" --task {task}" if len(job.log.names) > 1 else ""
        enter, release = (command(f"debug {job.short_id}{one}{more}") for more in ("", " --release"))
        return f"enter it with: {enter}; let it end with: {release}"


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
    prefixed = many_tasks(view)
    if view.follow:
        budget = Budget()
        for batch in _followed(view):
            if text := "".join(_cell_text(view, item, prefixed=prefixed) for item in batch):
                out.write(text)
                out.flush()
                time.sleep(budget.take(len(text)))
        return
    if view.search or view.cursor is not None:
        items: Iterable[Line | Gap] = (item for batch in view.batches() for item in batch)
        out.write("".join(_first_part(view, items, prefixed=prefixed)))
    else:
        out.write("".join(_last_part(view, prefixed=prefixed)))


def _followed(view: View) -> Iterator[Batch]:
    cursor = view.cursor or 0
    if view.tail is not None:
        last = view.job.log.tail(view.tail, tasks=view.tasks)
        yield list(last)
        cursor = last[-1].cursor if last else view.job.log.end
    yield from map(lines_of, view.followed(cursor, provisional=True, behind=CELL_BURST))


def _first_part(view: View, items: Iterable[Line | Gap], *, prefixed: bool) -> Iterator[str]:
    """As many lines as fit into a cell, and how to see the next."""
    size = cursor = 0
    for item in items:
        if size > CELL_BATCH:
            search = f" --search {shlex.quote(view.search)}" if view.search else ""
            yield f"— more: {command(f'logs {view.job.short_id} --cursor {cursor}{search}')} —\n"
            return
        text = _cell_text(view, item, prefixed=prefixed)
        size, cursor = size + len(text), item.cursor
        yield text


def _last_part(view: View, *, prefixed: bool) -> list[str]:
    """The last lines, as many as fit into a cell, and how to see those before."""
    number = CELL_LINES if view.tail is None else view.tail
    lines = view.job.log.tail(number + 1, tasks=view.tasks)
    texts = [_cell_text(view, line, prefixed=prefixed) for line in lines[-number:]] if number else []
    size = sum(map(len, texts))
    while size > CELL_BATCH and len(texts) > 1:
        size -= len(texts.pop(0))
    if len(texts) < min(len(lines), number) or (view.tail is None and len(lines) > number):
        texts.insert(0, f"— the last {len(texts):,} lines; all: {command(f'logs {view.job.short_id} --cursor 0')} —\n")
    return texts


def _cell_text(view: View, item: Line | Gap, *, prefixed: bool) -> str:
    if isinstance(item, Gap):
        return _skipped(view, item) if item.reason == "skipped" else text_of(item, prefixed=False)
    if len(item.line) > CELL_LINE:
        item = item._replace(line=f"{item.line[:CELL_LINE]} ... {len(item.line) - CELL_LINE:,} more characters")
    front = render.prefix(item.role, item.index) if prefixed else ""
    return front + text_of(item, prefixed=False, colour=True)


def _skipped(view: View, gap: Gap) -> str:
    """What a reader that could not keep up has jumped over, and how to see it."""
    start, lines = gap.cursor - gap.bytes, 0
    for item in view.job.log.chunks(start, tasks=view.tasks):
        if isinstance(item, Chunk):
            if item.start >= gap.cursor:
                break
            lines += item.data.count(b"\n", 0, gap.cursor - item.start)
    see = command(f"logs {view.job.short_id} --cursor {start}")
    return f"— {lines:,} lines ({render.size(gap.bytes)}) skipped, more than a cell can take; they are in: {see} —\n"
