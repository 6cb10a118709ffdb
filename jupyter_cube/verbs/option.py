"""What a verb and an option are, and how typed text becomes a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Option:
    """One option or, where its flag has no dash, one positional word.

    Attributes:
        flags: as typed, the long one first.
        help: what it does, with its unit, no full stop.
        field: its name among the parsed values.
        metavar: stands for its value; empty: it takes none.
        convert: text to value; raises ValueError with what is wrong.
        repeat: it may be typed several times (an option) or takes all words that follow (a positional).
        required: a positional that may not be left out.
        choices: the only values there are.
        only: ``cell`` or ``notebook``: the only place where it makes sense.
        completes: what its value is completed from: ``job``, ``task``, ``file``, ``name`` (of the notebook), ``item``,
            ``variable`` (of the item before it), ``source`` or nothing.
    """

    flags: tuple[str, ...]
    help: str
    field: str
    metavar: str = ""
    convert: Callable[[str], Any] = str
    repeat: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()
    completes: str = ""
    only: str = ""

    @property
    def positional(self) -> bool:
        return not self.flags[0].startswith("-")


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: its options and what its help says. ``words``: it takes a command after ``--``."""

    name: str
    summary: str
    options: tuple[Option, ...]
    examples: tuple[str, ...]
    words: bool = False

    @property
    def positionals(self) -> tuple[Option, ...]:
        return tuple(option for option in self.options if option.positional)

    def option(self, flag: str) -> Option | None:
        return next((option for option in self.options if flag in option.flags), None)


def count(text: str) -> int:
    """A whole number, not negative."""
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def number(text: str) -> float:
    """A number, not negative."""
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not 0 <= value < float("inf"):
        raise ValueError(f"{text!r} is not a number of 0 or more")
    return value


def names(text: str) -> tuple[str, ...]:
    """``a,b`` as names of Python values."""
    found = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in found:
        identifier(name)
    return found


def identifier(text: str) -> str:
    """A name that a value can be bound to."""
    import keyword

    if not text.isidentifier() or keyword.iskeyword(text):
        raise ValueError(f"{text!r} is no name of a Python variable")
    return text


def pair(text: str) -> tuple[str, str]:
    """``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value


def port(text: str) -> tuple[str, int]:
    """``LABEL`` or ``LABEL=COUNT``."""
    label, equals, amount = text.partition("=")
    return label, count(amount) if equals else 1


def tags(text: str) -> tuple[str, ...]:
    """``a,b`` as words."""
    return tuple(tag.strip() for tag in text.split(",") if tag.strip())


JSON = Option(("--json",), "print JSON; messages for people go to stderr", "json")
