"""Template variables ``{{ name }}`` of items, filled in.

Only ``{{ name }}`` and ``{{ name | filter }}`` are ours: all other braces belong to the shell, to awk, to Go templates,
and stay. Filters run in Jinja2's sandbox, which sees the one value and nothing else.
"""

from __future__ import annotations

import functools
import json
import re
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from jupyter_cube.text.scalar import scalar_text

# a filter's arguments are literals: text, numbers, true and false
_LITERAL = r"""(?:'[^'\n{}]*'|"[^"\n{}]*"|-?\d+(?:\.\d+)?|true|false|none)"""
_FILTER = rf"\|\s*[a-z_]+\s*(?:\(\s*(?:{_LITERAL}\s*(?:,\s*{_LITERAL}\s*)*)?\)\s*)?"
_OURS = re.compile(rf"\{{\{{\s*([A-Za-z_]\w*)\s*((?:{_FILTER})*)\}}\}}")

_SUBJECT = "value"  # what the variable is called where a filter runs
FILTERS = (
    *("default", "first", "float", "int", "join", "last", "length", "lower", "replace", "round", "sort", "tojson"),
    *("trim", "unique", "upper", "quote", "basename", "dirname"),
)


LONGEST = 1_000_000  # characters that variables may come to in one value
_TOO_LONG = f"it comes to more than {LONGEST:,} characters"


class BraceError(ValueError):
    """A variable that cannot be filled in; the message says why, ``name`` which."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def names(text: str) -> list[str]:
    """The variables that a text mentions, in order, each once."""
    return list(dict.fromkeys(found[1] for found in _OURS.finditer(text))) if "{{" in text else []


def mentioned(value: Any) -> list[str]:
    """The variables that a value of YAML mentions, inside lists and mappings too."""
    if isinstance(value, str):
        return names(value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [name for each in inner for name in mentioned(each)]


def wrong(text: str, known: Collection[str]) -> Iterator[tuple[str, BraceError]]:
    """What cannot be filled in whatever the values of the known variables are: each piece of the text, and why."""
    for found in _OURS.finditer(text) if "{{" in text else ():
        name, filters = found[1], found[2].strip()
        try:
            if name not in known:
                _value(found, {})  # a filter may do without a value
            elif filters:
                _compiled(name, filters)
        except BraceError as error:
            yield found[0], error


def whole(text: str) -> bool:
    """Whether the text is one variable and nothing else, so that it stands for the value itself."""
    return text.startswith("{{") and _OURS.fullmatch(text.strip()) is not None


class Room:
    """What variables may still come to: values made of values made of values grow without end."""

    def __init__(self) -> None:
        self._left = LONGEST

    def take(self, name: str, value: Any) -> None:
        """Count a value that stands for a variable.

        Raises:
            BraceError: there is no room for it.
        """
        todo = [value]
        while todo and self._left >= 0:
            one = todo.pop()
            self._left -= len(one) if isinstance(one, str) else 1
            if isinstance(one, Mapping):
                todo += (*one, *one.values())
            elif isinstance(one, list | tuple):
                todo += one
        if self._left < 0:
            raise BraceError(name, _TOO_LONG)


def fill(text: str, values: Mapping[str, Any], room: Room | None = None) -> str:
    """The text with its variables filled in.

    Raises:
        BraceError: a variable has no value, a filter fails, or it becomes too long.
    """
    if "{{" not in text:
        return text
    left = room or Room()

    def filled(found: re.Match[str]) -> str:
        value = _value(found, values)
        try:
            made = as_text(value)
        except ValueError as error:
            raise BraceError(found[1], str(error)) from error
        left.take(found[1], made)
        return made

    return _OURS.sub(filled, text)


def fill_value(value: Any, values: Mapping[str, Any], room: Room | None = None) -> Any:
    """A value of YAML with its variables filled in, inside lists and mappings too.

    Text that is one variable and nothing else becomes the variable's value, of whatever type.

    Args:
        room: is taken from, where several values together may only become so long.

    Raises:
        BraceError: as ``fill``.
    """
    if isinstance(value, str):
        if "{{" not in value:
            return value
        room = room or Room()
        found = _OURS.fullmatch(value.strip())
        if found is None:
            return fill(value, values, room)
        made = _value(found, values)
        room.take(found[1], made)
        return made
    if isinstance(value, Mapping):
        room = room or Room()
        return {key: fill_value(item, values, room) for key, item in value.items()}
    if isinstance(value, list | tuple):
        room = room or Room()
        return [fill_value(item, values, room) for item in value]
    return value


def as_text(value: Any) -> str:
    """A value as it stands in a command: a list as words, quoted where a shell needs it; a mapping as JSON."""
    if isinstance(value, list | tuple):
        text = " ".join(shlex.quote(as_text(item)) for item in value)
        if len(text) > 8 * LONGEST:  # quotes of quotes of quotes
            raise ValueError(_TOO_LONG)
        return text
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    return scalar_text(value)


def _value(found: re.Match[str], values: Mapping[str, Any]) -> Any:
    name, filters = found[1], found[2].strip()
    if filters:
        return _filtered(name, filters, values)
    if name not in values:
        raise BraceError(name, f"the template variable '{name}' has no value")
    return values[name]


def _filtered(name: str, filters: str, values: Mapping[str, Any]) -> Any:
    from jinja2 import TemplateError, UndefinedError  # slow to import, and few items use filters

    compiled = _compiled(name, filters)
    try:
        return _known(compiled({_SUBJECT: values[name]} if name in values else {}))
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        if isinstance(error, UndefinedError) and name not in values:
            raise BraceError(name, f"the template variable '{name}' has no value") from error
        raise _cannot(name, filters, error) from error


def _compiled(name: str, filters: str) -> Callable[..., Any]:
    from jinja2 import TemplateError

    try:
        return _expression(filters)
    except TemplateError as error:
        raise _cannot(name, filters, error) from error


def _cannot(name: str, filters: str, error: Exception) -> BraceError:
    message = str(error).split("\n")[0].rstrip(".") or type(error).__name__
    return BraceError(name, f"'{{{{ {name} {filters} }}}}' cannot be filled in: {message}")


@functools.lru_cache(maxsize=1024)
def _expression(filters: str) -> Callable[..., Any]:
    # always by one name: a variable may be called as a word of Jinja's, such as none or in
    return _environment().compile_expression(f"{_SUBJECT} {filters}", undefined_to_none=False)  # type: ignore[no-any-return]


@functools.cache
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    environment.globals.clear()
    ours: dict[str, Callable[..., Any]] = {
        "quote": lambda value: shlex.quote(as_text(_known(value))),
        "basename": lambda value: as_text(_known(value)).rstrip("/").rpartition("/")[2],
        "dirname": lambda value: as_text(_known(value)).rstrip("/").rpartition("/")[0],
    }
    known = {**environment.filters, **_bounded(environment.filters), **ours}
    environment.filters = {name: known[name] for name in FILTERS}
    return environment


def _bounded(filters: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Filters that a few characters of an item could keep busy without end."""

    def replaced(value: Any, old: str, new: str, count: Any = -1) -> str:
        text, old, new = as_text(_known(value)), str(old), str(new)
        if len(text) + (text.count(old) + 1) * len(new) > LONGEST:
            raise ValueError(_TOO_LONG)
        return text.replace(old, new, int(count))

    def joined(value: Any, separator: Any = "") -> str:
        parts = [as_text(item) for item in _known(value)]
        if len(parts) * (len(str(separator)) + 1) > LONGEST:
            raise ValueError(_TOO_LONG)
        return str(separator).join(parts)

    def rounded(value: Any, precision: int = 0, method: str = "common") -> Any:
        if not -100 <= precision <= 100:
            raise ValueError(f"{precision} is no number of decimal places")
        return filters["round"](_known(value), precision, method)

    return {"replace": replaced, "join": joined, "round": rounded}


def _known(value: Any) -> Any:
    from jinja2 import Undefined

    if isinstance(value, Undefined):
        str(value)  # StrictUndefined raises, naming the variable
    return value
