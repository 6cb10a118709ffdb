"""Jobs that have not ended, as somebody sees them who looks at each: with an owner, and with what they wait for."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from jupyter_cube.errors import CubeError
from jupyter_cube.store.index import Summary
from jupyter_cube.store.store import Store

if TYPE_CHECKING:
    from jupyter_cube.handle import Job

_BUDGET = 0.05  # seconds of one look; of very many jobs each has its turn


@dataclasses.dataclass(slots=True)
class _Seen:
    job: Job
    at: float = 0.0
    state: str = ""
    reason: str = ""

    def told(self, one: Summary) -> Summary:
        return dataclasses.replace(one, reason=self.reason) if self.state == one.state.value else one


class Unfinished:
    """What an index of jobs does not know of those that have not ended."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[str, _Seen] = {}

    def look(self, found: Mapping[str, Summary]) -> dict[str, Summary]:
        """All of them, those that have not ended with their reason; whose owner has died gets another."""
        alive = [name for name, one in found.items() if not one.state.final]
        self._seen = {name: self._seen.get(name) or self._job(name) for name in alive}
        until = time.monotonic() + _BUDGET
        for name in sorted(alive, key=lambda name: self._seen[name].at):
            self._look(self._seen[name])
            if time.monotonic() > until:
                break
        return {**found, **{name: seen.told(found[name]) for name, seen in self._seen.items()}}

    def _job(self, name: str) -> _Seen:
        from jupyter_cube.handle import Job  # what submits is not needed before there are jobs

        return _Seen(Job(self._store.folder(name)))

    def _look(self, seen: _Seen) -> None:
        try:
            state = seen.job.snapshot()
        except (CubeError, OSError):
            return  # damaged or just deleted: the next look at all jobs leaves it out
        seen.at, seen.state, seen.reason = time.monotonic(), state.state.value, state.reason
