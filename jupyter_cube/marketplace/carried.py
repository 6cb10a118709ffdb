"""The files that an item's texts say it carries."""

from __future__ import annotations

import json
import posixpath

from jupyter_cube.marketplace import braces
from jupyter_cube.marketplace.item import Item, Published
from jupyter_cube.text.record import Record

# keys of an item whose texts are filled in, and may name files
FILLED = ("check", "plugin_params", "callbacks", "preCommands", "postCommands", "requireStorages")
FOLDER = "CUBE_ITEM"  # the variable with the folder of these files


def source(item: Item) -> str:
    """What of its own files the plugin ``file`` is to bring; empty: nothing, or a variable decides."""
    if item.short_plugin != "file":
        return ""
    found = item.plugin_params.get("source")
    if not isinstance(found, str) or not found or found.startswith("/") or braces.names(found) or "<%" in found:
        return ""
    plain = posixpath.normpath(found)
    return "" if plain == "." else plain


def named(item: Item) -> str:
    """What of its files an item's texts name; empty: nothing."""
    if found := source(item):
        return repr(found)
    written = Record(Item).write(item)
    texts = json.dumps([written.get(key) for key in FILLED])
    return f"${FOLDER}" if FOLDER in texts else ""


def missing(published: Published) -> str:
    """What to know of an item that has an address of its own, and so none of the files that its texts name."""
    if "://" not in published.source or not (what := named(published.item)):
        return ""
    return f"{published.item.label} names {what}, but carries no files: it has an address of its own"
