"""Brings a file of the net or of this machine into a folder, unpacked where it is an archive.

Runs in tasks, ``python bring.py --cache CACHE --into FOLDER [--sha256 HEX] [--unpack KIND] [--name NAME] ADDRESS``,
with ``archive.py`` and ``fetch.py`` beside it. What comes from the net is kept by its checksum in ``CACHE/objects``,
which jobs share: of many that want the same at once, one fetches it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
import urllib.parse
from collections.abc import Callable
from typing import NamedTuple

if __package__:
    from jupyter_cube import archive, fetch
else:
    import archive  # type: ignore[import-not-found, no-redef]
    import fetch  # type: ignore[import-not-found, no-redef]

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
    if sha256 and os.path.exists(_place(cache, sha256)):
        return _object(cache, sha256)
    key = hashlib.sha256(address.encode()).hexdigest()
    record = f"{cache}/objects/addresses/{key}.json"
    with fetch.locked(f"{cache}/objects/addresses/{sha256 or key}.wanted"):
        if sha256 and os.path.exists(_place(cache, sha256)):
            return _object(cache, sha256)  # somebody else has fetched it meanwhile
        known = None if sha256 else _unchanged(address, cache, record, say)
        if known is not None:
            return known
        say(f"fetching {address}")
        draft = f"{cache}/objects/addresses/{key}"
        found = fetch.download(address, draft, limit=limit, sha256=sha256, progress=_Talk(say))
        place = _place(cache, found.sha256)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.chmod(draft, 0o444)
        os.replace(draft, place)
        _write(record, json.dumps({"address": address, "etag": found.etag, "sha256": found.sha256, "at": time.time()}))
        say(f"fetched {found.size:,} bytes, sha256 {found.sha256}")
        return _object(cache, found.sha256)


def into(source: str, folder: str, *, name: str, unpack: str = "auto", size: int = 0) -> list[str]:
    """Put a file into a folder, unpacked where it is an archive.

    Returns:
        A line about what was done.

    Raises:
        ArchiveError: the archive does what it may not.
    """
    os.makedirs(folder, exist_ok=True)
    kind = archive.kind_of(source, name) if unpack == "auto" else unpack
    if kind == "none":
        draft = os.path.join(folder, f".{name}.{os.getpid()}")
        shutil.copyfile(source, draft)
        os.chmod(draft, 0o644)
        os.replace(draft, os.path.join(folder, name))
        return [f"{name} is in {folder}"]
    count = archive.unpack(source, folder, kind=unpack, name=name, size=size)
    return [f"{name} is unpacked in {folder}, {count:,} entries"]


def name_of(address: str) -> str:
    """What a file at an address is called."""
    path = urllib.parse.unquote(urllib.parse.urlsplit(address).path) if "://" in address else address
    return os.path.basename(path.rstrip("/")) or "data"


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


def _object(cache: str, sha256: str) -> Object:
    place = _place(cache, sha256)
    return Object(place, sha256, os.path.getsize(place))


def _unchanged(address: str, cache: str, record: str, say: Callable[[str], None]) -> Object | None:
    """The file of last time, where the server says that it is still the same, or cannot be asked."""
    try:
        with open(record) as file:
            known = json.load(file)
        sha256, etag = str(known["sha256"]), str(known["etag"])
        found = _object(cache, sha256)
    except (OSError, ValueError, KeyError):
        return None
    if not etag:
        return None
    try:
        answer = fetch.ask(address, headers={"If-None-Match": etag, "Range": "bytes=0-0"})
    except fetch.FetchError as error:
        when = time.strftime("%d %b %Y", time.localtime(float(known.get("at", 0))))
        say(f"{error}; the copy of {when} is used")
        return found
    same = answer.status == 304 or (answer.status == 206 and answer.headers.get("etag") == etag)
    return found if same else None


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
    parser.add_argument("address")
    asked = parser.parse_args(words)
    name = os.path.basename(asked.name) or name_of(asked.address)

    def say(line: str) -> None:
        print(line, flush=True)  # noqa: T201  the task's log is where it is read

    try:
        if asked.address.startswith(("http://", "https://")):
            source = fetched(asked.address, asked.cache, sha256=asked.sha256, say=say).path
        else:
            source = asked.address
            if asked.sha256 and checksum(source) != asked.sha256.lower():
                raise fetch.FetchError(f"{source} has another checksum than {asked.sha256}")
        for line in into(source, asked.into, name=name, unpack=asked.unpack, size=asked.size):
            say(line)
    except (archive.ArchiveError, fetch.FetchError) as error:
        say(f"error: {error}")
        return 1
    except OSError as error:
        say(f"error: {error.strerror or error}: {error.filename or asked.into}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
