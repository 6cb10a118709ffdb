"""The marketplace as one submit sees it: what is pinned, what is allowed, which paths are the machine's own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_cube.config import cache_path, config, store_path
from jupyter_cube.errors import UsageError
from jupyter_cube.lifecycle.plan import Origin
from jupyter_cube.marketplace import pins, used, version
from jupyter_cube.marketplace import reference as references
from jupyter_cube.marketplace.catalog import Catalog, catalog
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.planning.market import Market


class Shopping:
    """The items of one submit.

    Args:
        pinned: lines of ``pins``; such an item is used with exactly that content.
        allow: items that nobody has allowed yet are allowed with this submit, when they are kept.

    Attributes:
        allowed: a line for each item that was allowed so.
    """

    def __init__(self, pinned: Sequence[str] = (), *, allow: bool = False) -> None:
        self._pins = _pins(pinned)
        self._allow = allow
        self._catalog: Catalog | None = None
        self.found: dict[tuple[str, str], Published] = {}
        self.allowed: list[str] = []

    @property
    def catalog(self) -> Catalog:
        if self._catalog is None:
            self._catalog = catalog()
        return self._catalog

    def market(self) -> Market:
        """What ``compile`` must know."""
        return Market(self.find, self.refuse, lambda published: str(used.place(published.digest)), own_paths())

    def find(self, reference: Reference) -> Published:
        """The item that a reference names, the pinned one where there is one.

        Raises:
            CubeError: there is none, or it is not what it was.
        """
        pinned = self._pins.get(reference.name or reference.address)
        if pinned is not None and pinned.digest and version.fits(pinned.version, reference.version):
            found = self.catalog.pinned(pinned.name, pinned.version, pinned.digest, pinned.source)
        else:
            found = self.catalog.find(reference)
        self.found[found.source, found.item.label] = found
        return found

    def refuse(self, published: Published) -> str:
        """Why an item may not be used; empty where it may."""
        return "" if published.trusted or self._allow else self.catalog.trust.line(published)

    def job_text(self, name: str, given: Mapping[str, Any]) -> str:
        """The job that a job template makes, as text; ``given`` are its variables and the job's parameters.

        Raises:
            UsageError: it is no job template, or not allowed yet.
            SpecError: its variables are not filled right.
        """
        from jupyter_cube.templates import rendering

        found = self.find(references.parse(name))
        if found.item.kind != "job":
            raise UsageError(f"{found.item.label} is a {found.item.kind}, not a job template", place=name)
        if why := self.refuse(found):
            raise UsageError(why)
        return rendering.render(found, given)

    def joined(self, other: Shopping | None) -> Shopping:
        """What both have found for the same submit."""
        if other is None:
            return self
        other.found = {**self.found, **other.found}
        return other

    def untrusted(self) -> list[str]:
        """A line for each item that was found and that nobody has allowed yet."""
        return [self.catalog.trust.line(each) for each in self.found.values() if not each.trusted]

    def keep(self, origins: Iterable[Origin]) -> None:
        """Keep copies of the items that a job is made of, and remember that they are allowed."""
        wanted = {(each.source, each.name, each.version, each.digest) for each in origins}
        for published in self.found.values():
            item = published.item
            if (published.source, item.name, item.version, published.digest) in wanted:
                if not published.trusted:
                    self.catalog.trust.add(published)
                    self.allowed.append(f"--yes allows {item.label} of '{published.source}', {published.digest}")
                used.keep(published)


def _pins(lines: Sequence[str]) -> dict[str, Origin]:
    """What is pinned, by what references say: a name, or an item's own address."""
    origins = [pins.parse(line) for line in lines]
    return {origin.source if "://" in origin.source else origin.name: origin for origin in origins}


def own_paths() -> tuple[str, ...]:
    """Folders of this machine whose paths are meant as they are."""
    places = [*map(str, (Path.home(), Path.cwd(), store_path(), cache_path())), *config().host_paths]
    found = {os.path.abspath(os.path.expanduser(place)) for place in places}
    return tuple(sorted(found - {"/"}))
