"""The files that the tasks' attempts write their logs to, open for reading."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from jupyter_cube.errors import StoreError

_OPEN_LOGS = 64  # log files held open


class LogFiles:
    """The log files of a job's tasks, of which only so many are held open."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._names = names
        self._fds: dict[tuple[int, int], int] = {}

    def path(self, number: int, attempt: int) -> str:
        """The log file of a task's attempt.

        Raises:
            FileNotFoundError: the job has no such task.
        """
        if number >= len(self._names):
            raise FileNotFoundError(f"no task {number}")
        return f"{self._folder}/tasks/{self._names[number]}/{attempt}.log"

    def read(self, number: int, attempt: int, start: int, size: int) -> bytes:
        """Up to ``size`` bytes from offset ``start``.

        Raises:
            OSError: the file is missing or cannot be read.
            StoreError: this process may open no more files.
        """
        key = number, attempt
        fd = self._fds.pop(key, -1)
        if fd < 0:
            fd = self._open(self.path(number, attempt))
        self._fds[key] = fd  # the last one used stands last
        return os.pread(fd, size, start)

    def _open(self, path: str) -> int:
        if len(self._fds) >= _OPEN_LOGS:
            self.drop(*next(iter(self._fds)))
        while True:
            try:
                return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE):
                    raise
                if not self._fds:
                    raise StoreError("too many open files", place=path, hint="raise the limit: ulimit -n") from error
                self.drop(*next(iter(self._fds)))

    def drop(self, number: int, attempt: int) -> None:
        """Close one file, if it is open."""
        fd = self._fds.pop((number, attempt), -1)
        if fd >= 0:
            os.close(fd)

    def close(self) -> None:
        for key in list(self._fds):
            self.drop(*key)
