"""Living cards: the output of a cell shows its job until the end, whatever cell runs meanwhile.

One plain daemon thread serves all cards of the kernel and ends when none lives. It updates by display id and never
prints: what a thread prints lands in the cell that runs now. A plain thread, because clients that keep the parent of
a message apart (nbclient) drop the updates of a finished cell's context.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_cube import bundle
from jupyter_cube.errors import CubeError, NotFoundError
from jupyter_cube.handle import Job
from jupyter_cube.lifecycle.state import JobState
from jupyter_cube.watch import Watch

PERIOD = 0.5  # seconds between two updates of a card
QUIET_PERIOD = 60.0  # the same, when nothing changed for long or the card has sent QUIET_AFTER bytes
QUIET_AFTER = 1_000_000
KERNEL_RATE = 10.0  # updates a second of all cards
_TICK = 0.01  # seconds between two looks at the least
_AGAIN = 0.3  # seconds after which the end is sent once more: between two cells of a run by nbclient it was lost
_LOOK = 1.0  # seconds between looks at what no record tells: why it waits, whether its owner lives

Publish = Callable[[str, Mapping[str, Any], bool], None]  # display id, forms, update


@dataclass(slots=True)
class Pace:
    """When a card may be sent again. Times are seconds of one clock."""

    sent: int = 0
    last: float = -math.inf
    idle: float = PERIOD

    def due(self, *, state_changed: bool, changed: bool) -> float:
        """The moment from which an update may go out."""
        if state_changed:
            return self.last + PERIOD
        if self.sent >= QUIET_AFTER:
            return self.last + QUIET_PERIOD
        return self.last + (PERIOD if changed else self.idle)

    def record(self, now: float, size: int, *, changed: bool) -> None:
        """An update of ``size`` bytes went out; without news the next one waits twice as long."""
        self.last = now
        self.sent += size
        self.idle = PERIOD if changed else min(self.idle * 2, QUIET_PERIOD)


@dataclass(slots=True)
class Card:
    """One output that shows a job, and what of it has been sent.

    Attributes:
        done: it has shown the job's end; ``again``: when that is sent once more, after which it is ``over``.
    """

    job: Job
    display_id: str
    pace: Pace = field(default_factory=Pace)
    done: threading.Event = field(default_factory=threading.Event)
    shown: JobState | None = None
    shown_end: int = -1
    state: JobState | None = None
    record_size: int = -1
    looked: float = -math.inf
    again: float = math.inf
    over: bool = False

    def look(self, now: float) -> None:
        """Read the job's state, if its record has grown or a second has passed.

        Raises:
            NotFoundError: the job has been deleted.
        """
        if not self.job.folder.exists():
            raise NotFoundError(f"no job {self.job.id!r}")
        size = _file_size(self.job.folder / "states.jsonl")
        if size != self.record_size or now - self.looked >= _LOOK:
            self.state, self.record_size, self.looked = self.job.snapshot(), size, now


def _file_size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


class Cards:
    """All living cards of this kernel.

    Args:
        publish: shows forms under a display id, or updates them.
    """

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._cards: list[Card] = []
        self._lock = threading.Lock()
        self._watch: Watch | None = None  # there while the thread is
        self._allowance = KERNEL_RATE
        self._refilled = time.monotonic()

    @property
    def living(self) -> bool:
        """Some card is still kept up to date."""
        return self._watch is not None

    def show(self, job: Job) -> None:
        """Show the job here and now, and keep it up to date until it has ended."""
        card = Card(job, os.urandom(16).hex())
        with self._lock:  # a change after look() wakes the thread, which then finds the card in the list
            watch = self._watch or Watch()
            watch.add(job.folder, once=True)
            card.look(time.monotonic())
            self._send(card, update=False)
            if not card.done.is_set():
                self._cards.append(card)
                if self._watch is None:
                    self._watch = watch
                    threading.Thread(target=self._run, args=(watch,), name="jupyter-cube-cards", daemon=True).start()
            elif self._watch is None:
                watch.close()

    def settle(self, job_id: str, *, timeout: float) -> None:
        """Return when all cards of a job that has ended show its end."""
        with self._lock:
            cards = [card for card in self._cards if card.job.id == job_id]
        for card in cards:
            card.done.wait(timeout)

    def _run(self, watch: Watch) -> None:
        try:
            while cards := self._left():
                self._round(watch, cards)
        finally:
            with self._lock:
                if self._watch is watch:
                    self._watch = None
            watch.close()

    def _left(self) -> list[Card]:
        with self._lock:
            self._cards = [card for card in self._cards if not card.over]
            if not self._cards:
                self._watch = None  # here, under the lock: the next card starts another thread
            return list(self._cards)

    def _round(self, watch: Watch, cards: list[Card]) -> None:
        wake = time.monotonic() + _LOOK
        for card in cards:
            watch.add(card.job.folder, once=True)
            try:
                wake = min(wake, self._step(card, time.monotonic()))
            except (CubeError, OSError):
                card.over = True  # the job was deleted or its disk is gone: the last snapshot stays
                card.done.set()
        time.sleep(_TICK)
        rest = wake - time.monotonic()
        if rest > 0 and watch.fd >= 0:
            watch.wait(rest)

    def _step(self, card: Card, now: float) -> float:
        """Send the card if there is news and it may; when to look again, if nothing happens before."""
        card.look(now)
        assert card.state is not None, "look() has read it"
        if card.state.state.final:
            if card.again > now and card.done.is_set():
                return card.again
            card.over = card.done.is_set()
            self._send(card, update=True)
            card.again = now + _AGAIN
            return card.again
        state_changed = _essence(card.state) != _essence(card.shown)
        changed = state_changed or _file_size(card.job.folder / "timeline") != card.shown_end
        due = card.pace.due(state_changed=state_changed, changed=changed)
        if now >= due and self._allowed(now):
            self._send(card, update=True, changed=changed)
        return due

    def _allowed(self, now: float) -> bool:
        self._allowance = min(KERNEL_RATE, self._allowance + (now - self._refilled) * KERNEL_RATE)
        self._refilled = now
        return self._allowance >= 1

    def _send(self, card: Card, *, update: bool, changed: bool = True) -> None:
        state = card.state
        assert state is not None, "look() has read it"
        card.shown_end = _file_size(card.job.folder / "timeline")
        forms = bundle.bundle(bundle.snapshot(card.job, state))
        self._publish(card.display_id, forms, update)
        self._allowance -= 1
        card.shown = state
        card.pace.record(time.monotonic(), bundle.size(forms), changed=changed)
        if state.state.final:
            card.done.set()


def _essence(state: JobState | None) -> JobState | None:
    return state and replace(state, as_of=0.0)
