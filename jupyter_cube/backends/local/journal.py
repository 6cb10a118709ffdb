"""The records of a job's states, appended by its owner."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_cube import space


class Journal:
    """``states.jsonl``, open for one owner."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        self._unwritten = b""
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            os.write(self._fd, b"\n")  # a dead owner's torn line; readers leave it out

    def add(self, record: Mapping[str, Any]) -> None:
        """Keep a record until ``flush``."""
        self._unwritten += json.dumps(record).encode() + b"\n"

    def flush(self) -> None:
        """Append what has been added; on a full disk it is kept and tried again."""
        try:
            while self._unwritten:
                self._unwritten = self._unwritten[os.write(self._fd, self._unwritten) :]
        except OSError as error:
            if error.errno not in space.FULL:
                raise

    def sync(self) -> None:
        """Only when this returns has the job ended for whoever starts after a loss of power."""
        while self._unwritten:
            time.sleep(0.5)
            self.flush()
        os.fsync(self._fd)
