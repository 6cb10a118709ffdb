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
from jupyter_cube.errors import BackendError, CubeError, UsageError
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.places import Cache
from jupyter_cube.marketplace.sources import reading, repository
from jupyter_cube.marketplace.sources.base import Source, State, one_line
from jupyter_cube.marketplace.sources.folder import FolderSource

_KEEP_DAYS = 7  # an older commit's folder may still be read by a process
_URI = re.compile(
    r"git\+(?P<url>(?P<scheme>https|ssh|file)://(?P<host>(?:[A-Za-z0-9_.-]+@)?[A-Za-z0-9\[][A-Za-z0-9.:\]-]*|)"
    r"(?P<path>/[^@\s\x00-\x1f\x7f]*))(?:@(?P<ref>.*))?"
)
_REF = re.compile(r"[A-Za-z0-9_](?!.*\.\.)[A-Za-z0-9_./+-]{0,199}")


class GitSource(Source):
    """A repository at a ref; its folders are ``NAME/VERSION/`` at the top."""

    def __init__(self, name: str, uri: str) -> None:
        super().__init__(name, uri)
        self.url, self.ref = _parsed(name, uri)
        self._cache = Cache("git", uri)

    def names(self) -> Iterable[str]:
        return self._tree().names()

    def versions(self, name: str) -> list[str]:
        return self._tree().versions(name)

    def load(self, name: str, version: str) -> Published:
        tree = self._tree()
        folder = f"{tree.root}/{name}/{version}"
        if refused := repository.refusal(folder):
            raise UsageError(f"{name}@{version} of the source '{self.name}' cannot be used: it {refused}")
        return reading.read(folder, source=self.name, name=name, version=version, publisher=self.uri)

    def refresh(self, older: float = 0.0) -> bool:
        before = self._cache.state()
        here = bool(before) and self._tree_path(before).is_dir()
        if here and (time.time() - before["fetched"] < older or _whole_commit(self.ref)):
            return False
        with files.disk_errors(self._cache.path), self._cache.locked():
            now = self._cache.state()
            if now.get("fetched", 0) > before.get("fetched", 0):
                return bool(now["commit"] != before.get("commit"))  # somebody else was faster
            try:
                commit = repository.fetch(self._cache.path / "repository", self.url, self.ref)
                tree = self._tree_path({"commit": commit})
                if not tree.is_dir():
                    repository.lay_out(self._cache.path / "repository", commit, tree)
            except BackendError as error:
                if now:
                    self._cache.update(problem=error.message)
                raise BackendError(
                    f"the source '{self.name}' cannot be fetched: {error.message}", place=self.uri, hint=error.hint
                ) from error
            self._cache.update(commit=commit, fetched=time.time(), problem="")
            _forget_old(tree)
        return bool(now.get("commit") != commit)

    def stamp(self) -> str:
        return str(self._cache.state().get("commit", ""))

    def state(self) -> State:
        try:
            items = sum(1 for _ in self.names())
        except CubeError as error:
            return State(self.name, self.uri, problem=one_line(str(error)))
        state = self._cache.state()
        return State(
            self.name, self.uri, items, state["fetched"], state.get("problem", ""), f"commit {state['commit']}"
        )

    def _tree(self) -> FolderSource:
        state = self._cache.state()
        if not state or not self._tree_path(state).is_dir():
            self.refresh()
            state = self._cache.state()
        return FolderSource(self.name, self._tree_path(state))

    def _tree_path(self, state: Mapping[str, Any]) -> Path:
        return self._cache.path / "trees" / str(state["commit"])


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


def _whole_commit(ref: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", ref) is not None


def _forget_old(current: Path) -> None:
    for tree in current.parent.iterdir():
        if tree != current and time.time() - os.stat(tree).st_mtime > _KEEP_DAYS * 86400:
            files.remove_tree(tree)
