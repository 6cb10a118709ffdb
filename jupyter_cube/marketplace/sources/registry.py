"""The sources of this account, in order: the user's own folder, the configured ones, the built-in items."""

from __future__ import annotations

from pathlib import Path

from jupyter_cube.config import config
from jupyter_cube.errors import UsageError
from jupyter_cube.marketplace.places import marketplace_path
from jupyter_cube.marketplace.sources import builtin
from jupyter_cube.marketplace.sources.base import Source
from jupyter_cube.marketplace.sources.builtin import BuiltinSource
from jupyter_cube.marketplace.sources.folder import FolderSource

MINE = "mine"


def sources() -> list[Source]:
    """All sources, in the order in which they are asked for a name.

    Raises:
        UsageError: a configured one cannot be understood.
    """
    configured = [make(name, uri) for name, uri in config().sources.items()]
    last = [] if any(isinstance(one, BuiltinSource) for one in configured) else [BuiltinSource()]
    return [mine(), *configured, *last]


def mine() -> FolderSource:
    """The user's own folder, where ``publish`` writes to."""
    return FolderSource(MINE, marketplace_path() / "items", missing_ok=True)


def make(name: str, uri: str) -> Source:
    """The source at an address.

    Args:
        uri: ``http(s)://…``, ``git+https://…@REF``, ``git+ssh://…``, ``git+file:///…``, ``builtin:``, or a folder.

    Raises:
        UsageError: it is nothing of these.
    """
    if uri == builtin.URI:
        return BuiltinSource(name)
    if uri.startswith(("http://", "https://")):
        from jupyter_cube.marketplace.sources.http import HttpSource

        return HttpSource(name, uri)
    if uri.startswith("git+"):
        from jupyter_cube.marketplace.sources.git import GitSource

        return GitSource(name, uri)
    path = Path(uri.removeprefix("file://")).expanduser()
    if not path.is_absolute() or "://" in str(path):
        hint = "write a folder's whole path, http(s)://HOST/…, git+https://HOST/…@REF, git+ssh://… or git+file:///…"
        raise UsageError(f"{uri!r:.200} is no source of items", place=f"source '{name}'", hint=hint)
    return FolderSource(name, path)
