"""Shapes of a document's values: each reads a node into a typed value, writes it back and describes itself.

Reading collects every fault instead of stopping at the first, and gives the shape's ``empty`` value where something
is wrong, so that later checks can go on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_cube.errors import Fault, near
from jupyter_cube.text.document import Document, Node, Path
from jupyter_cube.text.scalar import scalar_text

Schema = dict[str, Any]


class Reader:
    """Collects the faults of one document while it is read."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []

    def fault(self, path: Path, message: str, hint: str = "") -> None:
        self.faults.append(self.document.fault(path, message, hint=hint))

    def wrong(self, node: Node, path: Path, expected: str, hint: str = "") -> None:
        """A value of the wrong type."""
        value = node.value
        if isinstance(value, dict | list):
            found = "a mapping" if isinstance(value, dict) else "a list"
        elif isinstance(value, str):
            found = "text" if path[:1] == ("secrets",) else f"{value!r:.60}"
        else:
            found = "nothing" if value is None else scalar_text(value)
        self.fault(path, f"this must be {expected}, not {found}", hint)


class Shape:
    """Base of all shapes; by itself the shape of any value."""

    empty: Any = None

    def read(self, node: Node, path: Path, reader: Reader) -> Any:  # noqa: ARG002 (other shapes report faults)
        return node.plain()

    def write(self, value: Any) -> Any:
        return value

    def schema(self) -> Schema:
        return {}


@dataclass(frozen=True)
class Text(Shape):
    """Text that matches ``pattern`` as a whole; ``words`` says the pattern in words."""

    pattern: str = ""
    words: str = ""
    longest: int = 0
    empty = ""

    def read(self, node: Node, path: Path, reader: Reader) -> str:
        value = node.value
        if not isinstance(value, str):
            quote = isinstance(value, bool | int | float)
            reader.wrong(node, path, "text", "put it in quotes" if quote else "")
            return ""
        if self.pattern and not re.fullmatch(self.pattern, value):
            reader.fault(path, f"{value!r:.60} must be {self.words}")
        elif self.longest and len(value) > self.longest:
            reader.fault(path, f"this has {len(value)} characters, at most {self.longest} are allowed")
        return value

    def schema(self) -> Schema:
        schema: Schema = {"type": "string"}
        if self.pattern:
            schema["pattern"] = f"^(?:{self.pattern})$"
        if self.longest:
            schema["maxLength"] = self.longest
        return schema


@dataclass(frozen=True)
class Integer(Shape):
    """A whole number; 2.0 is one, as in JavaScript."""

    minimum: int | None = None
    zero: bool = True
    why: str = ""
    empty = 0

    def read(self, node: Node, path: Path, reader: Reader) -> int:
        value = node.value
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole:
            reader.wrong(node, path, "a whole number")
            return 0
        number = int(value)  # type: ignore[arg-type]
        if self.minimum is not None and number < self.minimum:
            reader.fault(path, f"{number} is too small, {self.minimum} is the least", self.why)
        elif number == 0 and not self.zero:
            reader.fault(path, "0 is not allowed here", self.why)
        return number

    def schema(self) -> Schema:
        schema: Schema = {"type": "integer"}
        if self.minimum is not None:
            schema["minimum"] = self.minimum
        if not self.zero:
            schema["not"] = {"const": 0}
        return schema


@dataclass(frozen=True)
class Flag(Shape):
    """true or false."""

    empty = False

    def read(self, node: Node, path: Path, reader: Reader) -> bool:
        if not isinstance(node.value, bool):
            reader.wrong(node, path, "true or false")
            return False
        return node.value

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Choice(Shape):
    """One of some values; ``names`` is what an unknown one is called in the fault."""

    values: tuple[Any, ...]
    what: str = "value"

    def read(self, node: Node, path: Path, reader: Reader) -> Any:
        value = node.value
        if isinstance(value, bool | dict | list) or value not in self.values:
            known = [str(each) for each in self.values]
            shown = f"unknown {self.what} {value!r:.60}" if isinstance(value, str) else f"unknown {self.what}"
            reader.fault(path, shown, near(str(value), known) if isinstance(value, str) else f"one of {known}")
            return None
        return value

    def schema(self) -> Schema:
        return {"enum": list(self.values)}


@dataclass(frozen=True)
class Either(Shape):
    """Text or a number, kept as written."""

    empty = ""

    def read(self, node: Node, path: Path, reader: Reader) -> str | int | float:
        if isinstance(node.value, bool) or not isinstance(node.value, str | int | float):
            reader.wrong(node, path, "text or a number")
            return ""
        return node.value

    def schema(self) -> Schema:
        return {"type": ["string", "number"]}


@dataclass(frozen=True)
class Number(Shape):
    """A number, whole or not."""

    empty = 0

    def read(self, node: Node, path: Path, reader: Reader) -> int | float:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            reader.wrong(node, path, "a number")
            return 0
        return node.value

    def schema(self) -> Schema:
        return {"type": "number"}


@dataclass(frozen=True)
class Nullable(Shape):
    """Another shape, or nothing."""

    inner: Shape

    def read(self, node: Node, path: Path, reader: Reader) -> Any:
        return None if node.value is None else self.inner.read(node, path, reader)

    def schema(self) -> Schema:
        schema = self.inner.schema()
        return {**schema, "type": [schema["type"], "null"]}


@dataclass(frozen=True)
class Items(Shape):
    """A list, read as a tuple."""

    inner: Shape
    least: int = 0
    hint: str = ""
    empty = ()

    def read(self, node: Node, path: Path, reader: Reader) -> tuple[Any, ...]:
        if not isinstance(node.value, list):
            single = "" if isinstance(node.value, dict) else "write each entry in a line of its own, after '- '"
            reader.wrong(node, path, "a list", self.hint or single)
            return ()
        if len(node.value) < self.least:
            reader.fault(path, "the list is empty", self.hint or "add an entry or leave it away")
        return tuple(self.inner.read(item, (*path, index), reader) for index, item in enumerate(node.value))

    def write(self, value: Sequence[Any]) -> list[Any]:
        return [self.inner.write(item) for item in value]

    def schema(self) -> Schema:
        schema: Schema = {"type": "array", "items": self.inner.schema()}
        return {**schema, "minItems": self.least} if self.least else schema


@dataclass(frozen=True)
class Table(Shape):
    """A mapping whose keys the author chooses, all values of one shape."""

    inner: Shape
    keys: Text = Text()
    least: int = 0
    hint: str = ""
    empty = {}  # noqa: RUF012 (never changed: a mapping that nobody wrote)

    def read(self, node: Node, path: Path, reader: Reader) -> dict[str, Any]:
        if not isinstance(node.value, dict):
            reader.wrong(node, path, "a mapping", self.hint)
            return {}
        if len(node.value) < self.least:
            reader.fault(path, "the mapping is empty", self.hint or "add an entry or leave it away")
        for key in node.value:
            if self.keys.pattern and not re.fullmatch(self.keys.pattern, key):
                reader.fault((*path, key), f"the name {key!r:.60} must be {self.keys.words}")
        return {key: self.inner.read(item, (*path, key), reader) for key, item in node.value.items()}

    def write(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self.inner.write(item) for key, item in value.items()}

    def schema(self) -> Schema:
        schema: Schema = {"type": "object", "additionalProperties": self.inner.schema()}
        if self.keys.pattern:
            schema["propertyNames"] = {"pattern": self.keys.schema()["pattern"]}
        return {**schema, "minProperties": self.least} if self.least else schema


COMMANDS = Items(Text(), least=1, hint="write each command as '- command'")
NAMES = Items(Text())
IDENTIFIER = Text("[a-zA-Z_][a-zA-Z0-9_]*", "of letters, digits and _, and not begin with a digit")
