"""Changes of jobs' states as events of the server, for whom listens to those; never what jobs print."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tornado.ioloop import PeriodicCallback

from jupyter_cube.server import feed

if TYPE_CHECKING:
    from jupyter_events.logger import EventLogger

SCHEMA = Path(__file__).with_name("job_state.v1.yaml")
ID = "urn:jupyter-cube:job-state:v1"
_PERIOD = 1.0  # seconds between two looks whether anybody listens


class Events:
    """Emits an event for each change that it sees; looks at jobs only while somebody listens.

    Attributes:
        ready: what was the case when somebody began to listen is known, so that any change from now on is one.
    """

    def __init__(self, logger: EventLogger) -> None:
        logger.register_event_schema(SCHEMA)
        self.ready = False
        self._logger = logger
        self._timer = PeriodicCallback(self._look, _PERIOD * 1000)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """From now on."""
        self._timer.start()

    async def stop(self) -> None:
        """Not any more."""
        self._timer.stop()
        await self._end()

    async def _look(self) -> None:
        if self._task is not None and (self._task.done() or not self._heard()):
            await self._end()  # one that has failed begins anew: what it knew is no longer true
        if self._task is None and self._heard():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def _heard(self) -> bool:
        """As ``emit`` itself finds out; the logger has no public way to ask."""
        logger = self._logger
        kinds = (logger._modified_listeners, logger._unmodified_listeners)
        return bool(logger.handlers) or any(kind.get(ID) for kind in kinds)

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task, self.ready = None, False

    async def _run(self) -> None:
        states: dict[str, str] = {}
        async with contextlib.aclosing(feed.jobs()) as messages:
            async for message in messages:
                for job in message["jobs"]:
                    before = states.get(job["id"], "")
                    states[job["id"]] = job["state"]
                    if self.ready and before != job["state"]:
                        self._logger.emit(schema_id=ID, data=_record(job, before))
                        await asyncio.sleep(0)  # each event is checked and sent: others come in between
                for name in message["gone"]:
                    states.pop(name, None)
                self.ready = True


def _record(job: dict[str, Any], before: str) -> dict[str, Any]:
    known = {"previous": before, "reason": job["reason"]}
    return {
        **{name: job[name] for name in ("id", "name", "state")},
        **{name: value for name, value in known.items() if value},
    }
