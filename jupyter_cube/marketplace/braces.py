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

from jupyter_cube.scalar import scalar_text

# a filter's arguments are literals: text, numbers, true and false
_LITERAL = r"""(?:'[^'\n{}]*'|"[^"\n{}]*"|-?\d+(?:\.\d+)?|true|false|none)"""
_FILTER = rf"\|\s*[a-z_]+\s*(?:\(\s*(?:{_LITERAL}\s*(?:,\s*{_LITERAL}\s*)*)?\)\s*)?"
_OURS = re.compile(rf"\{{\{{\s*([A-Za-z_]\w*)\s*((?:{_FILTER})*)\}}\}}")

_SUBJECT = "value"  # what the variable is called where a filter runs
FILTERS = (
    *("default", "first", "float", "int", "join", "last", "length", "lower", "replace", "round", "sort", "tojson"),
    *("trim", "unique", "upper", "quote", "basename", "dirname"),
)


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


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with its variables filled in.

    Raises:
        BraceError: a variable has no value, or a filter fails.
    """
    if "{{" not in text:
        return text
    return _OURS.sub(lambda found: as_text(_value(found, values)), text)


def fill_value(value: Any, values: Mapping[str, Any]) -> Any:
    """A value of YAML with its variables filled in, inside lists and mappings too.

    Text that is one variable and nothing else becomes the variable's value, of whatever type.

    Raises:
        BraceError: as ``fill``.
    """
    if isinstance(value, str):
        if "{{" not in value:
            return value
        found = _OURS.fullmatch(value.strip())
        return _value(found, values) if found else fill(value, values)
    if isinstance(value, Mapping):
        return {key: fill_value(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill_value(item, values) for item in value]
    return value


def as_text(value: Any) -> str:
    """A value as it stands in a command: a list as words, quoted where a shell needs it; a mapping as JSON."""
    if isinstance(value, list | tuple):
        return " ".join(shlex.quote(as_text(item)) for item in value)
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
    known = {**environment.filters, **ours}
    environment.filters = {name: known[name] for name in FILTERS}
    return environment


def _known(value: Any) -> Any:
    from jinja2 import Undefined

    if isinstance(value, Undefined):
        str(value)  # StrictUndefined raises, naming the variable
    return value
