"""Locked files that all users of a host share: a lock is free at once when whoever had it is gone, however it ended.

The folder is like ``/tmp`` (mode 1777). Nobody writes to another's file, no file is opened through a symbolic link,
and what a file says is read with care: another user may have written it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_cube import files
from jupyter_cube.errors import BackendError

FOLDERS = ("held", "names", "queue")
MUTEX_TIMEOUT = 10.0  # seconds; it is held for about a millisecond
_RECORD_LIMIT = 1 << 16
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def shared_folder() -> Path:
    """The host's folder: ``$CUBE_LOCKS``, else below ``/run/lock`` where every user may write there, else ``/tmp``."""
    if path := os.environ.get("CUBE_LOCKS"):
        return Path(path)
    if sys.platform == "linux":
        folder = Path("/run/lock/jupyter-cube")
        with contextlib.suppress(OSError):
            if folder.is_dir() or os.stat("/run/lock").st_mode & stat.S_IWOTH:
                return folder
    return Path("/tmp/jupyter-cube")


def make_shared_folder(folder: Path) -> None:
    """Makes the folder with all that belongs in it, whole or not at all.

    Raises:
        BackendError: it cannot be made.
    """
    if all((folder / name).is_dir() for name in FOLDERS):
        return
    new = _draft(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new.mkdir()
        for name in FOLDERS:
            (new / name).mkdir()
            (new / name).chmod(0o1777)
        os.close(os.open(new / "mutex", _CREATE, 0o644))
        (new / "mutex").chmod(0o644)
        new.chmod(0o1777)
        try:
            new.rename(folder)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            _mend(folder)
    except OSError as error:
        raise BackendError(
            f"cannot make the folder that jobs of this host share: {error.strerror}",
            place=str(folder),
            hint="set CUBE_LOCKS to a folder on a local disk",
        ) from error
    finally:
        _remove_tree(new)


def _draft(path: Path) -> Path:
    """A name for what is to become ``path``; readers pass over names with a dot."""
    return path.with_name(f".{path.name}-{os.urandom(4).hex()}")


def _mend(folder: Path) -> None:
    """Puts back what a cleaner of old files has taken."""
    for name in FOLDERS:
        with contextlib.suppress(FileExistsError):
            (folder / name).mkdir()
            (folder / name).chmod(0o1777)


def _remove_tree(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for name in FOLDERS:
            (folder / name).rmdir()
        (folder / "mutex").unlink()
        folder.rmdir()


@contextlib.contextmanager
def mutex(folder: Path) -> Iterator[None]:
    """Held for the moment in which something is given or taken.

    Raises:
        BackendError: somebody has held it for longer than ``MUTEX_TIMEOUT``.
    """
    deadline = time.monotonic() + MUTEX_TIMEOUT
    pause = 0.0002
    while (fd := lock_shared(folder / "mutex")) is None:
        if time.monotonic() > deadline:
            raise BackendError(
                "another process has held the lock of this host's jobs for too long",
                place=str(folder / "mutex"),
                hint="see who it is with: fuser -v on that file",
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 0.005)
    try:
        yield
    finally:
        # A child forked meanwhile has a copy of the descriptor: closing ours alone would leave the lock with it.
        fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def lock_shared(path: Path) -> int | None:
    """Takes the lock of a file that several users may lock and nobody removes; None where somebody has it.

    The file is opened without O_CREAT first: in a folder like ``/tmp`` the kernel refuses that for another user's
    file (fs.protected_regular).
    """
    while True:
        try:
            fd = os.open(path, _READ)
        except FileNotFoundError:
            _create_empty(path)
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # It may have been removed and made anew between the two calls.
            if os.path.samestat(os.fstat(fd), os.stat(path)):
                return fd
        except BlockingIOError:
            os.close(fd)
            return None
        except FileNotFoundError:
            pass
        os.close(fd)


def _create_empty(path: Path) -> None:
    """Makes a file that all may read: it appears with that mode, whatever the umask."""
    new = _draft(path)
    with files.draft_of(path, new):
        os.close(os.open(new, _CREATE, 0o644))
    try:
        os.chmod(new, 0o644)
        os.link(new, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(new)


def write_record(path: Path, record: dict[str, Any], *, mode: int = 0o644, lock: bool = False) -> int:
    """Writes a file of one JSON line, whole or not at all.

    Args:
        lock: it appears locked, and stays so while the returned descriptor or a copy of it is open.

    Returns:
        The open descriptor with ``lock``, else -1.
    """
    new = _draft(path)
    with files.draft_of(path, new):
        fd = os.open(new, _CREATE, mode)
    try:
        os.fchmod(fd, mode)
        if lock:
            fd = _out_of_reach(fd)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with files.disk_errors(path):
            os.write(fd, json.dumps(record, separators=(",", ":")).encode() + b"\n")
        os.rename(new, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        os.close(fd)
        raise
    if lock:
        return fd
    os.close(fd)
    return -1


def _out_of_reach(fd: int) -> int:
    """The descriptor under a number that no script redirects: a wrapper that got a lock as its 3 would lose it."""
    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return high


def read_record(path: Path) -> tuple[dict[str, Any], int, bool] | None:
    """A record, the uid of its file and whether the file is locked; None where there is none that can be read.

    Lines after the first add to the record.
    """
    try:
        fd = os.open(path, _READ)
    except OSError:
        return None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return None
        try:
            # Shared, so that two who look at the same moment do not take each other for its holder.
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            locked = False
        except BlockingIOError:
            locked = True
        record: dict[str, Any] = {}
        try:
            for line in os.read(fd, _RECORD_LIMIT).splitlines(keepends=True):
                if line.endswith(b"\n"):
                    record.update(json.loads(line))
        except (TypeError, ValueError):
            pass
        return record, status.st_uid, locked
    finally:
        os.close(fd)


def somebody_waits() -> bool:
    """Whether the host's queue has an entry, of anybody."""
    try:
        return any(not name.startswith(".") for name in os.listdir(shared_folder() / "queue"))
    except FileNotFoundError:
        return False
