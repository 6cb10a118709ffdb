"""The items that come with this package; they may be used without asking."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.sources import reading
from jupyter_cube.marketplace.sources.folder import FolderSource

NAME = "builtin"
URI = "builtin:"
FOLDER = Path(__file__).parents[1] / "builtin"


class BuiltinSource(FolderSource):
    """The package's own folder of items."""

    writable: ClassVar[bool] = False

    def __init__(self, name: str = NAME) -> None:
        super().__init__(name, FOLDER, missing_ok=True)
        self.uri = URI

    def load(self, name: str, version: str) -> Published:
        folder = f"{self.root}/{name}/{version}"
        return reading.read(
            folder, source=self.name, name=name, version=version, publisher="jupyter-cube", trusted=True
        )
