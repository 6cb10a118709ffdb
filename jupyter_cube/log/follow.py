"""Following the merged log live: what is recorded and, on request, what is not recorded yet.

A view that asks for ``provisional`` chunks gets every byte once: first without a cursor, as soon as it is written
where no owner has recorded it, later as an empty recorded chunk that tells the cursor.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass

from jupyter_cube.log.chunk import Chunk, Gap, Line
from jupyter_cube.log.log import Log
from jupyter_cube.log.reader import LIMIT, Reader
from jupyter_cube.log.timeline import GAP, Entry
from jupyter_cube.watch import Pace, Watch

__all__ = ["Chunk", "Follower", "Gap", "Line", "Log", "begun", "changed", "follow", "follow_sync"]

_START = 1.0  # seconds at the begin, in which a job has no owner yet
_START_PAUSE = 0.0005  # seconds between looks at the logs in that time
_PATIENCE = 0.1  # seconds that bytes may wait for their recording before they are shown without
_HEARTBEAT = 0.25  # seconds between looks that nothing has asked for
_ASK_PAUSE = 0.005  # seconds between two questions whether the log has ended, which may be dear ones
_PARTIAL = 1 << 16  # bytes of an unfinished line that are shown


@dataclass(slots=True)
class _Tail:
    """What lies in a task's log beyond the last entry."""

    attempt: int = 0
    shown: int = 0  # offset up to which whole lines have been given, recorded or not
    since: float = 0.0  # when there was more than ``mark`` for the first time, monotonic
    mark: int = -1
    offered: int = 0  # size at which its partial line was given last


class Follower(Reader):
    """A reader that also sees what no owner has recorded yet.

    Args:
        provisional: give whole lines that have waited for their recording, and at the job's begin at once.
        partial: give the begin of a line that has stood without its newline for 100 ms.
        limit: bytes of a batch, about.
    """

    def __init__(
        self,
        log: Log,
        cursor: int = 0,
        *,
        tasks: Collection[str] | None = None,
        provisional: bool = False,
        partial: bool = False,
        limit: int = LIMIT,
    ) -> None:
        super().__init__(log.folder, log.names, cursor, tasks=tasks)
        self.log = log
        self._provisional, self._partial, self._limit = provisional, partial, limit
        self._born = time.monotonic()
        self._look_at = 0.0
        self._tails: dict[int, _Tail] = {}
        if provisional or partial:
            numbers = range(len(log.names)) if self.wanted is None else sorted(self.wanted)
            self._tails = {number: _Tail() for number in numbers}
            self._pass_over(0)

    def _pass_over(self, first: int) -> None:
        """What lies between the entry at ``first`` and the cursor is not to be shown."""
        for entry in self.timeline.entries(first, self._next) if self._tails else ():
            self._taken(entry)

    def skip_to(self, cursor: int) -> None:
        first = self._next
        super().skip_to(cursor)
        self._pass_over(first)

    def next(self, *, final: bool = False) -> list[Chunk | Gap]:
        """What there is to show now; ``final``: nothing will be recorded any more."""
        items = self.step(limit=self._limit)
        if items or not self.caught_up or not self._tails:
            return items
        now = time.monotonic()
        if now < self._look_at and not final:
            return items
        for number, tail in self._tails.items():
            items += self._beyond(number, tail, now, final)
        self._look_at = now + (_START_PAUSE if self._starting(now) else _PATIENCE)
        return items

    def pause(self) -> float:
        """Seconds until the next look is due where nothing wakes the follower."""
        return max(0.0, min(_HEARTBEAT, self._look_at - time.monotonic())) if self._tails else _HEARTBEAT

    def _starting(self, now: float) -> bool:
        return now - self._born < _START and not self._next

    def _chunk(self, entry: Entry, cursor: int, data: bytes) -> Chunk:
        chunk = super()._chunk(entry, cursor, data)
        tail = self._tails.get(entry.number)
        if tail is None or entry.attempt != tail.attempt:
            return chunk
        seen = min(len(data), max(0, tail.shown - (entry.end - (entry.position - cursor))))
        return chunk._replace(start=chunk.start + seen, data=data[seen:]) if seen else chunk

    def _taken(self, entry: Entry) -> None:
        tail = self._tails.get(entry.number)
        if tail is None or entry.attempt < tail.attempt:
            return
        if entry.attempt > tail.attempt:
            self._tails[entry.number] = tail = _Tail(entry.attempt)
        tail.shown = entry.end if entry.flags & GAP else max(tail.shown, entry.end)

    def _beyond(self, number: int, tail: _Tail, now: float, final: bool) -> list[Chunk | Gap]:
        """What lies in one log beyond the last entry, as far as it is time to show it."""
        size = self._size(number, tail.attempt) if tail.attempt else 0
        if size <= tail.shown and (following := self._size(number, tail.attempt + 1)):
            self._tails[number] = tail = _Tail(tail.attempt + 1)
            size = following
        if size <= tail.shown:
            return []
        if tail.mark != tail.shown:
            tail.mark, tail.since = tail.shown, now
        waited = final or now - tail.since >= _PATIENCE
        if not waited and not (self._provisional and self._starting(now)):
            return []
        try:
            data = self.files.read(number, tail.attempt, tail.shown, min(LIMIT, size - tail.shown))
        except OSError:
            return []
        found: list[Chunk | Gap] = []
        lines = data.rfind(b"\n") + 1 or (len(data) if final else 0)
        if self._provisional and lines:
            found.append(self._unrecorded(number, tail.attempt, data[:lines]))
            tail.shown += lines
            data = data[lines:]
        if self._partial and waited and data and b"\n" not in data and tail.offered != size:
            chunk = self._unrecorded(number, tail.attempt, data[-_PARTIAL:])
            found.append(chunk._replace(partial=True))
            tail.offered = size
        return found

    def _unrecorded(self, number: int, attempt: int, data: bytes) -> Chunk:
        name, here = self.names[number], self.cursor
        return Chunk(number, name, attempt, time.time(), False, here, here, data, provisional=True)

    def _size(self, number: int, attempt: int) -> int:
        try:
            return os.stat(self.files.path(number, attempt)).st_size
        except FileNotFoundError:
            return 0


class _Loop:
    """What ``follow`` and ``follow_sync`` share: all but how they sleep."""

    def __init__(self, follower: Follower, ended: Callable[[], bool], behind: int | None) -> None:
        self.follower = follower
        self.watch = Watch()
        self._ended = ended
        self._behind = behind
        self._pace = Pace(0.002, 0.05)
        self._ask_at = 0.0
        self._lock = threading.Lock()
        self._closed = False
        self.watch.add(follower.folder)

    def turn(self) -> tuple[list[Chunk | Gap], float]:
        """A batch and the seconds to sleep after it; less than 0 at the end."""
        with self._lock:
            return ([], -1.0) if self._closed else self._turn()

    def _turn(self) -> tuple[list[Chunk | Gap], float]:
        if self._behind is not None:
            end = self.follower.log.end
            if end - self.follower.cursor > self._behind:
                self.follower.skip_to(end - self._behind // 2)
        batch = self.follower.next()
        too_soon = self._ask_at - time.monotonic()
        if not batch and self.follower.caught_up and too_soon <= 0:
            self._ask_at = time.monotonic() + _ASK_PAUSE
            if self._ended():
                self._ask_at = 0.0
                batch = self.follower.next(final=True)  # what came between that look and the end
                if not batch and self.follower.caught_up:
                    return [], -1.0
        if batch or not self.follower.caught_up:
            self._pace.reset()
            return batch, 0.0
        pause = min(self.follower.pause(), too_soon) if too_soon > 0 else self.follower.pause()
        return [], pause if self.watch.fd >= 0 else min(pause, self._pace.pause())

    def close(self) -> None:
        """Not before a turn in another thread has left the files."""
        with self._lock:
            self._closed = True
            self.watch.close()
            self.follower.close()


async def follow(
    log: Log,
    cursor: int = 0,
    *,
    ended: Callable[[], bool],
    tasks: Collection[str] | None = None,
    provisional: bool = False,
    partial: bool = False,
    behind: int | None = None,
    limit: int = LIMIT,
) -> AsyncIterator[list[Chunk | Gap]]:
    """The log from ``cursor`` on in batches, live, until it has ended. Files are read in threads, the loop goes on.

    Args:
        ended: nothing will be recorded any more; asked when nothing has come, at most every 5 ms.
        tasks: names of the tasks to follow; None: all.
        provisional: as in ``Follower``.
        partial: as in ``Follower``.
        behind: bytes; a reader that is further back jumps ahead, and a gap says what it skipped. None: never.
        limit: bytes of a batch, about.
    """
    import asyncio

    def begin() -> _Loop:
        more = {"provisional": provisional, "partial": partial}
        return _Loop(Follower(log, cursor, tasks=tasks, limit=limit, **more), ended, behind)

    loop = asyncio.get_running_loop()
    it = await loop.run_in_executor(None, begin)
    try:
        while True:
            batch, pause = await loop.run_in_executor(None, it.turn)
            if batch:
                yield batch
            elif pause < 0:
                return
            else:
                await changed(it.watch, pause)
    finally:
        await loop.run_in_executor(None, it.close)  # it may have to wait for a turn on a slow disk


def begun(log: Log) -> list[Chunk]:
    """What tasks have written before their owner has recorded anything; nothing any more as soon as it has."""
    if log.end:
        return []
    with closing(Follower(log, provisional=True)) as follower:
        return [item for item in follower.next() if isinstance(item, Chunk) and item.provisional]


async def changed(watch: Watch, timeout: float) -> None:
    """Sleep until something that is watched has changed, at most ``timeout`` seconds."""
    import asyncio

    if watch.fd < 0 or timeout <= 0:
        await asyncio.sleep(timeout)
        return
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()
    loop.add_reader(watch.fd, woken.set)
    timer = loop.call_later(timeout, woken.set)
    try:
        await woken.wait()
    finally:
        timer.cancel()
        loop.remove_reader(watch.fd)
    watch.take()


def follow_sync(
    log: Log,
    cursor: int = 0,
    *,
    ended: Callable[[], bool],
    tasks: Collection[str] | None = None,
    provisional: bool = False,
    partial: bool = False,
    behind: int | None = None,
    stop: threading.Event | None = None,
) -> Iterator[list[Chunk | Gap]]:
    """The same for a plain thread; it also ends, within 0.25 s, when ``stop`` is set."""
    follower = Follower(log, cursor, tasks=tasks, provisional=provisional, partial=partial)
    with closing(_Loop(follower, ended, behind)) as it:
        while stop is None or not stop.is_set():
            batch, pause = it.turn()
            if batch:
                yield batch
            elif pause < 0:
                return
            else:
                it.watch.wait(pause)
