"""The merged log of a job as a value: chunks and lines from a cursor on, backwards, by time.

Every byte belongs to one place: a cursor that lies inside a line stands for the end of that line.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import accumulate, repeat
from pathlib import Path
from typing import NamedTuple

from jupyter_cube import files
from jupyter_cube.timeline import GAP, Entry, LogFiles, Timeline

LIMIT = 1 << 20  # bytes that a reader takes at once, in whole lines
_BACK = 1 << 16  # bytes read at once backwards
_SCAN = 1 << 14  # entries of other tasks that are passed over in one step


class Line(NamedTuple):
    """A line as it is shown: its last ``\\r`` state, what is not UTF-8 replaced."""

    cursor: int
    time: float
    role: str
    index: int
    attempt: int
    line: str
    late: bool


class Chunk(NamedTuple):
    """Whole lines of one task that were recorded together.

    Attributes:
        number: the task's number in the job.
        name: the task, ROLE-INDEX.
        time: of recording, seconds since the epoch.
        late: the bytes appeared while no owner was there.
        start: cursor before the bytes.
        end: cursor after them.
        data: the bytes; empty where a view has shown them already as provisional ones, whose cursor is now known.
        provisional: not recorded yet, ``start`` and ``end`` are where the reader stands.
        partial: the begin of a line that goes on; the next chunk of the task replaces it.
    """

    number: int
    name: str
    attempt: int
    time: float
    late: bool
    start: int
    end: int
    data: bytes
    provisional: bool = False
    partial: bool = False

    def lines(self) -> list[Line]:
        """The lines, each with the cursor after it."""
        if not self.data:
            return []
        if self.data.isascii() and b"\r" not in self.data:
            texts = self.data.decode("ascii").split("\n")
            sizes = [len(text) + 1 for text in texts]
        else:
            raws = self.data.split(b"\n")
            texts = [_shown(raw) for raw in raws]
            sizes = [len(raw) + 1 for raw in raws]
        if self.data.endswith(b"\n"):
            texts.pop()
        cursors: Iterator[int] = accumulate(sizes, initial=self.start)
        next(cursors)
        if self.provisional:
            cursors = repeat(self.end)
        elif len(texts) == len(sizes):  # the last one has no newline
            cursors = iter([*list(cursors)[:-1], self.end])
        role, _, index = self.name.rpartition("-")
        fields = zip(
            cursors, repeat(self.time), repeat(role), repeat(int(index)), repeat(self.attempt), texts, repeat(self.late)
        )
        return [Line._make(values) for values in fields]


def _shown(raw: bytes) -> str:
    return raw.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that are missing from the merged log.

    Attributes:
        cursor: the place in the merged log after what is missing.
        task: ROLE-INDEX; empty where a reader has jumped over lines of all tasks.
        bytes: how many; of what was gone before it could be recorded nobody knows.
        lines: how many, None where that is not known.
    """

    cursor: int
    task: str
    attempt: int
    bytes: int
    lines: int | None
    reason: str


class _Lost(NamedTuple):
    """A line of ``gaps.jsonl``: bytes of a log file that cannot be read as they were recorded before ``cursor``."""

    cursor: int
    start: int
    stop: int
    bytes: int
    lines: int | None
    reason: str


@dataclass(frozen=True)
class Log:
    """The merged log of the job in ``folder`` whose tasks have these ``names``."""

    folder: Path
    names: Sequence[str]

    @property
    def end(self) -> int:
        """The cursor after everything that is recorded."""
        with closing(Timeline(self.folder / "timeline")) as timeline:
            return timeline.position(len(timeline))

    def read(
        self, cursor: int = 0, *, tasks: Collection[str] | None = None, limit: int = LIMIT
    ) -> list[Chunk | Gap]:
        """What is recorded after ``cursor``, about ``limit`` bytes in whole lines; empty at the end."""
        with closing(Reader(self, cursor, tasks=tasks)) as reader:
            while not (items := reader.step(limit=limit)) and not reader.caught_up:
                pass
            return items

    def chunks(self, cursor: int = 0, *, tasks: Collection[str] | None = None) -> Iterator[Chunk | Gap]:
        """All that is recorded after ``cursor``."""
        with closing(Reader(self, cursor, tasks=tasks)) as reader:
            while (items := reader.step()) or not reader.caught_up:
                yield from items

    def chunks_back(self, cursor: int | None = None, *, tasks: Collection[str] | None = None) -> Iterator[Chunk | Gap]:
        """All that is recorded before ``cursor`` (None: the end), the newest first."""
        with closing(Reader(self, 0, tasks=tasks)) as reader:
            yield from reader.back(self.end if cursor is None else cursor)

    def read_back(
        self, cursor: int | None = None, *, lines: int, tasks: Collection[str] | None = None
    ) -> list[Chunk | Gap]:
        """The last ``lines`` lines before ``cursor`` (None: the end), oldest first."""
        found: list[Chunk | Gap] = []
        for item in self.chunks_back(cursor, tasks=tasks) if lines > 0 else ():
            if isinstance(item, Gap):
                found.append(item)
                continue
            parts = item.data.split(b"\n")
            count = len(parts) - (not parts[-1])
            if count > lines:
                cut = sum(len(part) + 1 for part in parts[: count - lines])
                item = item._replace(start=item.start + cut, data=item.data[cut:])
            found.append(item)
            lines -= count
            if lines <= 0:
                break
        return found[::-1]

    def tail(self, lines: int, *, tasks: Collection[str] | None = None) -> list[Line]:
        """The last ``lines`` lines."""
        items = self.read_back(lines=lines, tasks=tasks)
        return [line for item in items if isinstance(item, Chunk) for line in item.lines()]

    def at_time(self, when: float) -> int:
        """The cursor before what was recorded at ``when`` (seconds since the epoch) or later."""
        with closing(Timeline(self.folder / "timeline")) as timeline:
            return timeline.position(timeline.find_time(when))


class Reader:
    """Reads a log step by step from a cursor on, also one that grows.

    Attributes:
        cursor: everything before it has been given.
        caught_up: the last step has come to the end of what is recorded.
    """

    def __init__(self, log: Log, cursor: int = 0, *, tasks: Collection[str] | None = None) -> None:
        self.log = log
        self.timeline = Timeline(log.folder / "timeline")
        self.files = LogFiles(log.folder, log.names)
        self.caught_up = False
        self.wanted = None if tasks is None else {n for n, name in enumerate(log.names) if name in tasks}
        self._lost: dict[tuple[int, int], list[_Lost]] = {}
        self._lost_size = 0
        self._skipped: Gap | None = None
        self._seek(cursor)

    def _seek(self, cursor: int) -> None:
        self._next = self.timeline.find(max(0, cursor))
        before = self.timeline.position(self._next)
        self.cursor = max(before, cursor)
        for entry in self.timeline.entries(self._next, self._next + 1):
            if before < cursor < entry.position:
                self.cursor = self._line_end(entry, cursor)
                return
        self.cursor = before if len(self.timeline) == self._next else self.cursor

    def _line_end(self, entry: Entry, cursor: int) -> int:
        """``cursor``, or where it lies inside a line of ``entry``, the end of that line."""
        at = entry.end - (entry.position - cursor) - 1
        while at < entry.end:
            try:
                data = self.files.read(entry.number, entry.attempt, at, min(_BACK, entry.end - at))
            except OSError:
                return cursor
            found = data.find(b"\n")
            if found >= 0:
                return entry.position - (entry.end - at - found - 1)
            if not data:
                return cursor
            at += len(data)
        return entry.position

    def skip_to(self, cursor: int) -> None:
        """Go on at ``cursor``; the next step begins with a gap that tells what was jumped over."""
        before = self.cursor
        self._seek(cursor)
        self._skipped = Gap(self.cursor, "", 0, self.cursor - before, None, "skipped")

    def step(self, *, limit: int = LIMIT) -> list[Chunk | Gap]:
        """What comes next, about ``limit`` bytes in whole lines.

        Returns:
            Nothing where nothing more is recorded, or only other tasks' lines came (``caught_up`` tells which).
        """
        items: list[Chunk | Gap] = []
        if self._skipped is not None:
            items, self._skipped = [self._skipped], None
        self._load_lost()
        room, first = limit, self._next
        self.caught_up = False
        for entry in self.timeline.entries(self._next):
            if room <= 0 or self._next - first >= _SCAN:
                return items
            if entry.position < self.cursor:
                break  # not written by an owner: a crash of the machine has left it
            if self.wanted is not None and entry.number not in self.wanted:
                self.cursor = entry.position
            else:
                item = self._item(entry, self.cursor, limit)
                room -= len(item.data) if isinstance(item, Chunk) else 0
                _join(items, item)
                self.cursor = item.end if isinstance(item, Chunk) else entry.position
                if self.cursor < entry.position:
                    return items  # the limit lies inside this entry
                self._taken(entry)
            self._next += 1
        self.caught_up = True
        return items

    def _taken(self, entry: Entry) -> None:
        """An entry has been given whole."""

    def _item(self, entry: Entry, cursor: int, limit: int) -> Chunk | Gap:
        """The bytes of ``entry`` after ``cursor``, or what became of them; a long entry is cut at a newline."""
        if entry.flags & GAP:
            return self._gap(entry)
        start = entry.end - (entry.position - cursor)
        size = want = entry.end - start
        if reason := self._reason(entry, start):
            return self._missing(entry, size, reason)
        if size > limit:
            want = limit
        while True:
            try:
                data = self.files.read(entry.number, entry.attempt, start, want)
            except FileNotFoundError:
                return self._missing(entry, size, "its log file is gone")
            except OSError as error:
                return self._missing(entry, size, f"its log file cannot be read: {error.strerror}")
            if len(data) < want:
                return self._missing(entry, size, "its log file is shorter than recorded")
            if want == size:
                break
            if cut := data.rfind(b"\n") + 1:
                data = data[:cut]
                break
            want = min(size, want * 4)
        return self._chunk(entry, cursor, data)

    def _chunk(self, entry: Entry, cursor: int, data: bytes) -> Chunk:
        name, end = self.log.names[entry.number], cursor + len(data)
        return Chunk(entry.number, name, entry.attempt, entry.time, bool(entry.flags & 1), cursor, end, data)

    def _missing(self, entry: Entry, size: int, reason: str) -> Gap:
        return Gap(entry.position, self._name(entry), entry.attempt, size, None, reason)

    def _name(self, entry: Entry) -> str:
        return self.log.names[entry.number] if entry.number < len(self.log.names) else ""

    def _gap(self, entry: Entry) -> Gap:
        self._load_lost()
        known = [lost for lost in self._lost.get((entry.number, entry.attempt), ()) if lost.cursor <= entry.position]
        lost = known[-1] if known else _Lost(0, 0, 0, 0, None, "not known")
        return Gap(entry.position, self._name(entry), entry.attempt, lost.bytes, lost.lines, lost.reason)

    def _reason(self, entry: Entry, start: int) -> str:
        """Why the bytes of an entry cannot be read any more, empty where they can."""
        for lost in self._lost.get((entry.number, entry.attempt), ()):
            if entry.position <= lost.cursor and start < lost.stop and lost.start < entry.end:
                return lost.reason
        return ""

    def _load_lost(self) -> None:
        path = self.log.folder / "gaps.jsonl"
        try:
            size = os.stat(path).st_size
        except FileNotFoundError:
            return
        if size == self._lost_size:
            return
        self._lost_size = size
        self._lost.clear()
        for gap in files.read_json_lines(path):
            lost = _Lost(gap["cursor"], gap["from"], gap["to"], gap["bytes"], gap["lines"], gap["reason"])
            self._lost.setdefault((gap["task"], gap["attempt"]), []).append(lost)
        for number, attempt in self._lost:
            self.files.drop(number, attempt)  # it may be another file by now

    def back(self, cursor: int) -> Iterator[Chunk | Gap]:
        """What is recorded before ``cursor``, the newest first, in blocks of whole lines."""
        self._load_lost()
        self._seek(cursor)
        last, upper = self._next, self.cursor
        if self.timeline.position(last) < upper:
            last += 1
        while last > 0:
            first = max(0, last - _SCAN)
            before = self.timeline.position(first)
            block: list[tuple[int, Entry]] = []
            for entry in self.timeline.entries(first, last):
                if self.wanted is None or entry.number in self.wanted:
                    block.append((before, entry))
                before = entry.position
            for start, entry in reversed(block):
                yield from self._entry_back(entry, start, min(upper, entry.position))
            last = first

    def _entry_back(self, entry: Entry, start: int, upper: int) -> Iterator[Chunk | Gap]:
        """The part of an entry between two cursors, the newest first."""
        size = _BACK
        while start < upper:
            low = max(start, upper - size)
            part = entry._replace(end=entry.end - (entry.position - upper), position=upper)
            item = self._item(part, low, upper - low)
            if isinstance(item, Chunk) and low > start:
                cut = item.data.find(b"\n", 0, -1) + 1
                if not cut:
                    size *= 4
                    continue
                item = item._replace(start=low + cut, data=item.data[cut:])
            elif isinstance(item, Gap):
                item, low = dataclasses.replace(item, bytes=upper - start), start
            yield item
            upper = item.start if isinstance(item, Chunk) else low
            size = _BACK
        if entry.flags & GAP:
            yield self._gap(entry)

    def close(self) -> None:
        self.timeline.close()
        self.files.close()


def _join(items: list[Chunk | Gap], item: Chunk | Gap) -> None:
    """Append ``item``; a gap that goes on from the one before becomes one with it."""
    last = items[-1] if items else None
    if isinstance(item, Gap) and isinstance(last, Gap) and item.bytes and last.bytes:
        same = (item.task, item.attempt, item.reason) == (last.task, last.attempt, last.reason)
        if same and item.cursor - item.bytes == last.cursor:
            items[-1] = dataclasses.replace(item, bytes=item.bytes + last.bytes)
            return
    items.append(item)
