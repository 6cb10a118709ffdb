"""One running attempt of a task, as its owner sees it: alive, asked to end, being killed, over."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass

from jupyter_cube import files, process, space
from jupyter_cube.host import limits
from jupyter_cube.lifecycle.plan import Task
from jupyter_cube.lifecycle.state import Exit, State
from jupyter_cube.store.folder import Claim, JobFolder

_RELEASE_GRACE = 2.0  # seconds between TERM and KILL for what holds a task
_MEMORY_PERIOD = 1.0  # seconds between looks at a task's memory where no cgroup counts it


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended."""

    state: State
    reason: str
    exit: Exit | None


class Live:
    """An attempt that has been claimed and has not ended for the owner yet.

    Args:
        lost: why the processes of that time cannot run any more; empty: they may.
        seen: this owner found the wrapper alive, so that it knows of a kill what it saw.
    """

    def __init__(self, folder: JobFolder, task: Task, attempt: int, claim: Claim, *, lost: str) -> None:
        self.folder = folder
        self.task = task
        self.attempt = attempt
        # Pids of another boot or container mean nothing here, they may be anybody's.
        self.wrapper = process.Identity(0, "0") if lost else claim.wrapper
        self._lost = lost
        self.cgroup = claim.cgroup
        self.mark = f"{folder.id}/{task.name}/{attempt}"
        self.pidfd = process.open_pidfd(self.wrapper)
        self.seen = self.pidfd is not None or process.alive(self.wrapper)
        self.started = folder.attempt_file(task.name, attempt, "claim").stat().st_mtime
        self.end_asked = ""  # why the owner ends it
        self.end_state = State.STOPPED
        self._kill_at = self._release_at = 0.0
        self.held: Exit | None = None  # how it will end, while its taskFails callbacks run
        self._look_at = time.monotonic() + _MEMORY_PERIOD
        self._over_memory = ""
        self._released: list[process.Identity] | None = None

    @property
    def over(self) -> bool:
        """The wrapper has ended; what is left of the task may still run."""
        return not process.alive(self.wrapper)

    @property
    def deadline(self) -> float:
        """When ``tick`` wants to be called again, on the monotonic clock; infinity: never."""
        never = float("inf")
        memory = self._look_at if self.task.role.resources.memory_mb else never
        return min(self._kill_at or never, memory, self._release_at if self._released else never)

    def processes(self) -> set[process.Identity]:
        """Everything the task started that still runs, the wrapper too."""
        found = process.task_processes({self.mark: self.wrapper})[self.mark]
        return found | limits.members(self.cgroup) if self.cgroup else found

    def ask_to_end(self, reason: str, *, grace: float, state: State = State.STOPPED) -> None:
        """TERM to all of it now, KILL when ``grace`` seconds have passed."""
        if self.end_asked:
            return
        self.end_asked, self.end_state = reason, state
        with contextlib.suppress(OSError):  # a full disk: it ends without its callbacks, but it ends
            files.write(self.folder.attempt_file(self.task.name, self.attempt, "stop"), reason)
        self._kill_at = time.monotonic() + grace
        process.signal_all(self.processes(), signal.SIGTERM)

    def release(self) -> None:
        """End what holds it: what its callback runs, and nothing that runs after that."""
        if self._released is not None:
            return
        try:
            files.write(self.folder.attempt_file(self.task.name, self.attempt, "release"), "")
        except OSError:
            return  # a full disk: tried again
        self._released = []
        if self.folder.failed_record(self.task.name, self.attempt) is not None:
            # Parents first: a shell whose child is killed before it says so in the log.
            self._released = sorted(self.processes() - {self.wrapper}, key=lambda one: one.pid)
            process.signal_all(self._released, signal.SIGTERM)
            self._release_at = time.monotonic() + _RELEASE_GRACE

    def tick(self) -> None:
        """Act on what has become due: KILL after the grace, the look at memory."""
        now = time.monotonic()
        if self._released and now >= self._release_at:
            process.signal_all(self._released, signal.SIGKILL)
            self._released = []
        if self._kill_at and now >= self._kill_at:
            process.signal_all(self.processes(), signal.SIGKILL)
            self._kill_at = now + 0.05
        if now >= self._look_at:
            self._look_at = now + _MEMORY_PERIOD
            self._check_memory()

    def _check_memory(self) -> None:
        allowed = self.task.role.resources.memory_mb
        if not allowed or self.cgroup:
            return
        everything = self.processes()
        used = process.rss(everything, limit=allowed * 2**20) // 2**20
        if used > allowed:
            self._over_memory = f"out of memory: {used} MiB of {allowed} MiB"
            process.signal_all(everything, signal.SIGKILL)

    def clear(self) -> bool:
        """Kill what the ended wrapper left behind; True when nothing is left."""
        rest = self.processes()
        process.signal_all(rest, signal.SIGKILL)
        return not rest

    def end(self) -> End:
        """How it ended; called once, when nothing of it runs any more."""
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None
        for what in ("claim", "exit"):
            draft = self.folder.attempt_file(self.task.name, self.attempt, f"{what}.{self.wrapper.pid}")
            with contextlib.suppress(FileNotFoundError):
                os.unlink(draft)
        record = self.folder.exit_record(self.task.name, self.attempt)
        kills = limits.oom_kills(self.cgroup) if self.cgroup else 0
        if self.cgroup:
            limits.remove(self.cgroup)
        if self.held is not None:
            return End(State.FAILED, "", record or self.held)
        if record is not None and record.code == 0 and record.command_code is not None:
            return End(State.SUCCEEDED, "", record)
        if self._over_memory or kills:
            return End(State.FAILED, self._over_memory or "out of memory", record)
        if self.end_asked:
            return End(self.end_state, self.end_asked, record)
        if record is not None:
            return End(State.FAILED, "the disk is full" if space.full(str(self.folder.path)) else "", record)
        if self.seen:
            return End(State.FAILED, "killed, no exit record", None)
        return End(State.UNKNOWN, self._lost or "ended while nobody watched, no exit record", None)
