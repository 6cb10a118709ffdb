"""Where this account keeps what it knows of items."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_cube import files
from jupyter_cube.config import store_path


def marketplace_path() -> Path:
    """The folder of all of it, in the store."""
    return store_path() / "marketplace"


@contextmanager
def locked(path: Path, *, patience: float = float("inf")) -> Iterator[bool]:
    """Nobody else holds the lock of that file meanwhile; the kernel frees it when its holder is gone.

    Args:
        patience: seconds to wait; after that the block runs without the lock, and is told so.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _taken(fd, patience)
    finally:
        os.close(fd)


def _taken(fd: int, patience: float) -> bool:
    if patience == float("inf"):
        fcntl.flock(fd, fcntl.LOCK_EX)
        return True
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)


class Cache:
    """What was fetched from a source that is far away: a folder, with a small record of what and when.

    Args:
        kind: of the source.
        uri: where it is; another address has another folder.
    """

    def __init__(self, kind: str, uri: str) -> None:
        self.path = marketplace_path() / kind / hashlib.sha256(uri.encode()).hexdigest()[:24]
        self._uri = uri
        self._seen: tuple[int, int] = (0, 0)
        self._state: dict[str, Any] = {}

    def locked(self) -> Any:
        """Held by the one process that fetches."""
        return locked(self.path / "lock")

    def state(self) -> dict[str, Any]:
        """The record: at least ``fetched`` (seconds since the epoch); empty: nothing was fetched yet."""
        file = self.path / "state.json"
        try:
            status = os.stat(file)
            seen = (status.st_mtime_ns, status.st_ino)
            if seen != self._seen:
                found = json.loads(file.read_bytes())
                self._state = found if isinstance(found, dict) and found.get("uri") == self._uri else {}
                self._seen = seen
        except (OSError, ValueError):  # as if nothing had been fetched
            self._state, self._seen = {}, (0, 0)
        return self._state

    def update(self, **values: Any) -> None:
        """Change the record; the caller holds the lock."""
        state = {**self.state(), "uri": self._uri, **values}
        files.replace(self.path / "state.json", json.dumps(state, indent=1))
