"""Fetching files by HTTP, with resume and checksums.

Runs in tasks as a file of its own, with ``connection.py`` beside it: the standard library only, Python 3.8 or newer.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

if __package__:
    from jupyter_cube.task.connection import FetchError, Reply, Unreachable, opened, shown
else:
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from connection import FetchError, Reply, Unreachable, opened, shown  # type: ignore[import-not-found, no-redef]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jupyter_cube.task.connection import Resolve

__all__ = ["Answer", "Download", "FetchError", "Unreachable", "ask", "download", "locked", "read"]

TIMEOUT = 30.0  # seconds without a byte
_PAUSES = (0.2, 1.0, 3.0)  # seconds before another try
_CHUNK = 1 << 18
_GROWN = 1_000_000  # bytes of a cut download after which the tries count anew


class Answer(NamedTuple):
    """What a server said; header names are in lower case, ``url`` is where the last redirect led."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Download(NamedTuple):
    """A file that was fetched."""

    size: int
    sha256: str
    etag: str
    url: str


def read(
    address: str,
    *,
    limit: int,
    timeout: float = TIMEOUT,
    headers: Mapping[str, str] | None = None,
    same_host: bool = False,
    resolve: Resolve = socket.getaddrinfo,
) -> Answer:
    """What is at an address, whole.

    Args:
        limit: bytes; more are an error while they arrive.
        timeout: seconds without a byte.
        same_host: redirects to another host are an error.

    Raises:
        FetchError: it cannot be reached, is too large, or redirects where it may not.
    """
    with opened(address, headers or {}, timeout, same_host, resolve) as reply:
        body = b"".join(_chunks(reply, address, limit))
        return Answer(int(reply.response.status), reply.headers, body, reply.url)


def ask(address: str, *, headers: Mapping[str, str], timeout: float = TIMEOUT) -> Answer:
    """What a server answers, without its body.

    Raises:
        FetchError: it cannot be reached.
    """
    with opened(address, headers, timeout, False, socket.getaddrinfo) as reply:
        return Answer(int(reply.response.status), reply.headers, b"", reply.url)


def download(
    address: str,
    path: str | os.PathLike[str],
    *,
    limit: int,
    sha256: str = "",
    timeout: float = TIMEOUT,
    same_host: bool = False,
    resolve: Resolve = socket.getaddrinfo,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Download:
    """Fetch a file; a cut-off one is gone on with. It appears at ``path`` when it is whole.

    Args:
        sha256: its checksum, in hexadecimal digits; empty: whatever it is.
        progress: called with the bytes so far and the bytes in all (0: unknown).

    Raises:
        FetchError: as ``read``, or the checksum is another one, or the disk has no room.
    """
    path = os.fspath(path)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with locked(f"{path}.lock"):
        tries, most = 0, _size(f"{path}.part")
        while True:
            try:
                found = _attempt(address, path, limit, timeout, same_host, resolve, progress)
                break
            except Unreachable:
                if (size := _size(f"{path}.part")) >= most + _GROWN:
                    tries, most = 0, size
                if tries == len(_PAUSES):
                    raise
                time.sleep(_PAUSES[tries])
                tries += 1
            except (FetchError, OSError) as error:  # a full disk is not kept full
                with contextlib.suppress(OSError):
                    os.unlink(f"{path}.part")
                if isinstance(error, OSError) and error.errno and not error.filename:
                    raise OSError(error.errno, error.strerror, path) from error
                raise
        if sha256 and found.sha256 != sha256.lower():
            os.unlink(f"{path}.part")
            raise FetchError(f"{shown(address)} has the checksum {found.sha256}, not {sha256}")
        os.replace(f"{path}.part", path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{path}.part.json")
        return found


@contextlib.contextmanager
def locked(path: str, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Nobody else holds that lock meanwhile; the kernel frees it when its holder is gone.

    Args:
        waiting: called where somebody else holds it now.
    """
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _attempt(
    address: str, path: str, limit: int, timeout: float, same_host: bool, resolve: Resolve, progress: Any
) -> Download:
    part, about = f"{path}.part", f"{path}.part.json"
    have, etag = _left(part, about, address)
    asked: dict[str, str] = {"Range": f"bytes={have}-", "If-Range": etag} if have else {}
    with opened(address, asked, timeout, same_host, resolve) as reply:
        status = int(reply.response.status)
        if status == 416 and have:  # it was whole already, or the server has another one now
            os.unlink(part)
            raise Unreachable(f"{shown(address)} has no bytes after {have:,}")
        if status not in (200, 206):
            kind = Unreachable if status >= 500 or status in (408, 429) else FetchError
            raise kind(f"{shown(address)} answered {status} {shown(str(reply.response.reason))}".rstrip())
        if status == 206 and not reply.headers.get("content-range", "").startswith(f"bytes {have}-"):
            raise Unreachable(f"{shown(address)} sent another part than was asked for")
        have = have if status == 206 else 0
        whole = have + reply.length if reply.length else 0
        if have + reply.length <= limit and reply.length > (free := _free(path)):
            raise FetchError(f"{shown(address)} has {whole:,} bytes, and the disk of {path} has room for {free:,}")
        found = reply.headers.get("etag", "")
        with open(about, "w") as file:
            json.dump({"of": _key(address), "etag": "" if found.startswith("W/") else found}, file)
        digest = hashlib.sha256()
        with open(part, "r+b" if have else "wb") as file_:
            while have and file_.tell() < have:
                digest.update(file_.read(min(_CHUNK, have - file_.tell())))
            file_.truncate()
            got = have
            for data in _chunks(reply, address, limit, have):
                digest.update(data)
                file_.write(data)
                got += len(data)
                progress(got, whole)
            file_.flush()
            os.fsync(file_.fileno())  # after a power cut, a name must not stand for half a file
        return Download(got, digest.hexdigest(), found, reply.url)


def _chunks(reply: Reply, address: str, limit: int, have: int = 0) -> Iterator[bytes]:
    """The body, no more of it than the limit leaves beside what is there already."""
    if (announced := have + reply.length) > limit:
        raise FetchError(f"{shown(address)} has {announced:,} bytes, more than {limit:,}")
    got = have
    for data in reply.chunks(_CHUNK):
        got += len(data)
        if got > limit:
            raise FetchError(f"{shown(address)} has more than {limit:,} bytes")
        yield data


def _key(address: str) -> str:
    """What stands for an address in records: it may hold a secret."""
    return hashlib.sha256(address.encode()).hexdigest()


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _free(path: str) -> int:
    disk = os.statvfs(os.path.dirname(path) or ".")
    return disk.f_bavail * disk.f_frsize


def _left(part: str, about: str, address: str) -> tuple[int, str]:
    """Bytes of an earlier try that can be gone on with, and what the server called that version."""
    try:
        with open(about) as file:
            record = json.load(file)
        size = os.path.getsize(part)
    except (OSError, ValueError):
        return 0, ""
    if record.get("of") != _key(address) or not record.get("etag"):
        return 0, ""
    return size, str(record["etag"])
