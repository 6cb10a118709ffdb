"""Wake-ups: something in a folder has changed. From inotify where there is one.

Where there is none (macOS, ``CUBE_POLL=1``, all of the user's inotify instances in use) a ``Watch`` reports nothing
and has no descriptor. Whoever uses it looks by itself as well, at the pace of a ``Pace``.
"""

from __future__ import annotations

import os
import select
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

_MODIFY, _MOVED_TO, _CREATE = 0x2, 0x80, 0x100
_OVERFLOW, _IGNORED, _ONLYDIR, _ONESHOT = 0x4000, 0x8000, 0x01000000, 0x80000000
_EVENT = struct.Struct("iIII")


class Watch:
    """Folders that are watched for files that grow, appear or are renamed into them.

    Attributes:
        fd: readable when something has changed; -1 where there is no inotify.
    """

    def __init__(self) -> None:
        self._add, self.fd = _inotify()
        self._folders: dict[int, Path] = {}
        self._poll = select.poll()
        if self.fd >= 0:
            self._poll.register(self.fd, select.POLLIN)

    def add(self, folder: Path, *, once: bool = False) -> bool:
        """Watch ``folder``; with ``once`` until its first change.

        Returns:
            False where it cannot be watched: no inotify, no such folder, too many watches.
        """
        if self.fd < 0:
            return False
        mask = _MODIFY | _MOVED_TO | _CREATE | _ONLYDIR | (_ONESHOT if once else 0)
        number = self._add(self.fd, os.fsencode(folder), mask)
        if number >= 0:
            self._folders[number] = folder
        return number >= 0

    def take(self) -> set[Path]:
        """The folders that have changed since the last call; all of them when the kernel has lost count."""
        changed: set[Path] = set()
        while data := self._read():
            at = 0
            while at < len(data):
                number, mask, _, length = _EVENT.unpack_from(data, at)
                at += _EVENT.size + length
                if mask & _OVERFLOW:
                    changed.update(self._folders.values())
                elif number in self._folders:
                    changed.add(self._folders[number])
                if mask & _IGNORED:
                    self._folders.pop(number, None)
        return changed

    def _read(self) -> bytes:
        if self.fd < 0:
            return b""
        try:
            return os.read(self.fd, 65536)
        except BlockingIOError:
            return b""

    def wait(self, timeout: float) -> None:
        """Sleep until something has changed, at most ``timeout`` seconds."""
        if self.fd < 0:
            time.sleep(timeout)
        elif self._poll.poll(timeout * 1000):
            self.take()

    def close(self) -> None:
        if self.fd >= 0:
            # The kernel takes milliseconds to end an inotify descriptor: nobody has to wait for that.
            threading.Thread(target=os.close, args=(self.fd,)).start()
            self.fd = -1


class Pace:
    """How long to sleep between two looks, in seconds: longer and longer while nothing happens."""

    def __init__(self, shortest: float, longest: float) -> None:
        self._shortest = self._next = shortest
        self._longest = longest

    def pause(self) -> float:
        """The next sleep."""
        now = self._next
        self._next = min(self._longest, now * 1.5)
        return now

    def reset(self) -> None:
        """Something has happened: look often again."""
        self._next = self._shortest


def _inotify() -> tuple[Callable[[int, bytes, int], int], int]:
    """inotify_add_watch and a descriptor, which is -1 where there is none."""
    if not os.environ.get("CUBE_POLL"):
        try:
            import ctypes

            libc = ctypes.CDLL(None)
            make, add = libc.inotify_init1, libc.inotify_add_watch
        except (ImportError, AttributeError, OSError):
            return _no_inotify, -1
        add.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32]
        return add, int(make(os.O_NONBLOCK | os.O_CLOEXEC))
    return _no_inotify, -1


def _no_inotify(_fd: int, _path: bytes, _mask: int) -> int:
    return -1
