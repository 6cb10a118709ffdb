"""Plugins by name: the built-in ones, then entry points of the group ``jupyter_cube.plugins``."""

from __future__ import annotations

import functools
from importlib import import_module

from jupyter_cube.errors import UsageError, near
from jupyter_cube.plugins.base import Plugin

GROUP = "jupyter_cube.plugins"
# no scan of the installed distributions for these
_BUILT_IN = {
    "file": "fetching:FilePlugin",
    "git": "git:GitPlugin",
    "http": "fetching:HttpPlugin",
    "pip": "pip:PipPlugin",
    "pvc_storage": "storage:StoragePlugin",
    "ssh": "ssh:SshPlugin",
    "teamwise_storage": "storage:TeamwisePlugin",
    "tensorboard": "tensorboard:TensorboardPlugin",
}
COMMANDS = "cmd"  # the one that is part of every prerequisite: its commands are filled in one by one


@functools.cache
def plugin(name: str) -> Plugin:
    """The plugin of that name.

    Raises:
        UsageError: nobody provides it, or what somebody provides cannot be loaded.
    """
    if name in _BUILT_IN:
        module, kind = _BUILT_IN[name].split(":")
        built_in: Plugin = getattr(import_module(f"jupyter_cube.plugins.{module}"), kind)()
        return built_in
    from importlib import metadata  # slow, and only for what is not built in

    points = {point.name: point for point in metadata.entry_points(group=GROUP)}
    if name not in points:
        raise UsageError(f"unknown plugin '{name}'", hint=near(name, {COMMANDS, *_BUILT_IN, *points}))
    try:
        made = points[name].load()()
    except (ImportError, AttributeError, TypeError) as error:
        raise UsageError(f"the plugin '{name}' ({points[name].value}) cannot be loaded: {error}") from error
    if not isinstance(made, Plugin):
        raise UsageError(f"the plugin '{name}' ({points[name].value}) is no {Plugin.__module__}.Plugin")
    return made


def unknown(name: str) -> UsageError | None:
    """What to say where nobody provides a plugin of that name; None where somebody does."""
    if name in ("", COMMANDS) or name in _BUILT_IN:
        return None
    try:
        plugin(name)
    except UsageError as error:
        return error
    return None


def known(name: str) -> bool:
    """Whether somebody provides a plugin of that name."""
    return unknown(name) is None
