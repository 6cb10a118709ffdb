"""Places inside plain values, named as faults name them: ``taskRoles.worker.commands[0]``."""

from __future__ import annotations

import re
from typing import Any

from jupyter_cube.text.document import Path

_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")


def steps(text: str) -> Path:
    """The path that a text names; empty where it is none."""
    found: list[str | int] = []
    position = 0
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            return ()
        found.append(int(step[1]) if step[1] else step[2])
        position = step.end()
    return tuple(found)


def value_at(values: Any, path: Path) -> Any:
    """The value at a path.

    Raises:
        LookupError: there is none.
    """
    for step in path:
        known = range(len(values)) if isinstance(values, list) else values if isinstance(values, dict) else ()
        if step not in known:
            raise LookupError(step)
        values = values[step]
    return values


def replaced(values: Any, path: Path, value: Any) -> Any:
    """A copy of the values with another one at a path that is there."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(values, dict):
        return {key: replaced(inner, rest, value) if key == step else inner for key, inner in values.items()}
    return [replaced(inner, rest, value) if index == step else inner for index, inner in enumerate(values)]
