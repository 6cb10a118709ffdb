"""Reads the merged log step by step, from a cursor on or backwards, also one that grows."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from jupyter_cube import files
from jupyter_cube.log.chunk import Chunk, Gap
from jupyter_cube.log.logfiles import LogFiles
from jupyter_cube.log.timeline import GAP, LATE, Entry, Timeline

LIMIT = 1 << 20  # bytes that a reader takes at once, in whole lines
_BACK = 1 << 16  # bytes read at once backwards
_SCAN = 1 << 14  # entries of other tasks that are passed over in one step


class _Lost(NamedTuple):
    """A line of ``gaps.jsonl``: bytes of a log file that cannot be read as they were recorded before ``cursor``."""

    cursor: int
    start: int
    stop: int
    bytes: int
    lines: int | None
    reason: str


class Reader:
    """Reads a log step by step from a cursor on, also one that grows.

    Args:
        tasks: names of the tasks whose lines are wanted; None: all.
        attempt: the attempt whose lines are wanted; 0: all.

    Attributes:
        cursor: everything before it has been given; by ``back``, everything after it.
        caught_up: the last step has come to the end of what is recorded.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        cursor: int = 0,
        *,
        tasks: Collection[str] | None = None,
        attempt: int = 0,
    ) -> None:
        self.folder = folder
        self.names = names
        self.timeline = Timeline(folder / "timeline")
        self.files = LogFiles(folder, names)
        self.caught_up = False
        self.wanted = None if tasks is None else {n for n, name in enumerate(names) if name in tasks}
        self._attempt = attempt
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
            if not self._is_wanted(entry):
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

    def _is_wanted(self, entry: Entry) -> bool:
        return (self.wanted is None or entry.number in self.wanted) and self._attempt in (0, entry.attempt)

    def _taken(self, entry: Entry) -> None:
        """An entry of a wanted task has been given whole."""

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
        name, end = self.names[entry.number], cursor + len(data)
        return Chunk(entry.number, name, entry.attempt, entry.time, bool(entry.flags & LATE), cursor, end, data)

    def _missing(self, entry: Entry, size: int, reason: str) -> Gap:
        return Gap(entry.position, self._name(entry), entry.attempt, size, None, reason)

    def _name(self, entry: Entry) -> str:
        return self.names[entry.number] if entry.number < len(self.names) else ""

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
        path = self.folder / "gaps.jsonl"
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

    def back(self, cursor: int, stop: Callable[[], bool] | None = None) -> Iterator[Chunk | Gap]:
        """What is recorded before ``cursor``, the newest first, in blocks of whole lines.

        Args:
            stop: asked now and then, also while nothing that is wanted comes; where it is true, this is all.
        """
        self._load_lost()
        self._seek(cursor)
        last, upper = self._next, self.cursor
        if self.timeline.position(last) < upper:
            last += 1
        while last > 0 and not (stop is not None and stop()):
            first = max(0, last - _SCAN)
            top = before = self.timeline.position(first)
            block: list[tuple[int, Entry]] = []
            for entry in self.timeline.entries(first, last):
                if self._is_wanted(entry):
                    block.append((before, entry))
                before = entry.position
            for start, entry in reversed(block):
                for item in self._entry_back(entry, start, min(upper, entry.position)):
                    if isinstance(item, Chunk):
                        self.cursor = item.start
                    else:
                        self.cursor = item.cursor if entry.flags & GAP else start
                    yield item
            self.cursor = min(upper, top)
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
