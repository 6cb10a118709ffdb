"""Texts with places in them that variables fill, and how they are written as ``{{ name }}``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_cube.marketplace import braces


@dataclass(frozen=True, slots=True)
class Slot:
    """A place that a variable fills, instead of a value or a piece of text."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """Text and slots in turn."""

    parts: tuple[str | Slot, ...]


class Writing:
    """Slots as ``{{ name }}``; braces that would be taken for one are written by a variable."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.used = False

    def written(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.written(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.written(inner) for inner in value]
        if isinstance(value, Slot):
            return f"{{{{ {value.name} }}}}"
        if isinstance(value, Text):
            return "".join(self.written(part) for part in value.parts)
        if isinstance(value, str) and braces.names(value):
            self.used = True
            return value.replace("{{", f"{{{{ {self.name} }}}}")
        return value


def each_text(value: Any, cut: Callable[[str], list[str | Slot]]) -> Any:
    """The values with each text cut into text and slots."""
    if isinstance(value, dict):
        return {key: each_text(inner, cut) for key, inner in value.items()}
    if isinstance(value, list):
        return [each_text(inner, cut) for inner in value]
    if not isinstance(value, str | Text):
        return value
    given = value.parts if isinstance(value, Text) else (value,)
    parts = [piece for part in given for piece in (cut(part) if isinstance(part, str) else [part]) if piece != ""]
    if not any(isinstance(part, Slot) for part in parts):
        return value
    return parts[0] if len(parts) == 1 else Text(tuple(parts))


def cut_out(value: str | Text, wanted: str, name: str) -> Any:
    """The text with a slot wherever ``wanted`` stands as a word of its own; None where it does not."""
    if not wanted:
        return None
    before = r"(?<!\w)" if re.match(r"\w", wanted) else ""
    after = r"(?!\w)" if re.search(r"\w$", wanted) else ""
    pattern = re.compile(before + re.escape(wanted) + after)

    def cut(text: str) -> list[str | Slot]:
        pieces: list[str | Slot] = []
        for piece in pattern.split(text):
            pieces += [piece, Slot(name)]
        return pieces[:-1]

    found = each_text(value, cut)
    return None if found == value else found


def has_slot(value: Any) -> bool:
    """Whether a variable fills some part of the values."""
    if isinstance(value, dict | list):
        return any(has_slot(inner) for inner in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, Slot | Text)


def shown(value: str | Text) -> str:
    """A text for messages."""
    return repr(Writing("braces").written(value))
