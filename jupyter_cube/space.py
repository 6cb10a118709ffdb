"""Space on a disk that fills up: what is taken ahead, is it scarce, and how a growing file gives some back."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

_FREE_ENOUGH = 0.2  # of the file system: while that is free nothing is taken away
_HARDLY = 64 << 10  # bytes
_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # linux/falloc.h
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})  # what a disk, or a quota, without room answers


def require(folder: str, size: int) -> None:
    """See that ``size`` bytes can be written below ``folder`` now, by taking them for a moment.

    Raises:
        OSError: there is no room for them.
    """
    if not hasattr(os, "posix_fallocate"):
        return
    probe = f"{folder}/.room.{os.getpid()}.{os.urandom(4).hex()}"
    fd = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with _where_supported():
            os.posix_fallocate(fd, 0, size)
    finally:
        os.unlink(probe)
        os.close(fd)


def full(folder: str) -> bool:
    """There is hardly room for anything."""
    try:
        require(folder, _HARDLY)
    except OSError as error:
        return error.errno in FULL
    return False


def reserve(path: str, size: int) -> None:
    """Take blocks for the first ``size`` bytes of a file that is appended to; it stays empty, and can be so written.

    Where the file system cannot do that nothing is taken.

    Raises:
        OSError: there is no room for them.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with _where_supported():
            _fallocate(fd, _KEEP_SIZE, 0, size)
    finally:
        os.close(fd)


@contextlib.contextmanager
def _where_supported() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise


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
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        _fallocate(fd, _KEEP_SIZE | _PUNCH_HOLE, begin, end - begin)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def _fallocate(fd: int, mode: int, offset: int, size: int) -> None:
    try:
        import ctypes

        fallocate = ctypes.CDLL(None, use_errno=True).fallocate
    except (ImportError, AttributeError) as error:
        raise OSError(errno.EOPNOTSUPP, "no fallocate here") from error
    fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    if fallocate(fd, mode, offset, size) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
