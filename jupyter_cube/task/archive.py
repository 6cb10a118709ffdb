"""Unpacking archives of strangers: nothing outside the target, no links that lead out, no devices, no bombs.

Runs in tasks as a file of its own: the standard library only, and Python 3.8 or newer.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import re
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS = ("auto", "none", "zip", "tar", "gz", "bz2", "xz")
ENTRIES = 1_000_000
_DEEP = 200
_FLOOR = 100_000_000  # bytes that an archive may always unpack to
_RATIO = 200
_CHUNK = 1 << 20
_HEADER = 1 << 20  # bytes of an entry's name, link and other attributes
_DIGITS = re.compile(rb"\d{256}")  # in a header: Python up to 3.12.5 reads them in time that grows with their square
_LISTED = 1 << 29  # bytes of all entries' names and attributes
_SINGLE: dict[str, Any] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
_MAGIC = ((b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"\x1f\x8b", "gz"), (b"BZh", "bz2"), (b"\xfd7zXZ\0", "xz"))
_ENDINGS = (".zip", ".tar", ".gz", ".tgz", ".taz", ".bz2", ".tbz", ".tbz2", ".xz", ".txz")
_OTHER = re.compile(r"\.(?!(v\d+|php|aspx?|cgi|jsp|do)$)[A-Za-z]\w{0,9}")  # not a version's, not a web server's own
# what the modules above raise for archives that are damaged
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, struct.error),
    *(EOFError, ValueError, LookupError, ArithmeticError, RuntimeError, MemoryError),
)
# what an archive's own entries can lead to in the folder it is unpacked in
_NAMES = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)


class ArchiveError(Exception):
    """An archive that is broken, or that does what no archive may; the message is one sentence."""


def kind_of(path: str, name: str = "") -> str:
    """What an archive is, by its first bytes; ``none`` where it is none.

    Many a format is a zip or a tar inside: a file whose name has another ending (``.npz``, ``.xlsx``, ``.pt``) is none.

    Args:
        name: the file's own name, where ``path`` has another one.
    """
    ending = os.path.splitext(name or path)[1]
    if _OTHER.fullmatch(ending) and ending.lower() not in _ENDINGS:
        return "none"
    return _content(path, name)


def _content(path: str, name: str) -> str:
    found, opener = _outer(path)
    if found == "zip":
        return found
    try:
        with opener(path, "rb") as inner:
            head = inner.read(265)
    except (OSError, *_BROKEN):
        if found == "none":  # the file itself cannot be read
            raise
        return found
    if head[257:262] == b"ustar":
        return "tar"
    return "tar" if found in _SINGLE and name.endswith((".tgz", ".taz", ".tbz", ".tbz2", ".txz")) else found


def _outer(path: str) -> tuple[str, Any]:
    """How a file is compressed, and what opens it."""
    with open(path, "rb") as file:
        head = file.read(6)
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "none")
    return found, _SINGLE.get(found, open)


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
    if found in _SINGLE and _content(archive, name) == "tar":
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
    except _BROKEN as error:
        raise ArchiveError(f"{name} is a broken archive: {_said(error)}") from error
    except OSError as error:
        if error.errno in _NAMES:
            place = os.path.basename(str(error.filename))
            raise ArchiveError(f"{name} has an entry that cannot be: {error.strerror}: {place!r:.100}") from error
        if error.errno is not None:  # the disk's, not what a decompressor says
            raise
        raise ArchiveError(f"{name} is a broken archive: {_said(error)}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return limit.entries


def _said(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


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
    absolute = re.match(r"[/\\]|[A-Za-z]:[/\\]", name)
    if absolute or ".." in parts or "\0" in name:
        raise ArchiveError(f"the archive has an entry that leads out of its folder: {name!r:.100}")
    if len(parts) > _DEEP:
        raise ArchiveError(f"the archive has folders inside folders, more than {_DEEP} deep: {name!r:.100}")
    return parts


def _place(draft: str, name: str) -> str:
    parts = _parts(name)
    path = os.path.join(draft, *parts)
    os.makedirs(os.path.dirname(path) or draft, exist_ok=True)
    return path


def _copy(source: IO[bytes], path: str, limit: _Limit, *, executable: bool = False) -> None:
    with open(path, "wb") as file:
        while True:
            data = source.read(_CHUNK)
            if not data:
                break
            limit.take(len(data))
            file.write(data)
        if executable:
            mode = os.fstat(file.fileno()).st_mode
            os.fchmod(file.fileno(), mode | (mode & 0o444) >> 2)


def _zip(archive: str, draft: str, limit: _Limit) -> None:
    links: list[tuple[str, str]] = []
    with open(archive, "rb") as file, zipfile.ZipFile(_Listed(file)) as opened:
        for entry in opened.infolist():
            limit.entry()
            mode = entry.external_attr >> 16
            path = _place(draft, entry.filename)
            if stat.S_ISLNK(mode):
                with opened.open(entry) as source:
                    links.append((path, _inside(entry.filename, os.fsdecode(source.read(4096)))))
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ArchiveError(f"the archive has a device: {entry.filename!r:.100}")
            elif entry.is_dir():
                os.makedirs(path, exist_ok=True)
            else:
                with opened.open(entry) as source:
                    _copy(source, path, limit, executable=bool(mode & 0o100))
    _link(draft, links)


class _Listed:
    """A file of which nobody reads a list of more entries into memory than there may be."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _LISTED:
            raise ArchiveError(f"the archive has a list of its entries of {size:,} bytes")
        data = self._file.read(size)
        if size > ENTRIES * 46 and data.count(b"PK\1\2") > ENTRIES:  # 46 bytes and a name each
            raise ArchiveError(f"the archive has more than {ENTRIES:,} entries")
        return data


class _Measured:
    """A file of which nobody reads headers of any size into memory."""

    def __init__(self, file: IO[bytes], limit: _Limit) -> None:
        self._file, self._limit = file, limit
        self.seek, self.tell = file.seek, file.tell
        self._in_header = True

    def header(self, read: Callable[[], Any]) -> Any:
        """What ``read`` makes of the next entry's header."""
        self._in_header = True
        try:
            return read()
        finally:
            self._in_header = False

    def read(self, size: int) -> bytes:
        if size > _HEADER:
            raise ArchiveError(f"the archive has an entry with a header of {size:,} bytes")
        data = self._file.read(size)
        if self._in_header and size > tarfile.BLOCKSIZE:
            self._limit.take(size)
            if _DIGITS.search(data):
                raise ArchiveError("the archive has an entry with a header of digits without end")
        return data


def _tar(archive: str, draft: str, limit: _Limit) -> None:
    links: list[tuple[str, str]] = []
    _, opener = _outer(archive)
    with opener(archive, "rb") as raw, tarfile.open(fileobj=(file := _Measured(raw, limit)), mode="r:") as opened:  # type: ignore[call-overload]
        while (entry := file.header(opened.next)) is not None:
            opened.members = []  # else all of them are kept
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
                    _copy(source, path, limit, executable=bool(os.fstat(source.fileno()).st_mode & 0o100))
            else:
                raise ArchiveError(f"the archive has a device: {entry.name!r:.100}")
    _link(draft, links)


def _link(draft: str, links: list[tuple[str, str]]) -> None:
    """Make the links, last of all, so that nothing is ever written through one."""
    for path, to in links:
        if os.path.lexists(path):
            raise ArchiveError(f"the archive has two entries of one name: {os.path.basename(path)!r:.100}")
        os.symlink(to, path)
    for path, _ in links:
        real = os.path.realpath(path)
        if not (real + "/").startswith(os.path.realpath(draft) + "/"):
            raise ArchiveError(f"the archive has a link that leads out of its folder: {os.path.basename(path)!r:.100}")


def _inside(name: str, to: str) -> str:
    """A link's target, if it stays in the archive: up first and then down, for what is down there may be a link."""
    steps, down = _parts(name)[:-1], False
    for part in to.split("/"):
        if part == "..":
            if not steps or down:
                raise ArchiveError(f"the archive has a link that leads out of its folder: {name!r:.100}")
            steps.pop()
        elif part not in ("", "."):
            down = True
    if to.startswith("/"):
        raise ArchiveError(f"the archive has a link that leads out of its folder: {name!r:.100}")
    return to


def _move_in(draft: str, target: str) -> None:
    for name in _clashes(draft, target):
        raise ArchiveError(f"the archive has a file where {target} has a folder: {name!r:.100}")
    _merge(draft, target)


def _clashes(draft: str, target: str) -> Iterator[str]:
    """Files that would take the place of a folder."""
    for folder, path, place in _pairs(draft, target):
        if os.path.isdir(place) and not os.path.islink(place):
            if folder:
                yield from _clashes(path, place)
            else:
                yield os.path.basename(path)


def _merge(draft: str, target: str) -> None:
    for folder, path, place in _pairs(draft, target):
        if not folder:
            os.replace(path, place)
        elif os.path.isdir(place) and not os.path.islink(place):
            _merge(path, place)
        else:
            if os.path.lexists(place):
                os.unlink(place)
            os.rename(path, place)


def _pairs(draft: str, target: str) -> list[tuple[bool, str, str]]:
    """Whether an entry is a folder, where it is and where it goes; a link to a folder is a link."""
    with os.scandir(draft) as entries:
        return [(one.is_dir(follow_symlinks=False), one.path, os.path.join(target, one.name)) for one in entries]
