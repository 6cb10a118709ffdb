"""The user's list of sources, in their own configuration file."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_cube import config as configuration
from jupyter_cube import files
from jupyter_cube.config import FILE, config
from jupyter_cube.errors import ConflictError, NotFoundError, UsageError, near
from jupyter_cube.hint import command
from jupyter_cube.marketplace.places import locked, marketplace_path
from jupyter_cube.marketplace.reference import NAME, NAME_WORDS
from jupyter_cube.marketplace.sources import builtin, registry, repository
from jupyter_cube.marketplace.sources.base import Source, State
from jupyter_cube.marketplace.sources.folder import FolderSource


def add(name: str, uri: str) -> Source:
    """Add a source behind those that are there; one that cannot be reached is kept, the net may be down.

    Raises:
        UsageError: the name or the address is not usable.
        ConflictError: there is one of that name.
    """
    if not re.fullmatch(NAME, name):
        raise UsageError(f"{name!r:.100} cannot be the name of a source, which is {NAME_WORDS}")
    if name == registry.MINE or (name == builtin.NAME) != (uri == builtin.URI):
        raise UsageError(f"the name '{name}' is not free for that", hint="choose another name")
    known = config().sources
    if name in known:
        raise ConflictError(
            f"there is a source '{name}': {known[name]}", hint="remove it first, or choose another name"
        )
    if "://" not in uri and uri != builtin.URI:
        uri = os.path.abspath(os.path.expanduser(uri))
    made = registry.make(name, uri)
    if isinstance(made, FolderSource) and not os.path.isdir(made.root):
        raise UsageError("there is no such folder", place=made.root, hint="make it, or write an address with ://")
    if isinstance(made, FolderSource) and repository.is_bare(made.root):
        address = f"git+file://{quote(os.path.abspath(made.root))}"
        hint = f"write: {command(f'sources add {name} {address}')}"
        raise UsageError("this is a bare Git repository, no folder of items", place=made.root, hint=hint)
    _change({**_own(), name: uri})
    if config().sources.get(name) != uri:
        raise ConflictError(f"the system's configuration decides on sources; '{name}' has no effect")
    return made


def remove(name: str) -> None:
    """Remove a source from the user's list; its items that jobs were run with are kept.

    Raises:
        NotFoundError: there is none, or it is not in the user's own list.
    """
    own = _own()
    if name not in own:
        if name in config().sources:
            raise NotFoundError(f"the source '{name}' is not in your own configuration", place=str(_file()))
        raise NotFoundError(f"there is no source '{name}'", hint=near(name, own))
    _change({key: uri for key, uri in own.items() if key != name})


def states(*, refresh: bool = False) -> list[State]:
    """How each source is, in their order.

    Args:
        refresh: fetch again first.
    """
    from jupyter_cube.marketplace.catalog import catalog

    found = catalog()
    if refresh:
        found.refresh()
    return [source.state() for source in found.sources]


def _file() -> Path:
    from jupyter_core.paths import jupyter_config_dir

    return Path(jupyter_config_dir(), FILE)


def _read() -> dict[str, Any]:
    try:
        found = json.loads(_file().read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UsageError(f"not JSON: {error}", place=str(_file()), hint="mend the file or remove it") from error
    if not isinstance(found, dict) or not isinstance(found.get("sources", {}), dict):
        raise UsageError("the configuration is not a JSON object, or its 'sources' are none", place=str(_file()))
    return found


def _own() -> dict[str, str]:
    return dict(_read().get("sources", {}))


def _change(sources: Mapping[str, str]) -> None:
    file = _file()
    with files.disk_errors(file, hint="make it a file that you can write"), locked(marketplace_path() / "sources.lock"):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
        target = file.resolve()  # it may be a link into a folder of settings
        files.replace(target, json.dumps({**_read(), "sources": dict(sources)}, indent=2) + "\n", mode=mode)
    configuration._config.cache_clear()
