"""Items in a folder, ``ROOT/NAME/VERSION/item.yaml``: the user's own ones, or a team's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from jupyter_cube.errors import BackendError, CubeError
from jupyter_cube.marketplace.item import FILE, Published
from jupyter_cube.marketplace.reference import NAME
from jupyter_cube.marketplace.sources import layout, reading
from jupyter_cube.marketplace.sources.base import Source, State, one_line
from jupyter_cube.marketplace.version import VERSION, newest

_NAME = re.compile(NAME)
_VERSION = re.compile(VERSION)


class FolderSource(Source):
    """A folder of items; whoever may write to it may publish.

    Args:
        missing_ok: it need not be there yet.
    """

    writable: ClassVar[bool] = True

    def __init__(self, name: str, root: str | Path, *, missing_ok: bool = False) -> None:
        super().__init__(name, str(root))
        self.root = str(root)
        self._missing_ok = missing_ok

    def names(self) -> Iterable[str]:
        try:
            with os.scandir(self.root) as entries:
                return sorted(one.name for one in entries if _NAME.fullmatch(one.name) and _is_folder(one))
        except OSError as error:
            if self._missing_ok and isinstance(error, FileNotFoundError):
                return []
            raise self._unreachable(error) from error

    def versions(self, name: str) -> list[str]:
        if os.path.islink(f"{self.root}/{name}"):
            return []  # what is elsewhere, its owner has not put here
        try:
            return [each for each in os.listdir(f"{self.root}/{name}") if _VERSION.fullmatch(each)]
        except (FileNotFoundError, NotADirectoryError):
            if not self._missing_ok and not os.path.isdir(self.root):
                raise self._unreachable(FileNotFoundError(2, "No such file or directory")) from None
            return []
        except OSError as error:
            raise self._unreachable(error) from error

    def load(self, name: str, version: str) -> Published:
        return reading.read(f"{self.root}/{name}/{version}", source=self.name, name=name, version=version)

    def stamp(self) -> str:
        try:
            return str(os.stat(self.root).st_mtime_ns)
        except OSError as error:
            return "none" if self._missing_ok and isinstance(error, FileNotFoundError) else ""

    def name_stamp(self, name: str) -> str:
        folder = f"{self.root}/{name}"
        try:
            changed = os.stat(folder).st_mtime_ns
            version = newest(self.versions(name))
            return f"{changed} {os.stat(f'{folder}/{version}/{FILE}').st_mtime_ns}"
        except OSError:
            return ""

    def misplaced(self) -> list[str]:
        found = [FILE] if os.path.isfile(f"{self.root}/{FILE}") else []
        for name in self.names():
            folder = Path(self.root, name)
            depths = (FILE, f"*/{FILE}") if self.versions(name) else (FILE, f"*/{FILE}", f"*/*/{FILE}")
            found += sorted(str(path.relative_to(self.root)) for depth in depths for path in folder.glob(depth))
        return layout.misplaced(found)

    def state(self) -> State:
        try:
            items = sum(1 for name in self.names() if self.versions(name))
            return State(self.name, self.uri, items, detail=one_line(layout.summary(self.misplaced())))
        except CubeError as error:
            return State(self.name, self.uri, problem=self.problem(error))

    def _unreachable(self, error: OSError) -> BackendError:
        return BackendError(
            f"the source '{self.name}' cannot be read: {(error.strerror or str(error)).lower()}", place=self.root
        )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)
