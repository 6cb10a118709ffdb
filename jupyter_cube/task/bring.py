"""Brings a file of the net or of this machine into a folder, unpacked where it is an archive.

Runs in tasks, ``CUBE_SOURCE=ADDRESS python bring.py --cache CACHE --into FOLDER [--sha256 HEX] [--unpack KIND] ...``,
with ``archive.py``, ``connection.py`` and ``fetch.py`` beside it. What comes from the net is kept by its checksum in
``CACHE/objects``, which jobs share: of many that want the same at once, one fetches it. The address is no word of the
command line, which every user of the machine can read: it may hold a secret.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import urllib.parse
from typing import TYPE_CHECKING, Any, NamedTuple

if __package__:
    from jupyter_cube.task import archive, fetch
    from jupyter_cube.task.connection import FetchError, Unreachable, shown
else:
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import archive  # type: ignore[import-not-found, no-redef]
    import fetch  # type: ignore[import-not-found, no-redef]
    from connection import FetchError, Unreachable, shown  # type: ignore[import-not-found, no-redef]

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 1 << 40  # bytes of one file
_TALK = 5.0  # seconds between lines about a long download


class Object(NamedTuple):
    """A file in the cache."""

    path: str
    sha256: str
    size: int


def fetched(
    address: str, cache: str, *, sha256: str = "", limit: int = LIMIT, say: Callable[[str], None] = lambda _: None
) -> Object:
    """The file at an address, from the cache where it is there.

    Args:
        sha256: its checksum; with it, a file in the cache needs no network.
        say: is told what happens, in lines.

    Raises:
        FetchError: it cannot be fetched and is not in the cache.
    """
    sha256 = sha256.lower()
    if sha256 and not re.fullmatch("[0-9a-f]{64}", sha256):
        raise FetchError(f"{sha256!r:.100} is no checksum")
    if sha256 and (kept := _kept(cache, sha256, say)):
        return kept
    record = f"{cache}/objects/addresses/{hashlib.sha256(address.encode()).hexdigest()}.json"
    draft = f"{cache}/objects/addresses/{sha256}" if sha256 else record[: -len(".json")]

    def waiting() -> None:
        say(f"somebody else is fetching {shown(address)}, waiting for it")

    with fetch.locked(f"{draft}.wanted", waiting=waiting):
        if sha256 and os.path.exists(_place(cache, sha256)) and (kept := _kept(cache, sha256, say)):
            return kept  # somebody else has fetched it meanwhile
        last = None if sha256 else _last(cache, record, say)
        try:
            if last is not None and _unchanged(address, last.etag):
                return last.object
            say(f"fetching {shown(address)}")
            found = fetch.download(address, draft, limit=limit, sha256=sha256, progress=_Talk(say))
        except Unreachable as error:
            if last is None:
                raise
            say(f"{error}; the copy of {last.day} is used")
            return last.object
        place = _place(cache, found.sha256)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.chmod(draft, 0o444)
        os.replace(draft, place)
        _write(record, json.dumps({"etag": found.etag, "sha256": found.sha256, "at": time.time()}))
        say(f"fetched {found.size:,} bytes, sha256 {found.sha256}")
        return Object(place, found.sha256, found.size)


def into(source: str, folder: str, *, name: str, unpack: str = "auto", size: int = 0) -> str:
    """Put a file into a folder, unpacked where it is an archive; or all that is in another folder, as it is.

    Returns:
        A line about what was done.

    Raises:
        ArchiveError: the archive does what it may not.
    """
    os.makedirs(folder, exist_ok=True)
    if os.path.isdir(source):
        return f"{_lay_all(source, folder):,} file(s) are in {folder}"
    kind = archive.kind_of(source, name) if unpack == "auto" else unpack
    if kind == "none":
        _lay(source, os.path.join(folder, name))
        return f"{name} is in {folder}"
    count = archive.unpack(source, folder, kind=kind, name=name, size=size)
    return f"{name} is unpacked in {folder}, {count:,} entries"


def _lay(source: str, place: str) -> None:
    """A copy that belongs to the job: who may only read the source may write the copy."""
    fd, draft = tempfile.mkstemp(prefix=".bring-", dir=os.path.dirname(place))
    os.close(fd)
    try:
        shutil.copyfile(source, draft)
        mask = os.umask(0)
        os.umask(mask)
        executable = os.stat(source).st_mode & 0o100
        os.chmod(draft, (0o777 if executable else 0o666) & ~mask)
        os.replace(draft, place)
    except BaseException:
        os.unlink(draft)
        raise


def _lay_all(source: str, folder: str) -> int:
    """Copies of all files below a folder; links stay links."""
    count = 0
    for inner, folders, names in os.walk(source):
        place = os.path.join(folder, os.path.relpath(inner, source))
        os.makedirs(place, exist_ok=True)
        linked = [name for name in (*folders, *names) if os.path.islink(os.path.join(inner, name))]
        for name in linked:
            draft = os.path.join(place, f".bring-{os.getpid()}")
            os.symlink(os.readlink(os.path.join(inner, name)), draft)
            os.replace(draft, os.path.join(place, name))
        for name in set(names).difference(linked):
            _lay(os.path.join(inner, name), os.path.join(place, name))
        count += len(names)
    return count


def name_of(address: str) -> str:
    """What a file at an address is called."""
    path = urllib.parse.unquote(urllib.parse.urlsplit(address).path) if "://" in address else address
    name = os.path.basename(path.rstrip("/"))
    return name if name not in ("", ".", "..") and name.isprintable() else "data"


def checksum(path: str) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            data = file.read(1 << 20)
            if not data:
                return digest.hexdigest()
            digest.update(data)


def _place(cache: str, sha256: str) -> str:
    return f"{cache}/objects/sha256/{sha256[:2]}/{sha256}"


def _kept(cache: str, sha256: str, say: Callable[[str], None]) -> Object | None:
    """The file of that checksum, if it is in the cache and as it was: a task may have changed it, or a disk."""
    place = _place(cache, sha256)
    try:
        with contextlib.suppress(PermissionError):  # another account's
            os.utime(place)  # it is used, and not cleared
        if checksum(place) == sha256:
            return Object(place, sha256, os.path.getsize(place))
    except FileNotFoundError:
        return None
    say(f"{place} in the cache is damaged")
    return None


class _Last(NamedTuple):
    """What was fetched from an address the last time."""

    object: Object
    etag: str
    at: float

    @property
    def day(self) -> str:
        return time.strftime("%d %b %Y", time.localtime(self.at))


def _last(cache: str, record: str, say: Callable[[str], None]) -> _Last | None:
    try:
        with open(record) as file:
            known = json.load(file)
        kept = _kept(cache, str(known["sha256"]), say)
        return _Last(kept, str(known["etag"]), float(known["at"])) if kept else None
    except (OSError, ValueError, KeyError):
        return None


def _unchanged(address: str, etag: str) -> bool:
    """Whether the server says that it is still the same."""
    if not etag:
        return False
    answer = fetch.ask(address, headers={"If-None-Match": etag, "Range": "bytes=0-0"})
    return answer.status == 304 or (answer.status == 206 and answer.headers.get("etag") == etag)


def _write(path: str, text: str) -> None:
    draft = f"{path}.{os.getpid()}"
    with open(draft, "w") as file:
        file.write(text)
    os.replace(draft, path)


class _Talk:
    """Says now and then how far a download is."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._next = say, time.monotonic() + _TALK

    def __call__(self, got: int, whole: int) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _TALK
            self._say(f"{got / 1e6:,.0f} MB" + (f" of {whole / 1e6:,.0f} MB, {100 * got // whole} %" if whole else ""))


def main(words: list[str]) -> int:
    """What a task runs."""
    parser = argparse.ArgumentParser(description="Bring a file into a folder.")
    parser.add_argument("--cache", required=True)
    parser.add_argument("--into", required=True)
    parser.add_argument("--sha256", default="")
    parser.add_argument("--unpack", default="auto", choices=archive.KINDS)
    parser.add_argument("--name", default="")
    parser.add_argument("--size", type=int, default=0)
    asked = parser.parse_args(words)
    address = os.environ.get("CUBE_SOURCE", "")
    name = os.path.basename(asked.name) or name_of(address)
    # stopped, it takes away what it has begun
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)

    def say(line: str) -> None:
        # the task's log is where it is read, whatever is in the names of files
        print("".join(one if one.isprintable() else "?" for one in line), flush=True)  # noqa: T201

    try:
        source = address
        if address.startswith(("http://", "https://")):
            source = fetched(address, asked.cache, sha256=asked.sha256, say=say).path
        elif asked.sha256 and checksum(source) != asked.sha256.lower():
            raise FetchError(f"{source} has another checksum than {asked.sha256}")
        say(into(source, os.path.expanduser(asked.into), name=name, unpack=asked.unpack, size=asked.size))
    except (archive.ArchiveError, FetchError) as error:
        say(f"error: {error}")
        return 1
    except OSError as error:
        say(f"error: {error.strerror or error}: {error.filename or asked.into}")
        return 1
    return 0


def _leave(number: int, *_: Any) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
