"""The digest of an item: of all files in its folder, with their places and whether they can be executed.

A file's line is ``SHA256 x PATH`` (``-`` for ``x`` where it cannot be executed); the item's digest is that of all
lines, in the order of the paths. So it can be told from an index, too, without the files.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from jupyter_cube.errors import UsageError
from jupyter_cube.files import disk_errors

Known = Callable[[str, os.stat_result, Callable[[], str]], str]

LIMIT = 1 << 30  # bytes of one item
MOST_FILES = 10_000
DIGEST = r"sha256:[0-9a-f]{64}"

_CHUNK = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_UNREADABLE = "ask its owner, or make it readable"
_PATH = re.compile(rb"[^/\\\x00-\x1f\x7f]{1,255}(?:/[^/\\\x00-\x1f\x7f]{1,255}){0,30}")
_LONGEST = 2000  # bytes of a path, so that it can be stored below any folder


@dataclass(frozen=True, slots=True)
class File:
    """One file of an item.

    Attributes:
        path: below the item's folder, with ``/``.
        size: in bytes.
        sha256: of its content, as hexadecimal digits.
    """

    path: str
    size: int
    sha256: str
    executable: bool = False


def digest(folder: str | Path) -> str:
    """The digest of the item in a folder.

    Raises:
        UsageError: there is something in it that an item may not have.
    """
    return combine(files(folder))


def files(folder: str | Path, paths: Iterable[str] | None = None, *, known: Known | None = None) -> list[File]:
    """All files of the item in a folder, or those at ``paths``, each read once.

    Args:
        known: may answer instead of reading a file (``sums.sha256``); without it every byte is read.

    Raises:
        UsageError: there is a symbolic link, a special file, an odd name or too much in it.
    """
    found: list[File] = []
    total = 0
    for path in (path for path, _ in walk(folder)) if paths is None else paths:
        found.append(_hashed(str(folder), path, LIMIT - total, known))
        total += found[-1].size
    return found


def walk(folder: str | Path, *, without: frozenset[str] = frozenset()) -> list[tuple[str, os.stat_result]]:
    """Path and status of all files below a folder, without reading them.

    Args:
        without: names of files and folders that are passed over.

    Raises:
        UsageError: as ``files``.
    """
    found: list[tuple[str, os.stat_result]] = []
    open_folders = [""]
    with disk_errors(folder, hint=_UNREADABLE):
        while open_folders:
            prefix = open_folders.pop()
            with os.scandir(f"{folder}/{prefix}") as entries:
                for entry in entries:
                    if entry.name in without:
                        continue
                    path = prefix + entry.name
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        open_folders.append(f"{path}/")
                    elif stat.S_ISREG(status.st_mode):
                        found.append((path, status))
                    else:
                        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no ordinary file"
                        raise _refused(folder, f"{path!r:.200} is {kind}", "an item holds ordinary files only")
                    if not allowed(path):
                        raise _refused(folder, f"the name {path!r:.200} cannot be used", "rename the file")
                    if len(found) + len(open_folders) > MOST_FILES:
                        raise _refused(folder, f"there are more than {MOST_FILES:,} files in it", "pack them")
    if sum(status.st_size for _, status in found) > LIMIT:
        raise _too_large(folder)
    return found


def allowed(path: str) -> bool:
    """Whether a path is one of a file below a folder: relative, plain, and going nowhere else."""
    try:
        raw = path.encode()
    except UnicodeEncodeError:
        return False
    return len(raw) <= _LONGEST and _PATH.fullmatch(raw) is not None and not {".", ".."} & set(path.split("/"))


def combine(found: Iterable[File]) -> str:
    """The digest of an item with these files."""
    lines = [
        f"{one.sha256} {'x' if one.executable else '-'} {one.path}\n" for one in sorted(found, key=lambda one: one.path)
    ]
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"


def of_text(text: bytes, name: str) -> str:
    """The digest of an item that is one file of that name."""
    return combine([File(name, len(text), hashlib.sha256(text).hexdigest())])


def _hashed(folder: str, path: str, limit: int, known: Known | None) -> File:
    with disk_errors(folder, hint=_UNREADABLE):
        fd = os.open(f"{folder}/{path}", _READ)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise _refused(folder, f"{path!r:.200} is no ordinary file", "an item holds ordinary files only")
        if known is not None:
            sha256 = known(f"{folder}/{path}", status, lambda: _sum(fd, folder, limit))
        else:
            sha256 = _sum(fd, folder, limit)
    finally:
        os.close(fd)
    return File(path, status.st_size, sha256, bool(status.st_mode & 0o111))


def _sum(fd: int, folder: str, limit: int) -> str:
    hashed = hashlib.sha256()
    size = 0
    while chunk := os.read(fd, _CHUNK):
        hashed.update(chunk)
        size += len(chunk)
        if size > limit:
            raise _too_large(folder)
    return hashed.hexdigest()


def _too_large(folder: str | Path) -> UsageError:
    return _refused(folder, "there is more than 1 GB in it", "put the data on a server and name its address")


def _refused(folder: str | Path, message: str, hint: str) -> UsageError:
    return UsageError(message, place=str(folder), hint=hint)
