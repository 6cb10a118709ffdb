"""A running job as activity of the server, where that is configured: a culler of idle servers leaves it alone."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from datetime import datetime, timezone
from typing import Any

from tornado.ioloop import PeriodicCallback

from jupyter_cube.config import store_path
from jupyter_cube.store.index import Index
from jupyter_cube.store.store import Store

PERIOD = 60.0  # seconds between two looks


class Awake:
    """Looks from time to time whether a job runs.

    Args:
        times: the server's record of its extensions' activity.
    """

    def __init__(self, times: MutableMapping[str, Any]) -> None:
        self._times = times
        self._timer = PeriodicCallback(self.look, PERIOD * 1000)

    def start(self) -> None:
        """From now on."""
        self._timer.start()

    def stop(self) -> None:
        """Not any more."""
        self._timer.stop()

    async def look(self) -> None:
        """Once."""
        if await asyncio.get_running_loop().run_in_executor(None, _runs):
            self._times["jupyter_cube"] = datetime.now(timezone.utc)


def _runs() -> bool:
    return any(not one.state.final for one in Index(Store(store_path())).summaries())
