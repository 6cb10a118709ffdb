"""What an item runs and which files it has: what somebody reads before allowing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jupyter_cube.errors import CubeError
from jupyter_cube.marketplace import digest
from jupyter_cube.marketplace.item import Item, Published
from jupyter_cube.plugins import registry
from jupyter_cube.plugins.action import commands
from jupyter_cube.text.writer import dump


def files(published: Published) -> list[dict[str, Any]]:
    """Its files, each with path, size in bytes and whether it can be executed; none where they cannot be read."""
    try:
        found = digest.walk(published.folder)
    except (CubeError, FileNotFoundError):
        return []
    return [
        {"path": path, "size": status.st_size, "executable": bool(status.st_mode & 0o111)}
        for path, status in sorted(found, key=lambda one: one[0])
    ]


def runs(item: Item) -> list[tuple[str, str]]:
    """What it runs: when or by what, and the text."""
    return [(when, text.rstrip()) for when, text in _runs(item) if text.strip()]


def _runs(item: Item) -> Iterator[tuple[str, str]]:
    plugin = item.short_plugin
    yield "check", "\n".join(item.check)
    if plugin == registry.COMMANDS:
        own = commands(item)
        yield "taskStarts", "\n".join(own.pre_commands)
        yield "taskSucceeds", "\n".join(own.post_commands)
        for callback in own.callbacks:
            yield callback.event, "\n".join(callback.commands)
    elif plugin:
        yield f"plugin {plugin}", dump(dict(item.plugin_params))
    if item.job is not None:
        yield "job", dump(dict(item.job))
    yield "notebook", item.notebook
