"""Space on a disk that fills up: is it scarce, and how a growing file gives some back."""

from __future__ import annotations

import os

_FREE_ENOUGH = 0.2  # of the file system: while that is free nothing is taken away
_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # linux/falloc.h


def pressed(path: str, limit: int) -> bool:
    """Whether a file takes more than ``limit`` bytes of a file system that is nearly full."""
    try:
        if os.stat(path).st_blocks * 512 <= limit:
            return False
        system = os.statvfs(path)
    except OSError:
        return False
    return system.f_bavail < _FREE_ENOUGH * system.f_blocks


def punch(path: str, begin: int, end: int) -> bool:
    """Give the blocks of ``[begin, end)`` back to the disk under a file that somebody writes; offsets stay.

    Returns:
        False where the system or the file system cannot do it.
    """
    try:
        import ctypes

        fallocate = ctypes.CDLL(None, use_errno=True).fallocate
    except (ImportError, AttributeError, OSError):
        return False
    fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return bool(fallocate(fd, _KEEP_SIZE | _PUNCH_HOLE, begin, end - begin) == 0)
    finally:
        os.close(fd)
