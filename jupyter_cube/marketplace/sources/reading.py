"""Reading an item from its folder, once a process as long as nothing in it changes."""

from __future__ import annotations

import functools
import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path

from jupyter_cube.errors import Fault, NotFoundError, SpecError, UsageError
from jupyter_cube.marketplace import digest as digests
from jupyter_cube.marketplace import item as items
from jupyter_cube.marketplace import sums
from jupyter_cube.marketplace.item import FILE, Item, Published

ITEM_LIMIT = 1 << 20  # bytes of item.yaml
_TOLD = 20  # faults of an item, which is somebody else's, that are told
_REMEMBERED = 4096  # items, of about 15 kB each

_Signature = tuple[tuple[str, int, int, int, int], ...]
_known: dict[str, tuple[_Signature, Item, str, str]] = {}


def read(
    folder: str, *, source: str, name: str = "", version: str = "", publisher: str = "", trusted: bool = False
) -> Published:
    """The item in a folder.

    Args:
        name: what the folder says; the item must say the same.
        publisher: who put it there; empty: the owner of its files, nobody where all users may change them.

    Raises:
        NotFoundError: there is none.
        CubeError: it is broken.
    """
    try:
        own = os.lstat(folder)
        if stat.S_ISLNK(own.st_mode):
            raise UsageError("the folder of an item is a symbolic link", place=folder)
        found = digests.walk(folder)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"there is no {FILE}", place=folder) from None
    signature = tuple(
        (path, status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)
        for path, status in (("", own), *found)
    )
    known = _known.get(folder)
    if known is None or known[0] != signature:
        item, digest = _parsed(folder, len(found) == 1, name, version)
        statuses = [own, *(status for _, status in found)]
        # the owner of what everybody may change says nothing
        free = any(status.st_mode & 0o002 for status in statuses)
        known = (signature, item, digest, "" if free else owners(tuple(sorted({one.st_uid for one in statuses}))))
        if len(_known) >= _REMEMBERED:
            _known.clear()
        _known[folder] = known
    _, item, digest, owned_by = known
    return Published(item, source, digest, Path(folder), publisher or owned_by, trusted)


def _parsed(folder: str, alone: bool, name: str, version: str) -> tuple[Item, str]:
    file = f"{folder}/{FILE}"
    try:
        fd = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(fd)
            # no more than is there: a buffer of the limit's size would cost more than the reading
            text = os.read(fd, min(status.st_size, ITEM_LIMIT) + 1)
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise NotFoundError(f"there is no {FILE}", place=folder) from None
    except PermissionError:
        raise UsageError("it cannot be read: permission denied", place=file, hint="ask its owner") from None
    if len(text) > ITEM_LIMIT:
        raise UsageError("an item is larger than 1 MB", place=file, hint="put data into files beside it")
    if alone and not status.st_mode & 0o111:
        digest = digests.of_text(text, FILE)
    else:
        files = digests.files(folder, known=sums.sha256)
        if hashlib.sha256(text).hexdigest() not in (one.sha256 for one in files if one.path == FILE):
            raise UsageError("the item changed while it was read", place=file, hint="try again")
        digest = digests.combine(files)
    try:
        item = items.parse(text, file=file)
    except SpecError as error:
        more = len(error.faults) - _TOLD
        if more <= 0:
            raise
        raise SpecError([*error.faults[:_TOLD], Fault(f"there are {more:,} more faults", file=file)]) from None
    if name and item.name != name:
        raise UsageError(f"the item calls itself {item.name!r:.100}, its folder {name!r}", place=file)
    if version and item.version != version:
        if item.version:
            raise UsageError(f"the item says version {item.version}, its folder {version}", place=file)
        item = replace(item, version=version)
    return item, digest


@functools.cache
def owners(uids: tuple[int, ...]) -> str:
    """Whose files they are, in words."""
    import pwd

    words = []
    for uid in uids:
        try:
            words.append(f"{pwd.getpwuid(uid).pw_name} (uid {uid})")
        except KeyError:
            words.append(f"uid {uid}")
    return " and ".join(words)
