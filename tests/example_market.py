"""A marketplace in memory for tests of what needs no disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from jupyter_cube.errors import NotFoundError
from jupyter_cube.marketplace import item as items
from jupyter_cube.marketplace import version
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.reference import Reference


class Shelf:
    """Items given as YAML text (a list of them); those without a version are 1.0.0."""

    def __init__(self, text: str, *, trusted: bool = True) -> None:
        self.items: dict[str, dict[str, Published]] = {}
        for item in items.parse_all(text, file="items.yaml"):
            label = item.version or "1.0.0"
            found = Published(
                replace(item, version=label), "shelf", f"sha256:{item.name}-{label}", Path("/nowhere"), "", trusted
            )
            self.items.setdefault(item.name, {})[label] = found

    def find(self, reference: Reference) -> Published:
        """The newest one that fits."""
        known = self.items.get(reference.name, {})
        wanted = version.newest(known, reference.version)
        if not wanted:
            raise NotFoundError(f"there is no item '{reference.name}' {reference.version}".rstrip())
        return known[wanted]
