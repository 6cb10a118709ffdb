"""What makes a process the owner of a job: nothing of its starter's, and the lock."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

_PATIENCE = 1.0  # seconds to wait for an owner that is just leaving


def leave_session() -> None:
    """Nothing of whoever started this process holds it, and it holds nothing of theirs."""
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.chdir("/")
    os.closerange(3, 256)  # a task's lock among them, where its wrapper has started this owner


def lock(path: Path) -> int | None:
    """The lock of a job, as a descriptor to keep while it is owned; None where somebody has it.

    An owner that is just leaving may not have seen the order that this one was started for: it is waited for.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fd
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(fd)
                return None
            time.sleep(0.02)
