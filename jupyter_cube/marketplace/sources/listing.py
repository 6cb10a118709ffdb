"""The index of an HTTP source: ``index.json`` as it is served, and the same as sorted lines, to find one name in.

``{"version": 1, "items": [{name, version, kind, title, summary, tags, categories, author, id, digest, files}]}``; a
file is ``{path, size, sha256, executable}`` and lies at ``NAME/VERSION/PATH`` beside the index.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_cube import files
from jupyter_cube.errors import BackendError
from jupyter_cube.marketplace import digest as digests
from jupyter_cube.marketplace.digest import File
from jupyter_cube.marketplace.item import FILE, Published
from jupyter_cube.marketplace.reference import NAME
from jupyter_cube.marketplace.sources.base import one_line
from jupyter_cube.marketplace.version import VERSION

VERSION_OF_FORMAT = 1
INDEX = "index.json"
_MOST_VALUES = 5_000_000  # of which each needs a hundred bytes of memory; 64 MB of items have fewer

Record = dict[str, Any]

_SHA256 = re.compile("[0-9a-f]{64}")
_TEXTS = ("kind", "title", "summary", "author", "id")


def record(published: Published) -> Record:
    """An item's line in an index.

    Raises:
        UsageError: there is something in its folder that an item may not have.
    """
    item = published.item
    made: Record = {"name": item.name, "version": item.version}
    made |= {name: value for name in _TEXTS if (value := getattr(item, name))}
    made |= {name: list(value) for name in ("tags", "categories") if (value := getattr(item, name))}
    listed = [
        {"path": one.path, "size": one.size, "sha256": one.sha256, **({"executable": True} if one.executable else {})}
        for one in digests.files(published.folder)
    ]
    return {**made, "digest": published.digest, "files": listed}


def parse(body: bytes) -> tuple[list[Record], list[str]]:
    """The records of an index, and what is wrong with those that are left out.

    Raises:
        BackendError: it is no index.
    """
    if sum(map(body.count, (b",", b":", b"[", b"{"))) > _MOST_VALUES:
        raise BackendError(f"the index has more than {_MOST_VALUES:,} values")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BackendError(f"the index is not JSON: {one_line(str(error))}") from error
    if not isinstance(found, dict) or not isinstance(found.get("items"), list):
        raise BackendError("the index is no object with 'items'")
    if found.get("version") != VERSION_OF_FORMAT:
        raise BackendError(f"the index is of version {found.get('version')!r:.20}", hint="upgrade jupyter-cube")
    records, problems = [], []
    seen = set()
    for number, each in enumerate(found["items"]):
        why = _wrong(each)
        if not why and (each["name"], each["version"]) in seen:
            why = f"{each['name']}@{each['version']} is there twice"
        if why:
            problems.append(f"items[{number}]: {why}")
        else:
            seen.add((each["name"], each["version"]))
            records.append(each)
    return records, problems


def listed_files(one: Record) -> list[File]:
    """The files of an item."""
    return [File(each["path"], each["size"], each["sha256"], each.get("executable") is True) for each in one["files"]]


def _wrong(one: Any) -> str:
    """Why a record cannot be used; empty where it can."""
    if not isinstance(one, dict) or not _fits(NAME, one.get("name")) or not _fits(VERSION, one.get("version")):
        return "no name and version"
    if any(not isinstance(one.get(name, ""), str) for name in _TEXTS):
        return "a text is no text"
    for name in ("tags", "categories"):
        value = one.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            return f"{name} are no list of texts"
    return _wrong_files(one.get("files")) or (
        "" if digests.combine(listed_files(one)) == one.get("digest") else "the digest is not that of its files"
    )


def _wrong_files(listed: Any) -> str:
    if not isinstance(listed, list) or not 0 < len(listed) <= digests.MOST_FILES:
        return "no list of files"
    total = 0
    for each in listed:
        if not isinstance(each, dict) or not isinstance(each.get("path"), str) or not digests.allowed(each["path"]):
            return "a file whose path cannot be used"
        size = each.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0 or not _fits(_SHA256, each.get("sha256")):
            return "a file without size and sha256"
        total += size
    if total > digests.LIMIT:
        return "more than 1 GB"
    paths = [each["path"] for each in listed]
    folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    if len(set(paths)) != len(paths) or folders & set(paths) or FILE not in paths:
        return f"files that do not go together, or no {FILE}"
    return ""


def _fits(pattern: str | re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def write_lines(path: Path, records: Iterable[Record]) -> None:
    """Write records so that ``Lines`` finds them: a line a name, sorted."""
    by_name: dict[str, list[Record]] = {}
    for each in records:
        by_name.setdefault(each["name"], []).append(each)
    text = "".join(f"{name}\t{json.dumps(by_name[name])}\n" for name in sorted(by_name))
    files.replace(path, f"\t[]\n{text}")  # an empty file cannot be mapped


class Lines:
    """Records in a file, found by bisection: nothing of the others is read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """All names, sorted."""
        with self._open() as data:
            names = (line.partition(b"\t")[0].decode() for line in iter(data.readline, b""))
            return [name for name in names if name]

    def line(self, name: str) -> bytes:
        """The line of a name; empty where there is none."""
        wanted = name.encode()
        with self._open() as data:
            low, high = 0, len(data)
            while low < high:
                middle = (low + high) // 2
                start = data.rfind(b"\n", low, middle) + 1 or low
                end = data.find(b"\n", middle) + 1
                found = data[start : data.find(b"\t", start)]
                if found == wanted:
                    return data[start:end]
                low, high = (end, high) if found < wanted else (low, start)
        return b""

    def records(self, name: str) -> list[Record]:
        """The versions of a name."""
        line = self.line(name)
        found: list[Record] = json.loads(line.partition(b"\t")[2]) if line else []
        return found

    @contextmanager
    def _open(self) -> Iterator[mmap.mmap]:
        with open(self._path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data
