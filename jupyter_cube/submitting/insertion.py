"""Adding one key to the text of a job, which stays as its author wrote it, comments and all."""

from __future__ import annotations

import json
from typing import Any

from jupyter_cube.errors import SpecError
from jupyter_cube.text.document import Node, Path, read


def with_value(text: str, path: Path, value: Any) -> str:
    """The text with ``value`` at ``path`` (keys of mappings), which replaces what stands there.

    Raises:
        SpecError: the text is no YAML mapping.
    """
    document = read(text)
    if document.root is None:
        raise SpecError(document.faults)
    node, depth = document.root, 0
    while depth < len(path) and isinstance(node.value, dict) and path[depth] in node.value:
        node, depth = node.value[str(path[depth])], depth + 1
    if depth == len(path):
        before = text[: node.start].rstrip(" ")
        return f"{before} {_flow(value)}{_rest(text, node)}"
    for key in reversed(path[depth + 1 :]):
        value = {str(key): value}
    return _with_entry(text, node, str(path[depth]), value)


def _with_entry(text: str, node: Node, key: str, value: Any) -> str:
    """The text with one more entry in a mapping (or in nothing, as in ``extras:``)."""
    entry = f"{json.dumps(key) if not key.isidentifier() else key}: {_flow(value)}"
    if not isinstance(node.value, dict):
        return f"{text[: node.start].rstrip(' ')} {{{entry}}}{_rest(text, node)}"
    if text[node.start : node.start + 1] == "{":
        inside = text[node.start + 1 : node.end - 1].rstrip()
        comma = ", " if node.value and not inside.endswith(",") else ""
        return f"{text[: node.start + 1]}{inside}{comma}{entry}{text[node.end - 1 :]}"
    indent = " " * (min(each.column for each in node.keys.values()) - 1)
    first = min(each.start for each in node.keys.values())
    # before the first key: there the indentation is known, whatever its last value looks like
    return f"{text[:first]}{entry}\n{indent}{text[first:]}"


def _rest(text: str, node: Node) -> str:
    return text[max(node.start, node.end) :]


def _flow(value: Any) -> str:
    """A value in one line; JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)
