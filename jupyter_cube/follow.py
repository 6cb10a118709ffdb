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

from jupyter_cube.log import LIMIT, Chunk, Gap, Line, Log, Reader
from jupyter_cube.timeline import Entry
from jupyter_cube.watch import Pace, Watch

__all__ = ["Chunk", "Follower", "Gap", "Line", "Log", "follow", "follow_sync"]

_START = 1.0  # seconds at the begin, in which a job has no owner yet
_START_PAUSE = 0.0015  # seconds between looks at the logs in that time
_PATIENCE = 0.1  # seconds that bytes may wait for their recording before they are shown without
_HEARTBEAT = 0.25  # seconds between looks that nothing has asked for
_PARTIAL = 1 << 16  # bytes of an unfinished line that are shown


@dataclass(slots=True)
class _Tail:
    """What lies in a task's log beyond the last entry."""

    attempt: int = 0
    shown: int = 0  # offset up to which whole lines have been given, recorded or not
    size: int = 0  # at the last look
    since: float = 0.0  # when it had more than ``shown`` for the first time, monotonic
    offered: int = 0  # size at which its partial line was given last


class Follower(Reader):
    """A reader that also sees what no owner has recorded yet.

    Args:
        provisional: give whole lines that have waited for their recording, and at the job's begin at once.
        partial: give the begin of a line that has stood without its newline for 100 ms.
    """

    def __init__(
        self,
        log: Log,
        cursor: int = 0,
        *,
        tasks: Collection[str] | None = None,
        provisional: bool = False,
        partial: bool = False,
    ) -> None:
        super().__init__(log, cursor, tasks=tasks)
        self._provisional, self._partial = provisional, partial
        self._born = time.monotonic()
        self._look_at = 0.0
        self._tails: dict[int, _Tail] = {}
        if provisional or partial:
            numbers = range(len(log.names)) if self.wanted is None else sorted(self.wanted)
            self._tails = {number: _Tail() for number in numbers}
            for (number, attempt), end in self.timeline.ends().items():
                if number in self._tails and attempt >= self._tails[number].attempt:
                    self._tails[number] = _Tail(attempt, end, end)

    def next(self, *, final: bool = False) -> list[Chunk | Gap]:
        """What there is to show now; ``final``: nothing will be recorded any more."""
        items = self.step()
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
        if tail is None or entry.attempt < tail.attempt:
            return chunk
        if entry.attempt > tail.attempt:
            self._tails[entry.number] = tail = _Tail(entry.attempt)
        start = entry.end - (entry.position - cursor)
        seen = min(len(data), max(0, tail.shown - start)) if self._provisional else 0
        tail.shown = max(tail.shown, start + len(data))
        return chunk._replace(start=chunk.start + seen, data=data[seen:]) if seen else chunk
