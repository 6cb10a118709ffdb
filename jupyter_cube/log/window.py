"""Windows on the merged log, and the places of lines in it: what a view asks for that cannot hold the log.

Each answer is bounded in lines, bytes and time, and says which part of the log it speaks of: whoever wants more asks
again from either side of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass

from jupyter_cube.log.alarm import alarms, is_alarm
from jupyter_cube.log.chunk import Chunk, Gap, Line
from jupyter_cube.log.log import Log
from jupyter_cube.log.reader import LIMIT, Reader
from jupyter_cube.log.search import Finder

_STEP = 1 << 16  # bytes read at once where every line is wanted


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: of some ``tasks`` (None: all), of one ``attempt`` (0: all), those that ``find`` gives of a chunk.

    ``alarms``: only those that look like errors.
    """

    tasks: Collection[str] | None = None
    attempt: int = 0
    alarms: bool = False
    find: Finder | None = None

    @property
    def all(self) -> bool:
        """Every line of the tasks."""
        return self.find is None and not self.alarms

    def lines(self, item: Chunk | Gap) -> Sequence[Line | Gap]:
        """Those of a chunk; a gap is no hit of a search."""
        if isinstance(item, Gap):
            return [item] if self.find is None else []
        if self.find is None:
            return alarms(item) if self.alarms else item.lines()
        found = self.find(item)
        return [line for line in found if is_alarm(line)] if self.alarms else found

    def reader(self, log: Log, cursor: int) -> Reader:
        return Reader(log.folder, log.names, cursor, tasks=self.tasks, attempt=self.attempt)


class Bounds:
    """How much an answer may take.

    Args:
        size: characters, of each line at most ``width``.
        gone: nobody waits for it any more.
    """

    def __init__(
        self,
        lines: int,
        *,
        size: int = 4 << 20,
        width: int = 1 << 20,
        seconds: float = 1.0,
        gone: Callable[[], bool] = lambda: False,
    ) -> None:
        self.lines = lines
        self._size = size
        self._width = width
        self._seconds = seconds
        self._until = 0.0
        self._gone = gone

    def full(self, found: Sequence[Line | Gap]) -> bool:
        """These are enough; to be asked after each."""
        if found and isinstance(found[-1], Line):
            self._size -= min(len(found[-1].line), self._width)
        return len(found) >= self.lines or self._size <= 0

    def late(self) -> bool:
        """The time is over, which begins when this is asked first: whoever had to wait for a thread gets on, too."""
        now = time.monotonic()
        self._until = self._until or now + self._seconds
        return self._gone() or now > self._until


@dataclass(frozen=True, slots=True)
class Window:
    """All lines that are wanted between two cursors, and the gaps, in the log's order."""

    lines: list[Line | Gap]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Places:
    """The cursors of all lines that are wanted between two cursors, and of the gaps; ``count`` lines are there."""

    places: list[int]
    gaps: list[int]
    count: int
    start: int
    end: int


def forth(log: Log, cursor: int, wanted: Wanted, bounds: Bounds) -> Window:
    """What comes after ``cursor``."""
    found: list[Line | Gap] = []
    with closing(wanted.reader(log, cursor)) as reader:
        start = reader.cursor
        while bounds.lines and not (reader.caught_up or bounds.late()):
            for item in reader.step(limit=_STEP if wanted.all else LIMIT):
                for line in wanted.lines(item):
                    found.append(line)
                    if bounds.full(found):
                        return Window(found, start, line.cursor)
        return Window(found, start, reader.cursor)


def back(log: Log, cursor: int | None, wanted: Wanted, bounds: Bounds) -> Window:
    """What comes before ``cursor`` (None: the end)."""
    found: list[Line | Gap] = []  # the last one first
    with closing(wanted.reader(log, log.end if cursor is None else cursor)) as reader:
        end, full = reader.cursor, not bounds.lines
        for item in reader.back(end, bounds.late):
            for line in reversed(wanted.lines(item)):
                # a gap takes no room in the log: from its cursor on it would be given only on the way forth
                if full and isinstance(line, Line):
                    return Window(found[::-1], line.cursor, end)
                found.append(line)
                full = bounds.full(found)
            if (full and not wanted.all) or bounds.late():
                break
        return Window(found[::-1], reader.cursor, end)


def places(log: Log, cursor: int, wanted: Wanted, bounds: Bounds) -> Places:
    """Where they are after ``cursor``; whole chunks, so that it may be some more than ``bounds`` says."""
    found: list[int] = []
    gaps: list[int] = []
    count = 0
    with closing(wanted.reader(log, cursor)) as reader:
        start = end = reader.cursor
        while len(found) < bounds.lines and not (reader.caught_up or bounds.late()):
            for item in reader.step():
                if isinstance(item, Gap):
                    gaps.append(item.cursor)
                    continue
                count += item.count_lines()
                if not wanted.all:
                    found += [line.cursor for line in wanted.lines(item)]
            end = reader.cursor
    return Places(found, gaps, count, start, end)
