"""What sources that are far away have in common: they keep what they fetched, and answer from that."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from jupyter_cube import files
from jupyter_cube.errors import BackendError, CubeError
from jupyter_cube.marketplace.places import Cache
from jupyter_cube.marketplace.sources.base import Source, State

_PAUSE = 60.0  # seconds in which a place that could not be reached is not tried again of its own accord


class FarSource(Source):
    """A source that fetches.

    Args:
        kind: of the source, the name of its folder in the cache.
    """

    def __init__(self, name: str, uri: str, kind: str) -> None:
        super().__init__(name, uri)
        self._cache = Cache(kind, uri)
        self._failed: tuple[float, BackendError] | None = None

    @abstractmethod
    def _fetch(self) -> Mapping[str, Any]:
        """Fetch what is there now; what the cache's record says of it. The caller holds the cache's lock.

        Raises:
            BackendError: it cannot be reached.
        """

    @abstractmethod
    def _here(self) -> bool:
        """Whether what the cache's record says is there."""

    def _fixed(self) -> bool:
        """Whether what is here can never change."""
        return False

    def refresh(self, older: float = 0.0) -> bool:
        before = dict(self._cache.state())
        here = self._here()
        if here and (time.time() - before["fetched"] < older or self._fixed()):
            return False
        if older and self._failed and time.monotonic() - self._failed[0] < _PAUSE:
            raise self._failed[1]
        with files.disk_errors(self._cache.path), self._cache.locked():
            if self._cache.state().get("fetched", 0) == before.get("fetched", 0):
                self._fetch_now()  # else somebody else was faster
        return bool(self._cache.state().get("stamp") != before.get("stamp"))

    def stamp(self) -> str:
        return str(self._cache.state().get("stamp", ""))

    def state(self) -> State:
        try:
            items = sum(1 for _ in self.names())
        except CubeError as error:
            return State(self.name, self.uri, problem=self.problem(error))
        state = self._cache.state()
        return State(
            self.name, self.uri, items, state["fetched"], str(state.get("problem", "")), str(state.get("detail", ""))
        )

    def _ready(self) -> None:
        """Fetch what was never fetched."""
        if not self._here():
            if self._failed and time.monotonic() - self._failed[0] < _PAUSE:
                raise self._failed[1]
            self.refresh()

    def _fetch_now(self) -> None:
        try:
            values = self._fetch()
        except BackendError as error:
            message = f"the source '{self.name}' cannot be fetched: {error.message}"
            failed = BackendError(message, place=self.uri, hint=error.hint)
            if self._cache.state():
                self._cache.update(problem=self.problem(failed))
            self._failed = (time.monotonic(), failed)
            raise failed from error
        self._failed = None
        self._cache.update(**values, fetched=time.time(), problem="")
