"""Which items this account may run without asking: the built-in ones, and those that somebody has allowed.

An item is code of its author. Who allows one version allows the next ones by the same publisher, too, but no version
whose content has changed.
"""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jupyter_cube import files, hint
from jupyter_cube.errors import StoreError
from jupyter_cube.marketplace import version as versions
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.places import locked
from jupyter_cube.marketplace.sources.base import one_line

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Allowed:
    """One version that somebody has allowed; ``time`` is seconds since the epoch."""

    source: str
    name: str
    version: str
    digest: str
    publisher: str
    author: str
    time: float


class Trust:
    """The record of what is allowed, a file that is read again when it changes.

    Args:
        path: the file; it need not be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = (0, 0, 0)
        self._digests: set[str] = set()
        self._items: dict[tuple[str, str], list[Allowed]] = {}
        self._withdrawn: set[tuple[str, str]] = set()

    def allows(self, published: Published) -> bool:
        """Whether the item may be run without asking.

        Raises:
            StoreError: the record is damaged.
        """
        return published.trusted or self._refusal(published) is None

    def add(self, *published: Published) -> None:
        """Allow items, from now on."""
        now = round(time.time(), 3)
        new = [
            Allowed(one.source, one.item.name, one.item.version, one.digest, one.publisher, one.item.author, now)
            for one in published
        ]
        same = {(one.source, one.name, one.version) for one in new}
        with self._changing():
            kept = [one for one in self.records() if (one.source, one.name, one.version) not in same]
            self._write([*kept, *new], self._withdrawn - {(one.source, one.name) for one in new})

    def withdraw(self, name: str, source: str = "") -> list[Allowed]:
        """Allow no version of an item any more, until somebody allows one again; what was allowed.

        Args:
            source: empty: of every source.
        """
        with self._changing():
            gone = [one for one in self.records() if one.name == name and source in ("", one.source)]
            if gone:
                left = [one for one in self.records() if one not in gone]
                self._write(left, self._withdrawn | {(one.source, one.name) for one in gone})
        return gone

    def withdrawn(self, published: Published) -> bool:
        """Whether it was allowed once and no version of it is any more."""
        self._update()
        return (published.source, published.item.name) in self._withdrawn

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with files.disk_errors(self.path), locked(self.path.with_suffix(".lock")):
            yield

    def _write(self, allowed: Sequence[Allowed], withdrawn: set[tuple[str, str]]) -> None:
        record = {
            "version": _VERSION,
            "items": [asdict(one) for one in allowed],
            "withdrawn": [{"source": source, "name": name} for source, name in sorted(withdrawn)],
        }
        files.replace(self.path, json.dumps(record, ensure_ascii=False, indent=1), sync=True)

    def records(self) -> list[Allowed]:
        """All that is allowed, oldest first.

        Raises:
            StoreError: the record is damaged.
        """
        self._update()
        return sorted((one for found in self._items.values() for one in found), key=lambda one: one.time)

    def line(self, published: Published) -> str:
        """Why an item may not be run, and what to type to allow it."""
        item = published.item
        author = f", by {one_line(item.author)!r:.100}" if item.author else ""
        publisher = one_line(published.publisher) or "nobody knows whom, all users may change it"
        who = f"put there by {publisher}{author}"
        why = self._refusal(published) or "it has not been allowed"
        # an item with an address of its own is found by that only
        label = shlex.quote(published.source if "://" in published.source else item.label)
        there = label if "://" in published.source else f"{published.source}/{label}"  # another one may come first
        show, allow = hint.command(f"show {there}"), hint.command(f"trust {label} {published.digest}")
        return f"{item.label} of '{published.source}' ({who}) is not trusted: {why}; read it: {show}, allow it: {allow}"

    def _refusal(self, published: Published) -> str | None:
        """Why an item may not be run; None where it may."""
        self._update()
        if published.digest in self._digests:
            return None
        item = published.item
        known = self._items.get((published.source, item.name), [])
        if not known:
            return "it is used for the first time"
        if any(one.version == item.version for one in known):
            return "its content has changed since it was allowed"
        if "://" in published.source:
            return f"only {known[-1].version} of it is allowed"  # nobody says who may write to one address
        same = (published.publisher, item.author)
        theirs = [one.version for one in known if published.publisher and (one.publisher, one.author) == same]
        if not theirs:
            return f"this version is by somebody else than {known[-1].version}, which is allowed"
        oldest = min(theirs, key=versions.key)
        older = versions.key(item.version) < versions.key(oldest)
        return f"it is older than {oldest}, which is allowed" if older else None

    @files.disk_errors("the record of trusted items")
    def _update(self) -> None:
        try:
            status = os.stat(self.path)
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        except FileNotFoundError:
            seen = (0, 0, 0)
        if seen == self._seen:
            return
        found, self._withdrawn = _read(self.path)
        self._items = {}
        for one in found:
            self._items.setdefault((one.source, one.name), []).append(one)
        self._digests = {one.digest for one in found}
        self._seen = seen


def _read(path: Path) -> tuple[list[Allowed], set[tuple[str, str]]]:
    try:
        record: Any = json.loads(path.read_bytes())
        if record["version"] > _VERSION:
            raise StoreError("the record of trusted items is of a newer format", place=str(path), hint="upgrade")
        withdrawn = {(one["source"], one["name"]) for one in record.get("withdrawn", ())}
        return [Allowed(**one) for one in record["items"]], withdrawn
    except FileNotFoundError:
        return [], set()
    except (KeyError, TypeError, ValueError) as error:
        hint = "delete the file, and trust what you use again"
        raise StoreError("the record of trusted items is damaged", place=str(path), hint=hint) from error
