"""A job as people handle it: follow, wait, stop, retry.

The core is async; each verb has a sync form of one line, which also works inside a running event loop.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import functools
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from jupyter_cube import hint
from jupyter_cube.backends.base import Backend
from jupyter_cube.backends.local import launch
from jupyter_cube.backends.registry import backend
from jupyter_cube.errors import ConflictError, JobFailedError, NotFoundError
from jupyter_cube.lifecycle import hold, render
from jupyter_cube.lifecycle.plan import Plan
from jupyter_cube.lifecycle.state import JobState, State, describe_end
from jupyter_cube.log.follow import Chunk, Gap, Line, Log, changed, follow, follow_sync
from jupyter_cube.log.reader import LIMIT
from jupyter_cube.marketplace.pins import pin
from jupyter_cube.store.folder import JobFolder
from jupyter_cube.store.store import Store
from jupyter_cube.watch import Pace, Watch

_T = TypeVar("_T")
_LOOK = 1.0  # seconds between looks whether a job's owner lives


def run_sync(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end, in a thread of its own where this one runs an event loop already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        while True:
            # In slices: an interrupt reaches the main thread between two of them.
            with contextlib.suppress(concurrent.futures.TimeoutError):
                return future.result(0.2)
            if future.done():
                return future.result()
    finally:
        future.cancel()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Job:
    """One job, alive or ended. Any number of these may look at the same job, from any process."""

    def __init__(self, folder: JobFolder, *, notes: Sequence[str] = ()) -> None:
        self._folder = folder
        self.notes = tuple(notes)
        self._looked = 0.0

    @property
    def id(self) -> str:
        return self._folder.id

    @property
    def short_id(self) -> str:
        """The first characters of the id, enough for people and accepted everywhere."""
        return self.id[:6]

    @property
    def name(self) -> str:
        return str(self._folder.record["name"])

    @property
    def created(self) -> float:
        """When it was submitted, seconds since the epoch."""
        return float(self._folder.record["created"])

    @property
    def folder(self) -> Path:
        return self._folder.path

    @property
    def plan(self) -> Plan:
        """What it runs."""
        return self._folder.plan

    @property
    def log(self) -> Log:
        """The merged log."""
        return Log(self.folder, self._folder.task_names)

    @property
    def recorded(self) -> JobState:
        """The state as its owner has recorded it; the same object until there is news."""
        return self._folder.state()

    @property
    def state(self) -> State:
        return self.snapshot().state

    def __repr__(self) -> str:
        return f"<Job {self.name} {self.short_id} {self.state.value}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and other.folder == self.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    def _backend(self) -> Backend:
        return backend(str(self._folder.record["backend"]))

    def _look(self) -> None:
        """Whoever looks at a job whose owner has died starts another."""
        launch.reap()
        now = time.monotonic()
        if now - self._looked >= _LOOK:
            self._looked = now
            if self._folder.writable:
                self._backend().own(self._folder)

    def snapshot(self) -> JobState:
        """The job as it is now, with what it waits for as ``reason``."""
        state = self._folder.state()
        if state.state.final:
            return state
        self._look()
        state = hold.shown(state, time.time())
        if state.state is State.WAITING and not state.reason:
            state = dataclasses.replace(state, reason=self._backend().waiting(self._folder))
        return dataclasses.replace(state, as_of=time.time())

    def describe(self) -> dict[str, Any]:
        """All that is known, as JSON values."""
        state = self.snapshot()
        record = self._folder.record
        kept = {
            name: record.get(name) for name in ("id", "name", "backend", "created", "user", "host", "cwd", "notebook")
        }
        kept["tags"] = list(record.get("tags", ()))
        kept["items"] = [pin(origin) for origin in self._folder.plan.items]
        summary = dataclasses.asdict(state)
        summary.pop("as_of")
        tasks = [
            {**task, "state": task["state"].value, "devices": list(task["devices"])} for task in summary.pop("tasks")
        ]
        summary["warnings"] = list(summary["warnings"])
        return {**kept, **summary, "state": state.state.value, "folder": str(self.folder), "tasks": tasks}

    # ---- waiting

    async def async_wait(self, timeout: float | None = None) -> State:
        """Until the job has ended; its state. After ``timeout`` seconds the state it has by then."""
        deadline = None if timeout is None else time.monotonic() + timeout
        watch = Watch()
        watch.add(self.folder)
        pace = Pace(0.002, 0.01)
        try:
            while not (state := self._folder.state().state).final:
                left = _LOOK if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    break
                self._look()
                await changed(watch, min(left, _LOOK if watch.fd >= 0 else pace.pause()))
        finally:
            watch.close()
        return state

    def wait(self, timeout: float | None = None) -> State:
        """The sync form of ``async_wait``."""
        return run_sync(self.async_wait(timeout))

    async def async_result(self, timeout: float | None = None) -> Any:
        """What the tasks handed back: name to value for a job of one task, else a list of those in task order.

        Raises:
            JobFailedError: the job ended otherwise than SUCCEEDED.
        """
        state = await self.async_wait(timeout)
        if not state.final:
            raise ConflictError("the job has not ended", place=self.name, hint="wait() for it")
        self.raise_if_failed()
        from jupyter_cube.cells.results import read_results

        found = [read_results(self.folder / "results" / task) for task in self._folder.task_names]
        return found[0] if len(found) == 1 else found

    def result(self, timeout: float | None = None) -> Any:
        """The sync form of ``async_result``."""
        return run_sync(self.async_result(timeout))

    def raise_if_failed(self) -> None:
        """Raise a ``JobFailedError`` with the failing task's last lines, unless the job succeeded."""
        state = self._folder.state()
        if state.state is State.SUCCEEDED or not state.state.final:
            return
        bad = render.failing(state)
        why = state.reason or (f"{bad.name} {describe_end(bad)}" if bad else "")
        tail = "".join(f"\n{line}" for line in self.last_words())
        raise JobFailedError(f"{state.state.value}: {why}{tail}", place=f"job {self.name} ({self.short_id})")

    def last_words(self) -> list[str]:
        """The last lines of the task that has failed, as a person reads them; none where none has."""
        bad = render.failing(self._folder.state())
        if bad is None:
            return []
        return [f"  {bad.name} │ {render.plain(line.line)}" for line in self.log.tail(5, tasks=[bad.name])]

    # ---- the log

    def _ended(self, seen: Callable[[JobState], None] | None = None) -> bool:
        state = self._folder.state()
        if seen is not None:
            seen(state)
        if not state.state.final:
            self._look()
        return state.state.final

    def follow(
        self,
        cursor: int = 0,
        *,
        tasks: Sequence[str] | None = None,
        provisional: bool = False,
        behind: int | None = None,
        limit: int = LIMIT,
    ) -> AsyncIterator[list[Chunk | Gap]]:
        """The merged log from ``cursor`` on, in batches, until the job has ended.

        Args:
            behind: bytes of arrears that are jumped over; None: never.
            limit: bytes of a batch, about.
        """
        return follow(
            self.log, cursor, ended=self._ended, tasks=tasks, provisional=provisional, behind=behind, limit=limit
        )

    def follow_sync(
        self,
        cursor: int = 0,
        *,
        tasks: Sequence[str] | None = None,
        provisional: bool = False,
        behind: int | None = None,
        stop: threading.Event | None = None,
        seen: Callable[[JobState], None] | None = None,
    ) -> Iterator[list[Chunk | Gap]]:
        """The same for a plain thread; ``stop`` ends it, and more than ``behind`` bytes of arrears are jumped over.

        Args:
            seen: gets the job's states meanwhile, as they are recorded.
        """
        ended = functools.partial(self._ended, seen)
        return follow_sync(
            self.log, cursor, ended=ended, tasks=tasks, provisional=provisional, behind=behind, stop=stop
        )

    def lines(self, cursor: int = 0, *, tasks: Sequence[str] | None = None) -> Iterator[Line | Gap]:
        """What is recorded now, from ``cursor`` on, line by line."""
        for chunk in self.log.chunks(cursor, tasks=tasks):
            if isinstance(chunk, Gap):
                yield chunk
            else:
                yield from chunk.lines()

    # ---- orders

    def _writable(self) -> None:
        if not self._folder.writable:
            raise ConflictError("the job is of a newer version", place=self.name, hint="upgrade jupyter-cube")
        if self._folder.record["backend"] == "local" and (host := self._folder.elsewhere):
            raise ConflictError(f"the job is on {host}", place=self.name, hint="do that there")

    def stop(self, reason: str = "stopped by its user") -> None:
        """Ask all tasks to end; after the grace they are killed. A job that has ended stays as it is."""
        self._writable()
        if self._folder.state().state.final:
            return
        self._folder.request_stop(reason)
        self._backend().stop(self._folder)

    def retry(self, *, failed: bool = False) -> None:
        """Run all tasks again, or only those that did not succeed.

        Raises:
            ConflictError: it has not ended, or what it needs has been deleted.
        """
        self._writable()
        state = self._folder.state()
        if not state.state.final:
            raise ConflictError(
                f"the job is {state.state.value}",
                place=self.name,
                hint=f"stop it with: {hint.command(f'stop {self.short_id}')}",
            )
        if not (self.folder / "private" / "base.env").exists():
            raise ConflictError(
                "its environment, secrets and inputs have been deleted",
                place=self.name,
                hint=f"submit it again with: {hint.command(f'submit {self.folder}/spec.yaml')}",
            )
        numbers = [n for n, task in enumerate(state.tasks) if task.state is not State.SUCCEEDED] if failed else None
        if numbers == []:
            raise ConflictError("no task has failed", place=self.name)
        self._folder.order(state.attempt + 1, numbers)
        self._backend().submit(self._folder)

    def delete(self) -> None:
        """Remove an ended job with all its files."""
        self._writable()
        if not self._folder.state().state.final:
            raise ConflictError(
                "the job has not ended", place=self.name, hint=f"stop it with: {hint.command(f'stop {self.short_id}')}"
            )
        Store(self.folder.parents[1]).delete(self._folder)

    def debug(self, task: str = "") -> tuple[list[str], Mapping[str, str], str]:
        """Words, environment and folder of a shell that sees what the task saw.

        Args:
            task: ``ROLE-INDEX``; empty: one that is held, else one that has failed, else the first.
        """
        return self._backend().debug(self._folder, self._known(task) or self._worst())

    def release(self, task: str = "") -> None:
        """End what holds failed tasks for debugging: their taskFails callbacks count as successful.

        Args:
            task: ``ROLE-INDEX``; empty: all that are held.

        Raises:
            ConflictError: nothing is held.
        """
        self._writable()
        wanted = self._known(task)
        held = [one for one in self._folder.state().tasks if one.held_since and wanted in ("", one.name)]
        if not held:
            raise ConflictError(f"{wanted} is not held" if wanted else "no task is held", place=self.name)
        for one in held:
            self._folder.request_release(one.name, one.attempt)
        self._backend().own(self._folder)

    def _known(self, task: str) -> str:
        names = self._folder.task_names
        if task and task not in names:
            raise NotFoundError(f"no task {task!r} in {self.name}", hint=f"there are: {', '.join(names[:8])}")
        return task

    def _worst(self) -> str:
        tasks = self._folder.state().tasks
        held = [task.name for task in tasks if task.held_since]
        failed = [task.name for task in tasks if task.state in (State.FAILED, State.UNKNOWN)]
        return (held or failed or [tasks[0].name])[0]
