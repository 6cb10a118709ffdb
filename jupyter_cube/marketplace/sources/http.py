"""Items on a web server: an ``index.json`` and the items' files beside it, as any server has them.

Everything comes from the named host only, is limited in size, and is compared with the index's digests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jupyter_cube import files
from jupyter_cube.errors import BackendError, NotFoundError, StoreError, UsageError
from jupyter_cube.marketplace import digest as digests
from jupyter_cube.marketplace import staging
from jupyter_cube.marketplace.item import KINDS, Published
from jupyter_cube.marketplace.sources import listing, reading
from jupyter_cube.marketplace.sources.base import Entry, one_line
from jupyter_cube.marketplace.sources.far import FarSource
from jupyter_cube.marketplace.version import newest
from jupyter_cube.task import connection, fetch

INDEX_LIMIT = 64 << 20  # bytes
TIMEOUT = 30.0  # seconds without a byte


class HttpSource(FarSource):
    """A web server's folder of items.

    Args:
        uri: of the folder, or of the index in it.
    """

    def __init__(self, name: str, uri: str) -> None:
        super().__init__(name, uri, "http")
        parts = urlsplit(uri)
        if not parts.hostname or parts.username or parts.query or parts.fragment or not uri.isprintable():
            hint = "write http(s)://HOST/PATH, without user, password and '?'"
            raise UsageError(f"{uri!r:.200} is no address of items", place=f"source '{name}'", hint=hint)
        self.index = uri if uri.endswith(".json") else f"{uri.rstrip('/')}/{listing.INDEX}"
        self._lines = listing.Lines(self._cache.path / "lines")

    def names(self) -> Iterable[str]:
        self._ready()
        return self._lines.names()

    def versions(self, name: str) -> list[str]:
        self._ready()
        return [one["version"] for one in self._lines.records(name)]

    def load(self, name: str, version: str) -> Published:
        self._ready()
        found = [one for one in self._lines.records(name) if one["version"] == version]
        if not found:
            raise NotFoundError(f"'{self.name}' has no {name}@{version}", place=self.uri)
        [record] = found
        folder = self._cache.path / "items" / record["digest"].removeprefix("sha256:")
        if not folder.is_dir():
            self._fetch_item(record, folder)
        item = reading.read(str(folder), source=self.name, name=name, version=version, publisher=self.uri)
        if item.digest != record["digest"]:
            hint = "delete that folder, and it is fetched again"
            raise StoreError(f"what was fetched of {name}@{version} was changed", place=str(folder), hint=hint)
        return item

    def name_stamp(self, name: str) -> str:
        return hashlib.sha256(self._lines.line(name)).hexdigest()[:20]

    def entries(self, names: Iterable[str]) -> Iterator[Entry]:
        self._ready()
        for name in names:
            records = {one["version"]: one for one in self._lines.records(name)}
            if records:
                yield _entry(self.name, records[newest(records)])

    def _fetch(self) -> Mapping[str, Any]:
        etag = self._cache.state().get("etag", "") if self._here() else ""
        try:
            answer = fetch.read(
                self.index,
                limit=INDEX_LIMIT,
                timeout=TIMEOUT,
                headers={"If-None-Match": etag} if etag else {},
                same_host=True,
            )
        except fetch.FetchError as error:
            reason = one_line(str(error)).removeprefix(f"{connection.shown(self.index)} ")  # its place is said already
            raise BackendError(reason.removeprefix("cannot be reached: ")) from error
        if answer.status == 304 and etag:
            return {}
        if answer.status != 200:
            raise BackendError(f"the server answered {answer.status} for its {self.index.rpartition('/')[2]}")
        records, problems = listing.parse(answer.body)
        listing.write_lines(self._cache.path / "lines", records)
        stamp = hashlib.sha256(answer.body).hexdigest()
        detail = f"{len(problems)} of its items cannot be used: {problems[0]}" if problems else ""
        return {"stamp": stamp, "etag": answer.headers.get("etag", ""), "detail": detail}

    def _here(self) -> bool:
        return bool(self.stamp()) and (self._cache.path / "lines").is_file()

    def _fetch_item(self, record: listing.Record, folder: Path) -> None:
        label = f"{record['name']}@{record['version']}"
        base = f"{self.index.rpartition('/')[0]}/{record['name']}/{record['version']}"
        try:
            with (
                files.disk_errors(folder),
                suppress(FileExistsError),  # somebody else was faster
                staging.staged(folder) as new,
                staging.scratch(folder) as beside,
            ):
                for file in listing.listed_files(record):
                    fetch.download(
                        f"{base}/{quote(file.path)}",
                        beside / "file",
                        limit=file.size,
                        sha256=file.sha256,
                        timeout=TIMEOUT,
                        same_host=True,
                    )
                    staging.move_file(beside / "file", new, file.path, executable=file.executable)
                if digests.digest(new) != record["digest"]:
                    raise BackendError(f"{label} of '{self.name}' is not what the index says", place=self.uri)
        except fetch.FetchError as error:
            message = f"{label} of '{self.name}' cannot be fetched: {one_line(str(error))}"
            raise BackendError(message, place=self.uri) from error


def _entry(source: str, record: listing.Record) -> Entry:
    kind = str(record.get("kind", ""))
    texts = {name: one_line(record.get(name, ""))[:1000] for name in ("title", "summary", "author")}
    return Entry(
        source,
        record["name"],
        record["version"],
        kind=kind if kind in KINDS else "prerequisite",
        id=one_line(record.get("id", ""))[:128],
        tags=tuple(map(one_line, record.get("tags", ()))),
        categories=tuple(map(one_line, record.get("categories", ()))),
        **texts,
    )
