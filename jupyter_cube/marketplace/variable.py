# ruff: noqa: RUF009 (``key`` makes a dataclass field)
"""Template variables of items: how they are declared, and whether a value fits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_cube.text.document import Node, Path
from jupyter_cube.text.record import Record, Written, key
from jupyter_cube.text.shape import IDENTIFIER, Choice, Items, Number, Reader, Schema, Shape, Text

TYPES = ("string", "int", "float", "bool", "path", "choice", "secret", "list")
_MISSING: Any = "\0missing"  # a default that nobody wrote; null is one that may be written
_REFERENCE = re.compile(r"<%\s*\$[^%]+%>")  # beside other text it is checked like any text
_SECRET = re.compile(r"<%\s*\$secrets\.[^%]+%>")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True, kw_only=True)
class Variable(Written):
    """A declared template variable; without a default it must be given a value.

    Attributes:
        type: one of ``TYPES``; empty: any value of YAML.
        choices: the only values there are.
        minimum: of a number; ``maximum`` likewise.
        pattern: a regular expression that text must match as a whole.
    """

    name: str = key("name", IDENTIFIER)
    type: str = key("type", Choice(TYPES, "type"), default="", about="for forms, and what values are checked for")
    title: str = key("title", Text(), default="", about="a short name for forms")
    description: str = key("description", Text(), default="")
    default: Any = key("default", Shape(), default=_MISSING, about="may mention variables declared before: {{ name }}")
    choices: tuple[Any, ...] = key("choices", Items(Shape(), least=1), default=())
    minimum: int | float | None = key("minimum", Number(), default=None)
    maximum: int | float | None = key("maximum", Number(), default=None)
    pattern: str = key("pattern", Text(), default="", about="a regular expression for the whole text")

    @property
    def required(self) -> bool:
        return self.default is _MISSING or self.default == _MISSING

    def accept(self, value: Any, *, pattern: bool = True) -> Any:
        """The value as this variable has it; text of the right kind is converted.

        Args:
            pattern: compare with the pattern, too; an author's may run without end.

        Raises:
            ValueError: it does not fit; the message says why, after the variable's name.
        """
        if self.type == "secret":
            if not isinstance(value, str) or not _SECRET.fullmatch(value.strip()):
                raise ValueError("is a secret; put it under secrets and write <% $secrets.NAME %> here")
            return value.strip()
        if isinstance(value, str) and _REFERENCE.fullmatch(value.strip()):
            return value  # to a parameter of the job, filled in later
        converted = _CONVERT.get(self.type, _any)(value)
        if self.choices and converted not in self.choices and str(converted) not in map(str, self.choices):
            known = ", ".join(map(str, self.choices))
            raise ValueError(f"is {_shown(value)}, which is none of {known}")
        self._check_range(converted)
        if pattern and self.pattern and isinstance(converted, str) and not _matches(self.pattern, converted):
            raise ValueError(f"is {_shown(value)}, which does not match {self.pattern}")
        return converted

    def _check_range(self, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        if self.minimum is not None and value < self.minimum:
            raise ValueError(f"is {value}, {self.minimum} is the least")
        if self.maximum is not None and value > self.maximum:
            raise ValueError(f"is {value}, {self.maximum} is the most")


def _any(value: Any) -> Any:
    return value


def _string(value: Any) -> Any:
    if isinstance(value, dict | list):
        raise ValueError("must be text, not a list or mapping")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d{1,18}", value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"must be a whole number, not {_shown(value)}")
    return value


def _float(value: Any) -> int | float:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise ValueError(f"must be a number, not {_shown(value)}") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"must be a number, not {_shown(value)}")
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in (*_TRUE, *_FALSE):
        raise ValueError(f"must be true or false, not {_shown(value)}")
    return text in _TRUE


def _path(value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError(f"must be a path, not {_shown(value)}")
    return value


def _list(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    raise ValueError(f"must be a list, not {_shown(value)}")


_CONVERT = {
    "string": _string,
    "int": _integer,
    "float": _float,
    "bool": _boolean,
    "path": _path,
    "list": _list,
}


def _shown(value: Any) -> str:
    return f"{value!r:.60}"


def _matches(pattern: str, text: str) -> bool:
    if len(text) > 1000:  # an author's pattern may backtrack without end on long text
        return False
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True


_RECORD = Record(Variable)
_KNOWN = {"type", "title", "description", "default", "choices", "minimum", "maximum", "pattern"}


@dataclass(frozen=True)
class Variables(Shape):
    """Declared variables: a list of names or records, or a mapping of names to records, defaults or nothing."""

    empty = ()

    def read(self, node: Node, path: Path, reader: Reader) -> tuple[Variable, ...]:
        value = node.value
        if isinstance(value, list):
            found = [self._entry(item, (*path, index), reader) for index, item in enumerate(value)]
        elif isinstance(value, dict):
            found = [self._named(name, item, (*path, name), reader) for name, item in value.items()]
        elif value is None:
            found = []
        else:
            reader.wrong(node, path, "a list", "write '- name: NAME' for each variable")
            found = []
        seen: set[str] = set()
        for index, one in enumerate(found):
            if one.name in seen:
                place = (*path, index) if isinstance(value, list) else (*path, one.name)
                reader.fault(place, f"the variable '{one.name}' is declared twice", "remove one of the two")
            seen.add(one.name)
            _check_declaration(one, (*path, index if isinstance(value, list) else one.name), reader)
        return tuple(found)

    def _entry(self, node: Node, path: Path, reader: Reader) -> Variable:
        if isinstance(node.value, str):
            return Variable(name=IDENTIFIER.read(node, path, reader))
        found: Variable = _RECORD.read(node, path, reader)
        return found

    def _named(self, name: str, node: Node, path: Path, reader: Reader) -> Variable:
        if isinstance(node.value, dict) and node.value.keys() & _KNOWN:
            named = {"name": Node(name, node.line, node.column, node.start, node.start, {}), **node.value}
            found: Variable = _RECORD.read(node._replace(value=named), path, reader)
            return found
        IDENTIFIER.read(Node(name, node.line, node.column, node.start, node.start, {}), path, reader)
        return Variable(name=name) if node.value is None else Variable(name=name, default=node.plain())

    def write(self, value: Any) -> list[Any]:
        return [_RECORD.write(one) for one in value]

    def schema(self) -> Schema:
        return {"type": ["array", "object"], "items": {"anyOf": [{"type": "string"}, _RECORD.schema()]}}


def _check_declaration(variable: Variable, path: Path, reader: Reader) -> None:
    if variable.type == "choice" and not variable.choices:
        reader.fault(path, f"'{variable.name}' is a choice of nothing", "add 'choices:'")
    if variable.pattern:
        try:
            re.compile(variable.pattern)
        except re.error as error:
            reader.fault(path, f"{variable.pattern!r:.60} is no regular expression: {error}")
    default = variable.default
    if variable.required or (isinstance(default, str) and "{{" in default) or default in (None, ""):
        return
    if variable.type == "secret":
        reader.fault(path, f"the secret '{variable.name}' cannot have a default", "remove it; the job gives a secret")
        return
    try:
        variable.accept(default, pattern=False)
    except ValueError as error:
        reader.fault(path, f"the default of '{variable.name}' {error}")


def declared(names: Mapping[str, Any]) -> tuple[Variable, ...]:
    """Variables made by a program, name to default."""
    return tuple(Variable(name=name, default=default) for name, default in names.items())
