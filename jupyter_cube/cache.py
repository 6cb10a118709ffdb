"""What jobs share and fetched, and clearing what was not used for long. All of it can be made or fetched again.

A use is a time on a file, set by whoever begins to use an entry. What is cleared is renamed first and looked at once
more: who began to use it in that moment keeps it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_cube import files
from jupyter_cube.config import cache_path, config, store_path
from jupyter_cube.errors import UsageError
from jupyter_cube.marketplace.places import marketplace_path
from jupyter_cube.store.index import Index, folder_size
from jupyter_cube.store.store import Store
from jupyter_cube.submitting import options

_AWAY = ".cleared-"
_HOUR = 3600.0  # seconds
_MARKS = {"environment": ".ready", "source": "state.json"}  # whose time is that of the last use; else its own
_LOCKS = {"environment": "{}.lock", "source": "{}/lock"}


@dataclass(frozen=True, slots=True)
class Cached:
    """One thing that is kept for the next who needs it.

    Attributes:
        kind: ``data`` that a prerequisite has set up, ``environment``, ``download`` or ``source``.
        used: when it was used last, seconds since the epoch.
        size: bytes on the disk.
    """

    kind: str
    path: Path
    used: float
    size: int


def clear(
    *, older_than: str | float | None = None, size: str | int | None = None, dry_run: bool = False
) -> list[Cached]:
    """Remove what was not used for that long, or what was not used longest until the rest takes ``size`` together.

    What was used since the oldest job that has not ended was submitted stays, and so does what the configured
    sources have fetched.

    Args:
        older_than: seconds, or text such as ``30d``.
        size: MiB, or text such as ``20G``.
        dry_run: remove nothing.

    Returns:
        What was removed, or would be.

    Raises:
        UsageError: neither rule was given.
    """
    if older_than is None and size is None:
        raise UsageError("clean --cache needs a rule", hint="add --older-than 30d or --size 20G")
    _sweep()
    needed = _needed_since()
    limit = None if older_than is None else time.time() - options.seconds(older_than, "--older-than")
    room = None if size is None else options.mebibytes(size, "--size") * 2**20
    doomed = []
    for one in sorted(_all(), key=lambda one: one.used, reverse=True):
        if room is not None:
            room -= one.size
        if one.used < needed and ((limit is not None and one.used < limit) or (room is not None and room < 0)):
            doomed.append(one)
    with files.disk_errors(cache_path()):
        return [one for one in doomed if dry_run or _remove(one)]


def _sweep() -> None:
    """Remove what a clearing that was killed has left."""
    for _, folder in _places():
        for path in folder.glob(f"{_AWAY}*"):
            if time.time() - path.lstat().st_ctime > _HOUR:
                files.remove_tree(path)


def _needed_since() -> float:
    """What was used since then may be used by a job that has not ended."""
    summaries = Index(Store(store_path())).summaries()
    return min((one.created for one in summaries if not one.state.final), default=float("inf"))


def _all() -> Iterator[Cached]:
    configured = config().sources.values()
    for kind, folder in _places():
        for path in _inside(folder):
            if kind == "environment" and not path.is_dir():
                continue  # its lock
            if kind == "source" and (files.read_json(path / "state.json") or {}).get("uri") in configured:
                continue
            yield from _cached(kind, path)


def _places() -> Iterator[tuple[str, Path]]:
    cache = cache_path()
    yield "data", cache / "entries"
    yield "environment", cache / "environments"
    yield from (("download", folder) for folder in _inside(cache / "objects" / "sha256"))
    yield from (("source", marketplace_path() / kind) for kind in ("git", "http", "addresses"))


def _inside(folder: Path) -> list[Path]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return [folder / name for name in os.listdir(folder) if not name.startswith(".")]
    return []


def _cached(kind: str, path: Path) -> Iterator[Cached]:
    with contextlib.suppress(FileNotFoundError):  # somebody else is clearing
        size = folder_size(path) if path.is_dir() else path.stat().st_blocks * 512
        yield Cached(kind, path, _used(kind, path), size)


def _used(kind: str, path: Path) -> float:
    mark = path / _MARKS.get(kind, "")
    return (mark if mark.exists() else path).stat().st_mtime


def _remove(one: Cached) -> bool:
    """Remove it, unless somebody uses it by now or it belongs to another account."""
    away = one.path.with_name(f"{_AWAY}{one.path.name}-{os.urandom(4).hex()}")
    with _free(one) as free:
        try:
            if not free or _used(one.kind, one.path) > one.used:
                return False
            one.path.rename(away)
        except (FileNotFoundError, PermissionError):
            return False
        if _used(one.kind, away) > one.used:
            with contextlib.suppress(OSError):  # made anew meanwhile
                away.rename(one.path)
                return False
    if away.is_dir():
        files.remove_tree(away)
    else:
        away.unlink()
    return True


@contextlib.contextmanager
def _free(one: Cached) -> Iterator[bool]:
    """Whether nobody builds or fetches it now; nobody begins to meanwhile."""
    name = _LOCKS.get(one.kind)
    if name is None:
        yield True
        return
    try:
        fd = os.open(name.format(one.path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (FileNotFoundError, PermissionError):
        yield False
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(fd)
