"""Finding items: the sources in order, and the very versions that jobs were run with."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from jupyter_cube.config import config, store_path
from jupyter_cube.errors import BackendError, ConflictError, CubeError, NotFoundError, near
from jupyter_cube.marketplace import used
from jupyter_cube.marketplace import version as version_rules
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.places import marketplace_path
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.marketplace.sources import layout, registry
from jupyter_cube.marketplace.sources.base import Source
from jupyter_cube.marketplace.trust import Trust

_NEAR = 3000  # names that a mistyped one is compared with
_RECENT = 60.0  # seconds after which a source is fetched again for a name that it does not have


class Catalog:
    """All items of some sources, the first source that has a name deciding."""

    def __init__(self, sources: Sequence[Source], trust: Trust) -> None:
        self.sources = tuple(sources)
        self.trust = trust

    def find(self, reference: Reference) -> Published:
        """The item that a reference names, in the newest version that fits.

        Raises:
            NotFoundError: no source has it; says which were asked and what is near.
            CubeError: it is there and broken, or the reference names an unknown source.
        """
        if reference.address:
            from jupyter_cube.marketplace.sources import address

            return self._judged(address.find(reference.address))
        if reference.id:
            reference = self._by_id(reference)
        asked = self._asked(reference.source)
        unreachable: list[CubeError] = []
        found = self._first(asked, reference, unreachable)
        if found is None and self._refreshed(asked, unreachable):
            unreachable.clear()
            found = self._first(asked, reference, unreachable)
        if found is None:
            raise self._not_found(reference, asked, unreachable)
        return found

    def pinned(self, name: str, version: str, digest: str, source: str = "") -> Published:
        """Exactly the item that a job was run with: the copy that was kept, else from the sources.

        Args:
            source: is asked before the others.

        Raises:
            ConflictError: the sources have that version with other content.
            NotFoundError: it has gone.
        """
        if (kept := used.find(digest, name=name, version=version, source=source)) is not None:
            return self._judged(replace(kept, trusted=not self.trust.withdrawn(kept)))
        other: Published | None = None
        for found in self._with_version(name, version, source):
            if found.digest == digest:
                return self._judged(found)
            other = other or found
        if other is not None:
            raise ConflictError(
                f"{other.item.label} of '{other.source}' is {other.digest} now, asked for was {digest}",
                hint="leave the digest away to use what is there now, or ask who published it",
            )
        places = ", ".join(one.name for one in self.sources)
        raise NotFoundError(f"{name}@{version} with the digest {digest} is gone (asked: {places})")

    def at(self, name: str, version: str, source: str) -> Published:
        """Exactly that version, as that source has it now.

        Raises:
            NotFoundError: it has not.
            CubeError: it cannot be reached, or the item is broken.
        """
        if "://" in source:
            from jupyter_cube.marketplace.sources import address

            return self._judged(address.find(source))
        where = self.source(source)
        if version not in where.versions(name):
            raise NotFoundError(f"'{source}' has no {name}@{version}")
        return self._judged(where.load(name, version))

    def versions(self, name: str, source: str = "") -> list[str]:
        """The versions of an item in the source that decides, newest first; none where nobody has it."""
        for one in self._asked(source):
            try:
                found = one.versions(name)
            except BackendError:
                continue
            if found:
                return sorted(found, key=version_rules.key, reverse=True)
        return []

    def namesakes(self, published: Published) -> str:
        """Which items of other sources an item hides, and behind which it is hidden, in a line; empty: none."""
        name, place = published.item.name, published.source
        known = [one.name for one in self.sources if one.name == place or self._has(one, name)]
        if len(known) < 2 or place not in known:
            return ""
        if place != known[0]:
            return f"{known[0]}/{name} comes before it; name it {place}/{name} to have this one"
        others = " and ".join(f"{one}/{name}" for one in known[1:])
        return f"hides {others}; name it {known[1]}/{name} to have that one"

    def names(self, prefix: str = "") -> list[str]:
        """All names that begin so, sorted; sources that cannot be reached are left out."""
        return sorted({name for name in self._all_names(self.sources) if name.startswith(prefix)})

    def source(self, name: str) -> Source:
        """The source of that name.

        Raises:
            NotFoundError: there is none.
        """
        return self._asked(name)[0]

    def refresh(self, older: float = 0.0) -> list[str]:
        """Fetch again what was fetched longer than so many seconds ago; what could not be reached, in lines."""
        lines = []
        for one in self.sources:
            try:
                one.refresh(older)
            except BackendError as error:
                lines.append(str(error))
        return lines

    def _first(self, asked: Sequence[Source], reference: Reference, unreachable: list[CubeError]) -> Published | None:
        for source in asked:
            try:
                versions = source.versions(reference.name)
            except BackendError as error:
                unreachable.append(error)
                continue
            if versions:
                version = version_rules.newest(versions, reference.version)
                return self._judged(source.load(reference.name, version)) if version else None
        return None

    @staticmethod
    def _has(source: Source, name: str, version: str = "") -> bool:
        try:
            return bool(version_rules.newest(source.versions(name), version))
        except BackendError:
            return False

    def _with_version(self, name: str, version: str, source: str) -> Iterator[Published]:
        """That version of every source that has it, ``source`` first."""
        if "://" in source:
            from jupyter_cube.marketplace.sources import address

            yield address.find(source)
            return
        for one in sorted(self.sources, key=lambda one: one.name != source):
            try:
                if version in one.versions(name):
                    yield one.load(name, version)
            except CubeError:
                continue  # it cannot be reached, or is broken there

    def _judged(self, found: Published) -> Published:
        if found.trusted or not self.trust.allows(found):
            return found
        return replace(found, trusted=True)

    def _asked(self, name: str) -> Sequence[Source]:
        if not name:
            return self.sources
        found = [one for one in self.sources if one.name == name]
        if not found:
            known = [one.name for one in self.sources]
            raise NotFoundError(f"there is no source '{name}'", hint=near(name, known))
        return found

    def _by_id(self, reference: Reference) -> Reference:
        from jupyter_cube.marketplace.search import Index

        found = Index(self.sources).by_id(reference.id)
        if found is None:
            raise NotFoundError(f"no item has the id {reference.id!r:.140}", hint="name it by its name")
        return Reference(name=found.name, version=reference.version, source=found.source)

    def _refreshed(self, asked: Iterable[Source], unreachable: list[CubeError]) -> bool:
        new = False
        for source in asked:
            try:
                new = source.refresh(_RECENT) or new
            except BackendError as error:
                unreachable.append(error)
        return new

    def _all_names(self, asked: Iterable[Source]) -> Iterable[str]:
        for source in asked:
            try:
                yield from source.names()
            except BackendError:
                continue

    def _not_found(
        self, reference: Reference, asked: Sequence[Source], unreachable: Sequence[CubeError]
    ) -> NotFoundError:
        name = reference.name
        reasons = dict.fromkeys(each.message.removeprefix("the source ") for each in unreachable)
        places = "; ".join([", ".join(one.name for one in asked), *reasons])
        for source in asked:
            try:
                known = source.versions(name)
            except BackendError:
                continue
            if known:
                newest = ", ".join(sorted(known, key=version_rules.key, reverse=True)[:10])
                message = f"'{name}' of the source '{source.name}' has no version {reference.version}"
                hint = f"there are {newest}"
                for other in self.sources:
                    if self._has(other, name, reference.version):
                        hint += f"; '{other.name}' has it: {replace(reference, source=other.name)}"
                return NotFoundError(message + (f" (asked: {places})" if reasons else ""), hint=hint)
            if why := layout.about(source.misplaced(), name):
                return NotFoundError(f"there is no item '{name}' (asked: {places})", hint=f"in '{source.name}' {why}")
        names = [one for one in dict.fromkeys(self._all_names(asked)) if one != name]
        if len(names) > _NEAR:
            names = list(islice((one for one in names if one[:1].lower() == name[:1].lower()), _NEAR))
        return NotFoundError(f"there is no item '{name}' (asked: {places})", hint=near(name, names))


def catalog() -> Catalog:
    """The catalog of the configuration.

    Raises:
        UsageError: a configured source cannot be understood.
    """
    return _catalog(str(store_path()), tuple(config().sources.items()))


@functools.lru_cache(maxsize=1)
def _catalog(*places: object) -> Catalog:  # noqa: ARG001 - what the answer depends on
    return Catalog(registry.sources(), Trust(marketplace_path() / "trust.json"))
