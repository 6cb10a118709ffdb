"""The marketplace as it will be when some items have been published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from jupyter_cube.marketplace.catalog import Catalog
from jupyter_cube.marketplace.item import Item, Published
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.marketplace.sources.base import Source


class Upcoming:
    """Finds items as they will be found.

    Args:
        where: the marketplace as it is.
        target: the source of it that the items will be in.
        items: with their versions.
    """

    def __init__(self, where: Catalog, target: Source, items: Sequence[Item]) -> None:
        self._where = where
        self._ids = {item.id: Reference(item.name, item.version, target.name) for item in items if item.id}
        later = _Later(target, items)
        self._catalog = Catalog([later if one is target else one for one in where.sources], where.trust)

    def find(self, reference: Reference) -> Published:
        """The item that a reference will name; raises as ``Catalog.find`` does."""
        if reference.id and reference.id not in self._ids:
            return self._where.find(reference)
        return self._catalog.find(self._ids.get(reference.id, reference))

    def unreachable(self, source: str) -> bool:
        """Whether that source, or where ``source`` is empty any, cannot be asked at present."""
        return any(one.state().problem for one in self._where.sources if source in ("", one.name))


class _Later(Source):
    """A source, and what is about to be put there."""

    def __init__(self, source: Source, items: Sequence[Item]) -> None:
        super().__init__(source.name, source.uri)
        self._source = source
        self._items = {(item.name, item.version): item for item in items}

    def names(self) -> Iterable[str]:
        return {*self._source.names(), *(name for name, _ in self._items)}

    def versions(self, name: str) -> list[str]:
        return [*self._source.versions(name), *(version for each, version in self._items if each == name)]

    def load(self, name: str, version: str) -> Published:
        item = self._items.get((name, version))
        if item is None:
            return self._source.load(name, version)
        return Published(item, self.name, f"{name}@{version}", Path())
