"""What one subscription of a socket sends: that a job grew, lines from a cursor on, or which jobs have changed.

Each is an async iterator of messages, which is asked for the next one only when the last has been taken over by the
network: a slow reader gets fewer of them, not old ones.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_cube import logview
from jupyter_cube.config import store_path
from jupyter_cube.errors import NotFoundError
from jupyter_cube.lifecycle.state import State
from jupyter_cube.log.chunk import Chunk
from jupyter_cube.log.follow import begun, changed
from jupyter_cube.server.unfinished import Unfinished
from jupyter_cube.store.index import Index, Summary
from jupyter_cube.store.store import Store
from jupyter_cube.watch import Watch

if TYPE_CHECKING:
    from jupyter_cube.handle import Job
    from jupyter_cube.lifecycle.state import JobState

Message = dict[str, Any]

BEHIND = 64 << 20  # bytes; who is further back jumps ahead, and is told what was skipped
_BATCH = 1 << 17  # bytes of lines in a message: other requests wait until it is written as JSON
_COALESCE = 0.03  # seconds between two messages of one subscription
_COALESCE_LINES = 0.01  # the same, of lines
_COALESCE_LIST = 0.25  # seconds between two looks at all jobs
_LOOK = 1.0  # seconds between looks that nothing has asked for
_START = 1.0  # seconds in which a job may have no owner yet

_T = TypeVar("_T")


async def in_thread(function: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
    """What reads disks, while the server goes on."""
    return await asyncio.get_running_loop().run_in_executor(None, functools.partial(function, *args, **kwargs))


async def grew(name: str) -> AsyncGenerator[Message, None]:
    """State and end of the log of a job, at once, then whichever has changed, until it has ended.

    Raises:
        NotFoundError: there is no such job.
    """
    job = await in_thread(_job, name)
    watch = Watch()
    watch.add(job.folder)
    look = _Look(job)
    try:
        while True:
            began = time.monotonic()
            if news := await in_thread(look.news):
                yield news
            if look.over:
                return
            await changed(watch, 0 if look.starts else _LOOK)
            await asyncio.sleep(max(0.0, _COALESCE - (time.monotonic() - began)))
    finally:
        watch.close()


class _Look:
    """What a job's view has been told, and what is new since.

    Attributes:
        over: the job has ended, and all of it is told.
        starts: nobody records yet what its tasks write, and nothing but a look tells of it.
    """

    def __init__(self, job: Job) -> None:
        self.over = self.starts = False
        self._job = job
        self._recorded: JobState | None = None
        self._due = 0.0
        self._told: Message = {}

    def news(self) -> Message:
        """``state`` and ``end``, each where it has changed; ``begun`` when there are lines that nobody has recorded."""
        now: Message = {}
        # the state first: what it says has ended has all its lines
        recorded, clock = self._job.recorded, time.monotonic()
        if recorded is not self._recorded or clock >= self._due:  # what a job waits for is nowhere recorded
            self._recorded, self._due = recorded, clock + _LOOK
            now["state"] = self._job.describe()
            self.over = State(now["state"]["state"]).final
        now["end"] = self._job.log.end
        self.starts = not now["end"] and not self.over and time.time() - self._job.created < _START
        if self.starts and begun(self._job.log):
            now["begun"], self.starts = True, False
        news = {name: value for name, value in now.items() if value != self._told.get(name)}
        self._told.update(news)
        return news


async def stream(name: str, cursor: int, tasks: Sequence[str] | None) -> AsyncGenerator[Message, None]:
    """The lines after a cursor, until the job has ended.

    Raises:
        NotFoundError: there is no such job or task.
    """
    job = await in_thread(_job, name)
    for task in tasks or ():
        if task not in job.log.names:
            raise NotFoundError(f"no task {task!r:.100} in {job.name}")
    async for batch in job.follow(cursor, tasks=tasks, behind=BEHIND, limit=_BATCH):
        began = time.monotonic()
        chunks = [_chunk(item) if isinstance(item, Chunk) else logview.record(item) for item in batch]
        yield {"chunks": chunks}
        if sum(len(item.data) for item in batch if isinstance(item, Chunk)) < _BATCH // 2:  # it keeps up
            await asyncio.sleep(max(0.0, _COALESCE_LINES - (time.monotonic() - began)))
    yield {"state": await in_thread(job.describe)}


def _chunk(chunk: Chunk) -> Message:
    """Lines of one task that were recorded together: what each had beside its text would take most of the time."""
    about = {"task": chunk.name, "attempt": chunk.attempt, "time": round(chunk.time, 3), "cursor": chunk.end}
    return {**about, **({"late": True} if chunk.late else {}), "lines": chunk.texts()}


def _job(name: str) -> Job:
    from jupyter_cube import api

    return api.job(name)


async def jobs() -> AsyncGenerator[Message, None]:
    """All jobs at once, then those that have come, changed or gone, each time with the time of this clock."""
    store = Store(store_path())
    index, unfinished = Index(store), Unfinished(store)
    watch = Watch()
    known: dict[str, Summary] | None = None
    alive: set[str] = set()

    def wake(names: set[str]) -> None:
        for name in names:
            watch.add(store.jobs_path / name, once=True)  # what has ended is not watched for ever

    try:
        while True:
            watch.add(store.jobs_path)
            wake(alive)  # before the look: what changes after it wakes
            found, message = await in_thread(_compared, index, unfinished, known or {})
            living = {one.id for one in found.values() if not one.state.final}
            wake(living - alive)
            alive = living
            if known is None or message["jobs"] or message["gone"]:
                yield message
            known = found
            await asyncio.sleep(_COALESCE_LIST)
            await changed(watch, _LOOK)
    finally:
        watch.close()


def _compared(index: Index, unfinished: Unfinished, known: Mapping[str, Summary]) -> tuple[dict[str, Summary], Message]:
    """All jobs as they are, and how that differs from what was known."""
    found = unfinished.look({one.id: one for one in index.summaries()})
    # most are the very same objects: thousands are compared in a millisecond
    new = [one.record() for one in found.values() if (before := known.get(one.id)) is not one and before != one]
    return found, {"jobs": new, "gone": [name for name in known if name not in found], "time": time.time()}
