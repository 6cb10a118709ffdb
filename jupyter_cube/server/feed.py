"""What one subscription of a socket sends: that a job grew, lines from a cursor on, or which jobs have changed.

Each is an async iterator of messages, which is asked for the next one only when the last has been taken over by the
network: a slow reader gets fewer of them, not old ones.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_cube import logview
from jupyter_cube.config import store_path
from jupyter_cube.errors import NotFoundError
from jupyter_cube.lifecycle.state import State
from jupyter_cube.log.chunk import Chunk
from jupyter_cube.log.follow import changed
from jupyter_cube.server.unfinished import Unfinished
from jupyter_cube.store.index import Index, Summary
from jupyter_cube.store.store import Store
from jupyter_cube.watch import Watch

if TYPE_CHECKING:
    from jupyter_cube.handle import Job

Message = dict[str, Any]

BEHIND = 64 << 20  # bytes; who is further back jumps ahead, and is told what was skipped
_COALESCE = 0.03  # seconds between two messages of one subscription
_COALESCE_LIST = 0.25  # seconds between two looks at all jobs
_LOOK = 1.0  # seconds between looks that nothing has asked for

_T = TypeVar("_T")


async def in_thread(function: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
    """What reads disks, while the server goes on."""
    return await asyncio.get_running_loop().run_in_executor(None, functools.partial(function, *args, **kwargs))


async def grew(name: str) -> AsyncGenerator[Message, None]:
    """State and end of the log of a job, at once and whenever they change, until it has ended.

    Raises:
        NotFoundError: there is no such job.
    """
    job = await in_thread(_job, name)
    watch = Watch()
    watch.add(job.folder)
    before: Message = {}
    try:
        while True:
            began = time.monotonic()
            # the state first: what it says has ended has all its lines
            about = await in_thread(job.describe)
            now = {"state": about, "end": await in_thread(lambda: job.log.end)}
            if now != before:
                yield now
                before = now
            if State(about["state"]).final:
                return
            await changed(watch, _LOOK)
            await asyncio.sleep(max(0.0, _COALESCE - (time.monotonic() - began)))
    finally:
        watch.close()


async def stream(name: str, cursor: int, tasks: Sequence[str] | None) -> AsyncGenerator[Message, None]:
    """The lines after a cursor, until the job has ended.

    Raises:
        NotFoundError: there is no such job or task.
    """
    job = await in_thread(_job, name)
    for task in tasks or ():
        if task not in job.log.names:
            raise NotFoundError(f"no task {task!r:.100} in {job.name}")
    async for batch in job.follow(cursor, tasks=tasks, behind=BEHIND):
        yield {"lines": _lines([item for item in batch if isinstance(item, Chunk)]), "gaps": _gaps(batch)}
        await asyncio.sleep(0)
    yield {"state": await in_thread(job.describe)}


def _job(name: str) -> Job:
    from jupyter_cube import api

    return api.job(name)


def _lines(chunks: Sequence[Chunk]) -> list[list[Any]]:
    """``[cursor, time, task, attempt, text]`` of each line: without keys, which would be longer than most lines."""
    return [
        [line.cursor, round(line.time, 3), chunk.name, line.attempt, line.line]
        for chunk in chunks
        for line in chunk.lines()
    ]


def _gaps(batch: Sequence[Any]) -> list[Message]:
    return [logview.record(item) for item in batch if not isinstance(item, Chunk)]


async def jobs() -> AsyncGenerator[Message, None]:
    """All jobs at once, then those that have come, changed or gone, each time with the time of this clock."""
    store = Store(store_path())
    index, unfinished = Index(store), Unfinished(store)
    watch = Watch()
    known: dict[str, Summary] = {}
    first = True
    try:
        while True:
            watch.add(store.jobs_path)
            found = await in_thread(lambda: unfinished.look({one.id: one for one in index.summaries()}))
            for one in found.values():
                if not one.state.final:
                    watch.add(store.jobs_path / one.id)
            # of very many most are the same values as before, which are not compared
            new = [one.record() for one in found.values() if (old := known.get(one.id)) is not one and old != one]
            gone = [name for name in known if name not in found]
            if first or new or gone:
                yield {"jobs": new, "gone": gone, "time": time.time()}
            known, first = found, False
            await asyncio.sleep(_COALESCE_LIST)
            await changed(watch, _LOOK)
    finally:
        watch.close()
