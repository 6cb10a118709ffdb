"""An item with an address of its own: one file on a web server."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from jupyter_cube.errors import BackendError, UsageError
from jupyter_cube.marketplace import digest as digests
from jupyter_cube.marketplace import staging
from jupyter_cube.marketplace.item import FILE, Published
from jupyter_cube.marketplace.sources import reading
from jupyter_cube.marketplace.sources.base import one_line
from jupyter_cube.marketplace.sources.far import FarSource
from jupyter_cube.task import fetch

# nothing that would run where somebody copies a line with it into a shell or a cell, and no user
_ADDRESS = re.compile(r"https?://[\w.:%\[\]-]+(?:/[\w.~:/?&=%+,@-]*)?")
_RECENT = 60.0  # seconds for which what was fetched is used without asking the server


def find(address: str) -> Published:
    """The item at an address, as it is there now; where the server cannot be reached, as it was.

    Raises:
        BackendError: it was never reached.
        SpecError: what is there is no item.
    """
    source = _source(address)
    with contextlib.suppress(BackendError):
        source.refresh(_RECENT)
    return source.load("", "")


@functools.lru_cache(maxsize=256)
def _source(address: str) -> AddressSource:
    return AddressSource(address)


class AddressSource(FarSource):
    """The one item at an address."""

    def __init__(self, address: str) -> None:
        if not _ADDRESS.fullmatch(address) or not urlsplit(address).hostname:
            raise UsageError(f"{address!r:.200} is no address of an item", hint="write http(s)://HOST/PATH")
        super().__init__(address, address, "addresses")

    def names(self) -> Iterable[str]:
        return [self.load("", "").item.name]

    def versions(self, name: str) -> list[str]:
        found = self.load("", "").item
        return [found.version] if found.name == name else []

    def load(self, name: str, version: str) -> Published:
        self._ready()
        folder = str(self._cache.path / "items" / self.stamp())
        return reading.read(folder, source=self.uri, name=name, version=version, publisher=self.uri)

    def _fetch(self) -> Mapping[str, Any]:
        etag = self._cache.state().get("etag", "") if self._here() else ""
        headers = {"If-None-Match": etag} if etag else {}
        try:
            answer = fetch.read(self.uri, limit=reading.ITEM_LIMIT, headers=headers, same_host=True)
        except fetch.FetchError as error:
            raise BackendError(one_line(str(error))) from error
        if answer.status == 304 and etag:
            return {}
        if answer.status != 200:
            raise BackendError(f"the server answered {answer.status}")
        digest = digests.of_text(answer.body, FILE)
        stamp = digest.removeprefix("sha256:")
        with contextlib.suppress(FileExistsError), staging.staged(self._cache.path / "items" / stamp) as folder:
            staging.write_file(folder, FILE, answer.body)
        return {"stamp": stamp, "etag": answer.headers.get("etag", "")}

    def _here(self) -> bool:
        return bool(self.stamp()) and (self._cache.path / "items" / self.stamp()).is_dir()
