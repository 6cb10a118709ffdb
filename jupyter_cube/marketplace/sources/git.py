"""Items in a git repository: one commit is fetched and laid out as a folder of items.

Nothing of the repository is run or followed: no checkout, so no hooks, filters, links or submodules.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jupyter_cube import files
from jupyter_cube.errors import UsageError
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.sources import layout, reading, repository
from jupyter_cube.marketplace.sources.base import one_line
from jupyter_cube.marketplace.sources.far import FarSource
from jupyter_cube.marketplace.sources.folder import FolderSource

_KEEP_DAYS = 7  # an older commit's folder may still be read by a process
_URI = re.compile(
    r"git\+(?P<url>(?P<scheme>https|ssh|file)://(?P<host>(?:[A-Za-z0-9_.-]+@)?[A-Za-z0-9\[][A-Za-z0-9.:\]-]*|)"
    r"(?P<path>/[^@\s\x00-\x1f\x7f]*))(?:@(?P<ref>.*))?"
)
_REF = re.compile(r"[A-Za-z0-9_](?!.*\.\.)[A-Za-z0-9_./+-]{0,199}")


class GitSource(FarSource):
    """A repository at a ref; its folders are ``NAME/VERSION/`` at the top."""

    def __init__(self, name: str, uri: str) -> None:
        super().__init__(name, uri, "git")
        self.url, self.ref = _parsed(name, uri)

    def names(self) -> Iterable[str]:
        return self._tree().names()

    def versions(self, name: str) -> list[str]:
        return self._tree().versions(name)

    def load(self, name: str, version: str) -> Published:
        folder = f"{self._tree().root}/{name}/{version}"
        if refused := repository.refusal(folder):
            raise UsageError(f"{name}@{version} of the source '{self.name}' cannot be used: it {refused}")
        return reading.read(folder, source=self.name, name=name, version=version, publisher=self.uri)

    def misplaced(self) -> list[str]:
        return repository.misplaced(str(self._tree().root))

    def name_stamp(self, name: str) -> str:
        return repository.tree_id(str(self._tree().root), name)

    def _fetch(self) -> Mapping[str, Any]:
        commit = repository.fetch(self._cache.path / "repository", self.url, self.ref)
        tree = self._path(commit)
        if not tree.is_dir():
            repository.lay_out(self._cache.path / "repository", commit, tree)
        _forget_old(tree)
        odd = one_line(layout.summary(repository.misplaced(str(tree))))
        return {"stamp": commit, "detail": f"commit {commit}" + (f"  {odd}" if odd else "")}

    def _here(self) -> bool:
        return bool(self.stamp()) and self._path(self.stamp()).is_dir()

    def _fixed(self) -> bool:
        return re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", self.ref) is not None

    def _tree(self) -> FolderSource:
        self._ready()
        return FolderSource(self.name, self._path(self.stamp()))

    def _path(self, commit: str) -> Path:
        return self._cache.path / "trees" / commit


def _parsed(name: str, uri: str) -> tuple[str, str]:
    found = _URI.fullmatch(uri)
    place = f"source '{name}'"
    if found is None or bool(found["host"]) == (found["scheme"] == "file"):
        hint = "write git+https://HOST/PATH@REF, git+ssh://HOST/PATH@REF or git+file:///PATH@REF, without a password"
        raise UsageError(f"{uri!r:.200} is no git repository", place=place, hint=hint)
    ref = "HEAD" if found["ref"] is None else found["ref"]
    if not _REF.fullmatch(ref):
        raise UsageError(f"{ref!r:.100} is no ref", place=place, hint="write a branch, a tag or a whole commit id")
    return found["url"], ref


def _forget_old(current: Path) -> None:
    for tree in current.parent.iterdir():
        if tree != current and time.time() - os.stat(tree).st_mtime > _KEEP_DAYS * 86400:
            files.remove_tree(tree)
