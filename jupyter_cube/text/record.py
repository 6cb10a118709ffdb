"""Records: mappings with known keys, as frozen dataclasses whose fields say how they are written.

The dataclasses are the one model of a format: documents are read with them, written back in the order in which they
were written, and described by them as JSON Schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from jupyter_cube.errors import near
from jupyter_cube.text.document import Node, Path
from jupyter_cube.text.shape import Choice, Reader, Schema, Shape


@dataclass(frozen=True)
class Key:
    """How one field of a record is written: its key's shape, and whether it must be there."""

    field: str
    shape: Shape
    required: bool
    default: Any
    about: str


def key(
    name: str,
    shape: Shape,
    *,
    default: Any = MISSING,
    required: bool = False,
    about: str = "",
    unused: str = "",
    repr: bool = True,
) -> Any:
    """A dataclass field that is the key ``name`` of a document; without ``default``, the key must be there.

    Args:
        unused: why it has no effect; empty where it has one.
    """
    metadata = {"key": name, "shape": shape, "required": required or default is MISSING, "about": about}
    metadata["unused"] = unused
    if isinstance(default, dict):
        return field(default_factory=dict, repr=repr, metadata=metadata)
    return field(default=default, repr=repr, metadata=metadata)


def others(unused: Mapping[str, str | None]) -> Any:
    """The field ``more`` of a record where keys that are not known have no effect.

    Args:
        unused: why, of those that people write; None: nobody expects that one to have an effect.
    """
    return field(default_factory=dict, metadata={"unused": unused})


@dataclass(frozen=True, kw_only=True)
class Written:
    """Base of the dataclasses that are records.

    Attributes:
        written: the keys as they were written, in order.
    """

    written: tuple[str, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class Record(Shape):
    """A mapping with known keys, read into the dataclass ``kind``.

    Where the dataclass has a field ``more``, keys that are not known are kept there; else they are faults. A field
    ``document`` gets the document that it was read from.
    """

    kind: type[Any]

    @property
    def keys(self) -> Mapping[str, Key]:
        """The keys that may be written, by name."""
        return _layout(self.kind).keys

    @property
    def empty(self) -> Any:
        return self.kind(**_layout(self.kind).empty)

    def read(self, node: Node, path: Path, reader: Reader) -> Any:
        if not isinstance(node.value, dict):
            reader.wrong(node, path, "a mapping")
            return self.empty
        layout = _layout(self.kind)
        keys = layout.keys
        values: dict[str, Any] = {"written": tuple(node.value)}
        others: dict[str, Node] = {}
        for name, item in node.value.items():
            if (each := keys.get(name)) is not None:
                values[each.field] = each.shape.read(item, (*path, name), reader)
            else:
                others[name] = item
        for name in layout.required:
            if name not in node.value:
                reader.fault((*path, name), f"the key '{name}' is missing", f"add '{name}:'")
        if layout.more:
            values["more"] = {name: item.plain() for name, item in others.items()}
        else:
            for name in others:
                reader.fault((*path, name), f"unknown key '{name}'", near(name, keys))
        if layout.document:
            values["document"] = reader.document
        return self.kind(**{**layout.empty, **values})

    def write(self, value: Any) -> dict[str, Any]:
        keys = _layout(type(value)).keys
        more: Mapping[str, Any] = getattr(value, "more", {})
        names = [name for name in value.written if name in keys or name in more]
        for name, each in keys.items():
            if name not in names and (each.required or getattr(value, each.field) != each.default):
                names.append(name)
        names += [name for name in more if name not in names]
        return {
            name: keys[name].shape.write(getattr(value, keys[name].field)) if name in keys else more[name]
            for name in names
        }

    def schema(self) -> Schema:
        layout = _layout(self.kind)
        keys = layout.keys
        properties = {}
        for name, each in keys.items():
            described = {"description": each.about} if each.about else {}
            properties[name] = {**each.shape.schema(), **described}
        schema: Schema = {"type": "object", "properties": properties}
        if layout.required:
            schema["required"] = list(layout.required)
        if not layout.more:
            schema["additionalProperties"] = False
        return schema


def without_effect(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The keys that are written in a record and have no effect, with the reason where it is known."""
    if isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from without_effect(each, (*path, index))
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from without_effect(each, (*path, str(name)))
    elif isinstance(value, Written):
        for each in fields(value):
            inner, about = getattr(value, each.name), each.metadata
            if "key" not in about:
                unused = about.get("unused", {})
                why = {name: unused.get(name, "") for name in inner} if "unused" in about else {}
                yield from (((*path, name), reason) for name, reason in why.items() if reason is not None)
            elif not about["unused"]:
                yield from without_effect(inner, (*path, about["key"]))
            elif about["key"] in value.written and inner != each.default:
                yield (*path, about["key"]), about["unused"]


@dataclass(frozen=True)
class Tagged(Shape):
    """A record whose dataclass the value of the key ``tag`` decides; any other value is that of ``others``."""

    tag: str
    kinds: Mapping[str, type[Any]]
    what: str
    others: type[Any] | None = None

    def read(self, node: Node, path: Path, reader: Reader) -> Any:
        fallback = next(iter(self.kinds.values()))
        if not isinstance(node.value, dict):
            reader.wrong(node, path, "a mapping")
            return Record(fallback).empty
        tag = node.value.get(self.tag)
        if tag is None:
            known = ", ".join(self.kinds)
            reader.fault(
                (*path, self.tag), f"the key '{self.tag}' is missing", f"add '{self.tag}:' with one of {known}"
            )
        elif self.others is not None and isinstance(tag.value, str):
            return Record(self.kinds.get(tag.value, self.others)).read(node, path, reader)
        elif Choice(tuple(self.kinds), self.what).read(tag, (*path, self.tag), reader) is None:
            tag = None
        if tag is None:
            # What else is wrong in it depends on the tag; its name is of use.
            return Record(fallback).read(node, path, Reader(reader.document))
        return Record(self.kinds[str(tag.value)]).read(node, path, reader)

    def write(self, value: Any) -> dict[str, Any]:
        return Record(type(value)).write(value)

    def schema(self) -> Schema:
        kinds = dict.fromkeys(self.kinds.values())
        cases = []
        for kind in kinds:
            tags = [tag for tag, each in self.kinds.items() if each is kind]
            condition = {"properties": {self.tag: {"enum": tags}}, "required": [self.tag]}
            cases.append({"if": condition, "then": Record(kind).schema()})
        if self.others is not None:
            condition = {"not": {"properties": {self.tag: {"enum": list(self.kinds)}}}}
            cases.append({"if": condition, "then": Record(self.others).schema()})
        known: Schema = {self.tag: {"enum": list(self.kinds)} if self.others is None else {"type": "string"}}
        return {"type": "object", "properties": known, "required": [self.tag], "allOf": cases}


@dataclass(frozen=True)
class _Layout:
    """A record's keys, computed once.

    Attributes:
        required: keys that must be there.
        empty: what stands in fields without a default where their keys are missing.
        more: there is a field for keys that are not known; ``document``: one for the document.
    """

    keys: Mapping[str, Key]
    required: tuple[str, ...]
    empty: Mapping[str, Any]
    more: bool
    document: bool


_layouts: dict[type[Any], _Layout] = {}


def _layout(kind: type[Any]) -> _Layout:
    if kind in _layouts:
        return _layouts[kind]
    keys = {
        each.metadata["key"]: Key(
            each.name,
            each.metadata["shape"],
            each.metadata["required"],
            {} if each.default_factory is not MISSING else each.default,
            each.metadata["about"],
        )
        for each in fields(kind)
        if "key" in each.metadata
    }
    named = {each.name for each in fields(kind)}
    _layouts[kind] = _Layout(
        keys,
        tuple(name for name, each in keys.items() if each.required),
        {each.field: each.shape.empty for each in keys.values() if each.default is MISSING},
        "more" in named,
        "document" in named,
    )
    return _layouts[kind]
