"""Unpacking archives of strangers: nothing outside the target, no links that lead out, no devices, no bombs.

Runs in tasks as a file of its own: the standard library only, and Python 3.8 or newer.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

KINDS = ("auto", "none", "zip", "tar", "gz", "bz2", "xz")
ENTRIES = 1_000_000
_FLOOR = 100_000_000  # bytes that an archive may always unpack to
_RATIO = 200
_CHUNK = 1 << 20
_SINGLE: dict[str, Any] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
_MAGIC = ((b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"\x1f\x8b", "gz"), (b"BZh", "bz2"), (b"\xfd7zXZ\0", "xz"))
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, EOFError, ValueError, NotImplementedError)


class ArchiveError(Exception):
    """An archive that is broken, or that does what no archive may; the message is one sentence."""


def kind_of(path: str, name: str = "") -> str:
    """What an archive is, by its first bytes; ``none`` where it is none."""
    with open(path, "rb") as file:
        head = file.read(265)
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "none")
    if found in _SINGLE:
        try:
            with _SINGLE[found](path, "rb") as inner:
                head = inner.read(265)
        except (OSError, *_BROKEN):
            return found
    if head[257:262] == b"ustar":
        return "tar"
    return "tar" if found in _SINGLE and name.endswith((".tgz", ".tbz", ".txz")) else found


def unpack(archive: str, target: str, *, kind: str = "auto", name: str = "", size: int = 0) -> int:
    """Unpack an archive into a folder, whole or not at all; what is there under the same names is replaced.

    Args:
        kind: one of ``KINDS``.
        name: the archive's own name, which says what a single compressed file is called.
        size: bytes it may unpack to; 0: 100 MB or 200 times its own size.

    Returns:
        The number of files.

    Raises:
        ArchiveError: it is broken, too large, or leads out of the folder.
    """
    name = os.path.basename(name or archive)
    found = kind_of(archive, name) if kind == "auto" else kind
    if found in _SINGLE and kind_of(archive, name) == "tar":
        found = "tar"
    limit = _Limit(size or max(_FLOOR, _RATIO * os.path.getsize(archive)))
    os.makedirs(target, exist_ok=True)
    draft = tempfile.mkdtemp(prefix=".unpack-", dir=target)
    try:
        if found == "zip":
            _zip(archive, draft, limit)
        elif found == "tar":
            _tar(archive, draft, limit)
        elif found in _SINGLE:
            bare = name[: -len(found) - 1] if name.endswith(f".{found}") else name
            with _SINGLE[found](archive, "rb") as source:
                limit.entry()
                _copy(source, os.path.join(draft, bare or "data"), limit)
        else:
            raise ArchiveError(f"{name} is no archive that can be unpacked")
        _move_in(draft, target)
    except (*_BROKEN, RuntimeError) as error:
        raise ArchiveError(f"{name} is a broken archive: {error}") from error
    except OSError as error:
        if error.errno is not None:  # the disk's, not what a decompressor says
            raise
        raise ArchiveError(f"{name} is a broken archive: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return limit.entries


class _Limit:
    """How much has been unpacked, and how much may be."""

    def __init__(self, size: int) -> None:
        self.left = self.size = size
        self.entries = 0

    def entry(self) -> None:
        self.entries += 1
        if self.entries > ENTRIES:
            raise ArchiveError(f"the archive has more than {ENTRIES:,} entries")

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ArchiveError(f"the archive unpacks to more than {self.size / 1e6:,.0f} MB")


def _parts(name: str) -> list[str]:
    """The parts of an entry's path below the folder."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    absolute = name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":")
    if absolute or ".." in parts or "\0" in name:
        raise ArchiveError(f"the archive has an entry that leads out of its folder: {name!r:.100}")
    return parts


def _place(draft: str, name: str) -> str:
    parts = _parts(name)
    path = os.path.join(draft, *parts)
    os.makedirs(os.path.dirname(path) or draft, exist_ok=True)
    return path


def _copy(source: IO[bytes], path: str, limit: _Limit, *, executable: bool = False) -> None:
    if os.path.islink(path):
        raise ArchiveError(f"the archive writes through a link: {os.path.basename(path)!r:.100}")
    with open(path, "wb") as file:
        while True:
            data = source.read(_CHUNK)
            if not data:
                break
            limit.take(len(data))
            file.write(data)
    os.chmod(path, 0o755 if executable else 0o644)


def _zip(archive: str, draft: str, limit: _Limit) -> None:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            limit.entry()
            mode = entry.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ArchiveError(f"the archive has a link or device: {entry.filename!r:.100}")
            path = _place(draft, entry.filename)
            if entry.is_dir():
                os.makedirs(path, exist_ok=True)
                continue
            with opened.open(entry) as source:
                _copy(source, path, limit, executable=bool(mode & 0o100))


def _tar(archive: str, draft: str, limit: _Limit) -> None:
    links: list[tuple[str, str]] = []
    with tarfile.open(archive) as opened:
        for entry in opened:
            limit.entry()
            path = _place(draft, entry.name)
            if entry.isdir():
                os.makedirs(path, exist_ok=True)
            elif entry.isfile():
                source = opened.extractfile(entry)
                assert source is not None
                _copy(source, path, limit, executable=bool(entry.mode & 0o100))
            elif entry.issym():
                links.append((path, _inside(entry.name, entry.linkname)))
            elif entry.islnk():
                other = os.path.join(draft, *_parts(entry.linkname))
                if os.path.islink(other) or not os.path.isfile(other):
                    raise ArchiveError(f"the archive has a link to nothing: {entry.name!r:.100}")
                with open(other, "rb") as source:
                    _copy(source, path, limit)
            else:
                raise ArchiveError(f"the archive has a device: {entry.name!r:.100}")
    # links last, so that nothing is ever written through one
    for path, to in links:
        if os.path.lexists(path):
            raise ArchiveError(f"the archive has two entries of one name: {os.path.basename(path)!r:.100}")
        os.symlink(to, path)
    for path, _ in links:
        real = os.path.realpath(path)
        if not (real + "/").startswith(os.path.realpath(draft) + "/"):
            raise ArchiveError(f"the archive has a link that leads out of its folder: {os.path.basename(path)!r:.100}")


def _inside(name: str, to: str) -> str:
    """A link's target, if it stays in the archive."""
    steps = _parts(name)[:-1]
    for part in to.split("/"):
        if part == "..":
            if not steps:
                raise ArchiveError(f"the archive has a link that leads out of its folder: {name!r:.100}")
            steps.pop()
        elif part not in ("", "."):
            steps.append(part)
    if to.startswith("/"):
        raise ArchiveError(f"the archive has a link that leads out of its folder: {name!r:.100}")
    return to


def _move_in(draft: str, target: str) -> None:
    for folder, path in _entries(draft):
        place = os.path.join(target, os.path.relpath(path, draft))
        if folder:
            if os.path.islink(place) or os.path.isfile(place):
                os.unlink(place)
            os.makedirs(place, exist_ok=True)
            continue
        if os.path.isdir(place) and not os.path.islink(place):
            shutil.rmtree(place)
        os.replace(path, place)


def _entries(draft: str) -> Iterator[tuple[bool, str]]:
    """Folders before what is in them; a link to a folder is a link."""
    for folder, folders, names in os.walk(draft):
        for name in folders:
            path = os.path.join(folder, name)
            yield not os.path.islink(path), path
        for name in names:
            yield False, os.path.join(folder, name)
