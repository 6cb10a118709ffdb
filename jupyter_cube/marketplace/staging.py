"""Folders of items that appear whole or not at all, and never change afterwards."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from jupyter_cube import files
from jupyter_cube.errors import UsageError

_CHUNK = 1 << 20


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A new folder beside ``target``, which becomes ``target`` where the block ends well.

    Raises:
        FileExistsError: somebody else was first; what they put there is untouched.
    """
    folder = target.with_name(f".{target.name}-{os.urandom(6).hex()}")
    with files.draft_of(target, folder):
        folder.mkdir(parents=True)
    try:
        yield folder
        for inner, _, _ in os.walk(folder):
            os.chmod(inner, 0o755)  # whatever the umask: a team reads it
        try:
            os.rename(folder, target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            raise FileExistsError(errno.EEXIST, "it is there already", str(target)) from error
    finally:
        if folder.exists():
            files.remove_tree(folder)


@contextmanager
def scratch(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` for what is on its way there; it is gone afterwards."""
    folder = target.with_name(f".{target.name}-{os.urandom(6).hex()}")
    with files.draft_of(target, folder):
        folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        files.remove_tree(folder)


def copy_files(source: Path, target: Path, paths: list[str]) -> None:
    """Copy files of an item from one folder into another, readable by all and writable by nobody.

    Raises:
        UsageError: one of them is a symbolic link by now.
    """
    for path in paths:
        try:
            fd = os.open(source / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            raise UsageError(f"{path!r:.200} is a symbolic link", place=str(source)) from error
        try:
            mode = os.fstat(fd).st_mode
            if not stat.S_ISREG(mode):
                raise UsageError(f"{path!r:.200} is no ordinary file", place=str(source))
            with create(target, path, executable=bool(mode & 0o111)) as copy:
                while chunk := os.read(fd, _CHUNK):
                    copy.write(chunk)
        finally:
            os.close(fd)


def write_file(target: Path, path: str, data: bytes, *, executable: bool = False) -> None:
    """Write one file of an item."""
    with create(target, path, executable=executable) as file:
        file.write(data)


def move_file(source: Path, target: Path, path: str, *, executable: bool = False) -> None:
    """Make a file one of an item's."""
    file = target / path
    file.parent.mkdir(parents=True, exist_ok=True)
    source.chmod(0o555 if executable else 0o444)
    source.rename(file)


@contextmanager
def create(target: Path, path: str, *, executable: bool = False) -> Iterator[IO[bytes]]:
    """A new file of an item, open for writing."""
    file = target / path
    if file.parent != target:
        file.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as opened:
        yield opened
        os.fchmod(fd, 0o555 if executable else 0o444)
