"""Copies of the items that jobs were run with, by digest, so that a job runs again with exactly those."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from pathlib import Path

from jupyter_cube import files
from jupyter_cube.errors import StoreError, UsageError
from jupyter_cube.marketplace import digest as digests
from jupyter_cube.marketplace import staging, sums
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.places import marketplace_path
from jupyter_cube.marketplace.sources import reading


def used_path() -> Path:
    """The folder of the copies."""
    return marketplace_path() / "used"


def keep(published: Published) -> Published:
    """Copy the item's folder, once; the item as it lies there.

    Raises:
        StoreError: it changed meanwhile, the copy that is there was changed, or the disk refuses.
    """
    target = place(published.digest)
    if target.is_dir():
        if digests.combine(digests.files(target, known=sums.sha256)) != published.digest:
            raise _changed(target)
    else:
        paths = [path for path, _ in digests.walk(published.folder)]
        with files.disk_errors(target), contextlib.suppress(FileExistsError):
            used_path().mkdir(mode=0o700, parents=True, exist_ok=True)
            with staging.staged(target) as folder:
                staging.copy_files(published.folder, folder, paths)
                if digests.digest(folder) != published.digest:
                    raise StoreError("the item changed while it was read", place=str(published.folder))
    return replace(published, folder=target)


def find(digest: str, *, name: str, version: str, source: str = "") -> Published | None:
    """The copy with that digest; it was allowed when it was kept.

    Raises:
        StoreError: the copy is no longer what it was.
    """
    target = place(digest)
    if not target.is_dir():
        return None
    found = reading.read(str(target), source=source, name=name, version=version, trusted=True)
    if found.digest != digest:
        raise _changed(target)
    return found


def _changed(target: Path) -> StoreError:
    hint = "delete that folder, and it is taken from its source again"
    return StoreError("the kept copy of an item was changed", place=str(target), hint=hint)


def place(digest: str) -> Path:
    """The folder of the copy with that digest, whether it is there or not.

    Raises:
        UsageError: it is no digest.
    """
    if not re.fullmatch(digests.DIGEST, digest):
        raise UsageError(f"{digest!r:.100} is no digest", hint="write sha256: and 64 digits")
    return used_path() / digest.removeprefix("sha256:")
