"""The timeline: the order in which the tasks' log bytes appeared (docs/formats.md).

``Timeline`` reads it, by position and without loading it. ``Recorder`` is the owner's half: it looks at the logs of
the running attempts and appends what has appeared.
"""

from __future__ import annotations

import bisect
import json
import os
import select
import struct
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from jupyter_cube import space
from jupyter_cube.log.logfiles import LogFiles
from jupyter_cube.watch import Pace, Watch

LATE, OPEN_END, GAP = 1, 2, 4  # flags of an entry
PIECE = 64 << 20  # bytes; a line longer than this is recorded in pieces

_ENTRY = struct.Struct("<QQQ")
_LOW48, _LOW56 = (1 << 48) - 1, (1 << 56) - 1
_BLOCK = 4096  # entries read at once
_BEAT = 0.002  # seconds between two looks while something grows
_COOL = 0.006  # seconds without growth after which a log is left to inotify
_FULL_PAUSE = 0.25  # seconds until the next attempt on a full disk


class Entry(NamedTuple):
    """Some bytes of one log; ``position`` is that in the merged log after them, ``end`` that in the log file."""

    flags: int
    time: float
    number: int
    attempt: int
    end: int
    position: int

    def pack(self) -> bytes:
        return _ENTRY.pack(
            self.flags << 56 | int(self.time * 1e6), self.attempt << 48 | self.end, self.number << 48 | self.position
        )


class Timeline:
    """Reads a timeline, also one that grows. Entries are addressed by index."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def __len__(self) -> int:
        return os.fstat(self._fd).st_size // _ENTRY.size if self._open() else 0

    def entries(self, first: int, last: int | None = None) -> Iterator[Entry]:
        """Entries from index ``first`` to before ``last`` (None: all that are there)."""
        while last is None or first < last:
            count = _BLOCK if last is None else min(_BLOCK, last - first)
            data = self._read(first, count)
            if not data:
                return
            for one, two, three in _ENTRY.iter_unpack(data):
                yield Entry(one >> 56, (one & _LOW56) / 1e6, three >> 48, two >> 48, two & _LOW48, three & _LOW48)
            first += len(data) // _ENTRY.size

    def position(self, index: int) -> int:
        """The position in the merged log before the entry at ``index``."""
        return 0 if index <= 0 else next(self.entries(index - 1, index)).position

    def find(self, cursor: int) -> int:
        """Index of the first entry with bytes after ``cursor``, or of the gap that lies there."""
        index = bisect.bisect_left(range(len(self)), cursor, key=lambda i: self.position(i + 1))
        for entry in self.entries(index):
            if entry.position > cursor or entry.flags & GAP:
                break
            index += 1
        return index

    def find_time(self, when: float) -> int:
        """Index of the first entry recorded at ``when`` (seconds since the epoch) or later."""
        return bisect.bisect_left(range(len(self)), when, key=lambda i: next(self.entries(i, i + 1)).time)

    def _open(self) -> bool:
        if self._fd < 0:
            try:
                self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
        return True

    def _read(self, first: int, count: int) -> bytes:
        if not self._open():
            return b""
        data = os.pread(self._fd, count * _ENTRY.size, first * _ENTRY.size)
        return data[: len(data) // _ENTRY.size * _ENTRY.size]

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class _Log:
    """A log that is being recorded."""

    __slots__ = ("active", "attempt", "cut", "end", "folder", "inode", "late_until", "number", "path", "seen")

    def __init__(self, number: int, attempt: int, path: str, end: int) -> None:
        self.number, self.attempt, self.path = number, attempt, path
        self.folder = Path(path).parent
        self.end = end  # recorded up to here
        self.seen = end  # no newline between ``end`` and here
        self.cut = False  # its writer has truncated it, and the timeline does not say so yet
        self.inode = 0
        self.late_until = 0
        self.active = time.monotonic()


class Recorder:
    """The owner's half: appends to the timeline what the tasks write.

    The owner's loop is ``wait``, its own affairs, ``record``; ``add`` when an attempt begins and ``finish`` when
    nothing of it runs any more. A new Recorder goes on exactly where that of a dead owner stopped.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._files = LogFiles(folder, names)
        self._fd = os.open(folder / "timeline", os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._ends: dict[tuple[int, int], int] = {}
        self._position = 0
        self._adopt()
        self._logs: dict[tuple[int, int], _Log] = {}
        self._hot: dict[tuple[int, int], _Log] = {}
        self._watch = Watch()
        self._pace = Pace(_BEAT, 0.05)
        self._polling = self._watch.fd < 0
        self._beat = self._sweep = 0.0  # monotonic clock: next look at the growing logs, at those inotify leaves out
        self._full_until = 0.0  # the disk was full: no attempt before

    def _adopt(self) -> None:
        """Learn what is recorded, and cut off what a dying owner or machine left torn at the end."""
        timeline = Timeline(self._folder / "timeline")
        whole = 0
        for entry in timeline.entries(0):
            if entry.position < self._position or not entry.time:
                break
            self._position = entry.position
            self._ends[entry.number, entry.attempt] = entry.end
            whole += 1
        timeline.close()
        if os.fstat(self._fd).st_size != whole * _ENTRY.size:  # it would give up what is reserved for the file
            os.ftruncate(self._fd, whole * _ENTRY.size)

    def add(self, number: int, attempt: int, *, late: bool = False) -> None:
        """Record the log of an attempt from now on; ``late``: what is in it now appeared while no owner was there."""
        key = number, attempt
        log = _Log(number, attempt, self._files.path(number, attempt), self._ends.get(key, 0))
        if late:
            log.late_until = _size(log.path)
        self._logs[key] = self._hot[key] = log

    def watch(self, folder: Path) -> None:
        """Let ``wait`` end also when something in ``folder`` changes."""
        self._watch.add(folder)

    def wait(self, timeout: float, fds: Collection[int] = ()) -> list[int]:
        """Sleep until there may be something to record or to do.

        Args:
            timeout: seconds, the longest sleep; 2 ms while a log grows, and 50 ms where there is no inotify.
            fds: descriptors (pidfds) that end the sleep when they become readable.

        Returns:
            Those of ``fds`` that are readable.
        """
        poll = select.poll()
        for fd in fds:
            poll.register(fd, select.POLLIN)
        clock = time.monotonic()
        if self._hot:
            # Paced: wake-ups for other logs wait for the beat, and time.sleep is finer than poll's milliseconds.
            time.sleep(max(0.0, min(timeout, self._beat - clock)))
            timeout = 0
        elif self._polling:
            timeout = max(0.0, min(timeout, self._sweep - clock))
        if timeout and self._watch.fd >= 0:
            poll.register(self._watch.fd, select.POLLIN)
        return [fd for fd, _ in poll.poll(timeout * 1000) if fd != self._watch.fd]

    def record(self, now: float) -> bool:
        """Append what has appeared, one entry a task, in one write.

        Args:
            now: seconds since the epoch.

        Returns:
            True if anything was recorded.
        """
        clock = time.monotonic()
        if clock < self._full_until:
            return False
        self._wake(clock)
        found: list[tuple[int, _Log, list[Entry]]] = []
        for key, log in list(self._hot.items()):
            if look := self._look(log, now):
                found.append((look[0], log, look[1]))
                log.active = clock
            elif clock - log.active > _COOL:
                del self._hot[key]
                if not self._watch.add(log.folder, once=True):
                    self._polling = True
                elif look := self._look(log, now):  # it has grown before it was watched
                    found.append((look[0], log, look[1]))
                    log.active = clock
                    self._hot[key] = log
        found.sort(key=lambda item: item[0])
        recorded = self._append([(log, entry) for _, log, entries in found for entry in entries])
        if recorded:
            self._pace.reset()
        self._beat = clock + _BEAT
        return recorded

    def finish(self, number: int, attempt: int) -> bool:
        """Record the rest of an attempt of which nothing runs any more, and forget it.

        Returns:
            False when the disk is full: call it again.
        """
        log = self._logs.get((number, attempt))
        if log is None:
            return True
        while look := self._look(log, time.time()):
            if not self._append([(log, entry) for entry in look[1]]):
                return False
        rest = _size(log.path)
        if rest > log.end:
            flags = OPEN_END | (LATE if log.end < log.late_until else 0)
            if not self._append([(log, Entry(flags, time.time(), number, attempt, rest, 0))]):
                return False
        del self._logs[number, attempt]
        self._hot.pop((number, attempt), None)
        self._files.drop(number, attempt)
        return True

    def close(self) -> None:
        self._watch.close()
        self._files.close()
        os.close(self._fd)

    def _wake(self, clock: float) -> None:
        """Look again at the logs whose folders have changed, and at those without a watch now and then."""
        if changed := self._watch.take():
            for key, log in self._logs.items():
                if key not in self._hot and log.folder in changed:
                    log.active = clock
                    self._hot[key] = log
        if self._polling and clock >= self._sweep:
            self._hot = {**self._logs, **self._hot}  # one look: those that do not grow cool down at once
            self._sweep = clock + self._pace.pause()

    def _look(self, log: _Log, now: float) -> tuple[int, list[Entry]] | None:
        """What has appeared in a log: the time of its last write (ns) and entries without positions."""
        try:
            return self._appeared(log, now)
        except OSError:  # not there yet, removed or locked up by its task: the other logs go on
            return None

    def _appeared(self, log: _Log, now: float) -> tuple[int, list[Entry]] | None:
        status = os.stat(log.path)
        size, entries = status.st_size, []
        if size < log.end or (log.inode and status.st_ino != log.inode):
            if not self._note_gap(log, 0, log.end, "truncated by its writer"):
                return None
            self._files.drop(log.number, log.attempt)
            log.end = log.seen = log.late_until = 0
            log.cut = True
        if log.cut:
            entries.append(Entry(GAP, now, log.number, log.attempt, 0, 0))
        log.inode = status.st_ino
        if size > log.seen and (end := self._last_line(log, size)) > log.end:
            late = LATE if log.end < log.late_until else 0
            entries.append(Entry(late, now, log.number, log.attempt, end, 0))
        return (status.st_mtime_ns, entries) if entries else None

    def _last_line(self, log: _Log, size: int) -> int:
        """The offset after the last newline in what is new, or ``log.end``."""
        top = min(size, log.end + PIECE)
        high, block = top, 4096
        while high > log.seen:
            low = max(log.seen, high - block)
            data = self._files.read(log.number, log.attempt, low, high - low)
            found = data.rfind(b"\n")
            if found >= 0:
                return low + found + 1
            high, block = low, 1 << 20
        log.seen = top
        return top if top == log.end + PIECE else log.end

    def free(self, number: int, attempt: int, limit: int) -> bool:
        """Free the oldest middle of a log that takes more than ``limit`` bytes of a disk that fills up.

        Returns:
            False where the file system cannot do that.
        """
        log = self._logs[number, attempt]
        if not space.pressed(log.path, limit):
            return True
        begin, end = limit // 10, log.end - limit // 2
        if begin >= end:
            return True
        # First the word, then the deed: nobody ever reads the hole as lines.
        reason = f"freed, the log takes more than {limit / 1e9:g} GB"
        noted = self._note_gap(log, begin, end, reason)
        freed = space.punch(log.path, begin, end)
        return freed and (noted or self._note_gap(log, begin, end, reason))

    def _note_gap(self, log: _Log, begin: int, end: int, reason: str) -> bool:
        gap = {"cursor": self._position, "task": log.number, "attempt": log.attempt, "bytes": end - begin}
        line = json.dumps({**gap, "lines": None, "reason": reason, "from": begin, "to": end}) + "\n"
        path = self._folder / "gaps.jsonl"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(fd).st_size
            torn = size and os.pread(fd, 1, size - 1) != b"\n"  # a dead owner's; readers leave it out
            text = ("\n" if torn else "") + line
            return self._write(fd, text.encode()) == len(text)
        finally:
            os.close(fd)

    def _append(self, found: list[tuple[_Log, Entry]]) -> bool:
        """Write entries, which get their positions here; what a full disk leaves out is found again later."""
        data, position = bytearray(), self._position
        for log, entry in found:
            position += entry.end - log.end
            data += entry._replace(position=position).pack()
        size = self._write(self._fd, data) if data else 0
        if torn := size % _ENTRY.size:
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - torn)
        for log, entry in found[: size // _ENTRY.size]:
            self._position += entry.end - log.end
            log.end = log.seen = entry.end
            log.cut = False
            self._ends[log.number, log.attempt] = entry.end
        return size >= _ENTRY.size

    def _write(self, fd: int, data: bytes | bytearray) -> int:
        """How many bytes were written; all of them, or less where the disk is full."""
        try:
            size = os.write(fd, data)
        except OSError as error:
            if error.errno not in space.FULL:
                raise
            size = 0
        if size < len(data):
            self._full_until = time.monotonic() + _FULL_PAUSE
        return size


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
