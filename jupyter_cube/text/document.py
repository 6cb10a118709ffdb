"""YAML or JSON text as a tree of values that remember their place.

The text is read as js-yaml 3 (``safeLoad``) reads it, because that is what OpenPAI's server does: a duplicate
key is a fault, ``yes`` and ``no`` are text, ``010`` is eight, there is one document, anchors and merge keys work.
Other than there, times of day (``20:30``) and dates stay text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from jupyter_cube.errors import Fault, SpecError
from jupyter_cube.text.scalar import Scalar, resolve, scalar_text

Event = Any  # yaml's events and marks, of the C or the Python parser
Path = tuple[str | int, ...]

MAX_DEPTH = 100
MAX_SIZE = 200_000  # values after the aliases are expanded; 64 characters of text count as one value

_TAG = "tag:yaml.org,2002:"
_BRACES = re.compile(r"\{\{[^{}\n]*\}\}")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_SURROGATES = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


class Node(NamedTuple):
    """One value and its place.

    Attributes:
        value: a scalar, a dict of nodes or a list of nodes.
        line: 1-based.
        column: 1-based.
        start: offset in the text, in characters; ``end`` is the offset behind it.
        keys: of a mapping, the keys' own nodes.
    """

    value: Scalar | dict[str, Node] | list[Node]
    line: int
    column: int
    start: int
    end: int
    keys: Mapping[str, Node]

    def plain(self) -> Any:
        """The value without places: scalars, dicts and lists."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


_NO_KEYS: Mapping[str, Node] = {}
_make = Node._make  # there are many nodes: it takes less than a call


@dataclass(frozen=True, slots=True)
class Document:
    """A text that was read.

    Attributes:
        file: its name in faults.
        root: the top mapping (of items, also a list of them); None where the text could not be read, which
            ``faults`` explains.
        faults: what is wrong with the text as YAML.
    """

    text: str
    file: str
    root: Node | None
    faults: tuple[Fault, ...] = ()

    def place(self, path: Path) -> tuple[int, int]:
        """Line and column of the key or list item at ``path``, or of its nearest parent that is there."""
        node, place = self.root, (0, 0)
        if node is not None:
            place = (node.line, node.column)
        for step in path:
            inner = _child(node, step)
            if node is None or inner is None:
                break
            shown = node.keys[step] if isinstance(step, str) else inner
            place, node = (shown.line, shown.column), inner
        return place

    def node(self, path: Path) -> Node | None:
        """The value at ``path``; None where there is none."""
        node = self.root
        for step in path:
            node = _child(node, step)
        return node

    def fault(self, path: Path, message: str, *, hint: str = "", fragment: str = "") -> Fault:
        """A fault at ``path``; with ``fragment``, at that piece of the text there."""
        line, column = self.place(path)
        node = self.node(path)
        if node is not None and fragment and (found := self.text.find(fragment, node.start, node.end)) >= 0:
            line = self.text.count("\n", 0, found) + 1
            column = found - self.text.rfind("\n", 0, found)
        return Fault(
            _one_line(message),
            line=line,
            column=column,
            path=_one_line(dotted(path)),
            hint=_one_line(hint),
            file=self.file,
        )


def dotted(path: Path) -> str:
    """A path as text: ``taskRoles.worker.commands[0]``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def read(text: str | bytes, *, file: str = "", template: bool = False) -> Document:
    """Read YAML or JSON text whose top level is a mapping. Never raises for what the text contains.

    Args:
        file: its name in the faults.
        template: it is an item, or a list of items: ``key: {{ name }}`` without quotes is read as meant.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            fault = Fault("this is not UTF-8 text", line=line, file=file, hint="save the file as UTF-8")
            return Document("", file, None, (fault,))
    if found := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        message = f"the character U+{ord(found[0]):04X} is not allowed"
        return Document(text, file, None, (Fault(message, line=line, column=column, file=file, hint="remove it"),))
    if text.lstrip()[:1] == "{":
        # JSON writes characters beyond U+FFFF as two escapes, which YAML does not know.
        text = _SURROGATES.sub(_join_surrogates, text)
    builder = _Builder(text, file, template=template)
    root = builder.build()
    return Document(text, file, root, tuple(builder.faults))


def from_values(values: Mapping[str, Any], *, file: str = "") -> Document:
    """A document of plain values, which have no lines."""
    return Document("", file, _without_place(values))


def _without_place(value: Any) -> Node:
    if isinstance(value, Mapping):
        inner: Any = {str(key): _without_place(item) for key, item in value.items()}
        return Node(inner, 0, 0, 0, 0, {key: Node(key, 0, 0, 0, 0, {}) for key in inner})
    if isinstance(value, list | tuple):
        return Node([_without_place(item) for item in value], 0, 0, 0, 0, {})
    return Node(value, 0, 0, 0, 0, {})


def _child(node: Node | None, step: str | int) -> Node | None:
    found: Node | None = None
    if node is not None and isinstance(node.value, dict) and isinstance(step, str):
        found = node.value.get(step)
    elif node is not None and isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
        found = node.value[step]
    return found


def _one_line(text: str) -> str:
    """Names from a document may contain anything, a fault is one line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _join_surrogates(found: re.Match[str]) -> str:
    code = 0x10000 + ((int(found[1], 16) - 0xD800) << 10) + (int(found[2], 16) - 0xDC00)
    return f"\\U{code:08X}"


class _Builder:
    """Makes nodes from the parser's events; composing them here bounds depth and size, and keeps every mark."""

    def __init__(self, text: str, file: str, *, template: bool) -> None:
        import yaml

        self.text = text
        self._template = template
        self.file = file
        self.faults: list[Fault] = []
        self._yaml = yaml
        self._next: Callable[[], Event] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text).get_event
        self._size = 0
        self._anchors: dict[str, tuple[Node, int] | None] = {}  # None while the anchored value is being read

    def build(self) -> Node | None:
        try:
            self._next()
            if isinstance(self._next(), self._yaml.StreamEndEvent):
                raise SpecError(
                    [
                        Fault(
                            "there is nothing in it",
                            file=self.file,
                            hint=self._advice("write a job, or name a file", "write an item, or name another file"),
                        )
                    ]
                )
            root: Node = self._node(self._next(), 0)
            self._next()
            if not isinstance(event := self._next(), self._yaml.StreamEndEvent):
                advice = self._advice("put each job into a file of its own", "write one list, each item after '- '")
                self._fault(event, "a second document begins here", advice)
                if not self._template:
                    return None
        except self._yaml.MarkedYAMLError as error:
            self.faults.append(self._syntax_fault(error))
            return None
        except SpecError as error:
            self.faults.extend(error.faults)
            return None
        if not isinstance(root.value, dict) and not (self._template and isinstance(root.value, list)):
            message = "the top level must be a mapping of keys to values"
            self.faults.append(Fault(message, line=root.line, column=root.column, file=self.file))
            return None
        return root

    def _advice(self, of_job: str, of_item: str) -> str:
        return of_item if self._template else of_job

    def _node(self, event: Event, depth: int) -> Node:
        yaml, kind = self._yaml, event.__class__
        if kind is yaml.AliasEvent:
            return self._alias(event)
        anchor: str | None = event.anchor
        before = self._size
        if anchor:
            self._anchors[anchor] = None
        self._size += 1
        if kind is yaml.ScalarEvent:
            self._size += len(event.value) // 64
        if self._size > MAX_SIZE or depth > MAX_DEPTH:
            raise self._beyond(event, depth)
        if kind is yaml.ScalarEvent:
            value = resolve(event.value) if event.tag is None and event.implicit[0] else self._scalar(event)
            node = _placed(event, value, event, _NO_KEYS)
        elif kind is yaml.SequenceStartEvent:
            self._collection_tag(event, "seq")
            items: list[Node] = []
            while (inner := self._next()).__class__ is not yaml.SequenceEndEvent:
                items.append(self._node(inner, depth + 1))
            node = _placed(event, items, inner, _NO_KEYS)
        else:
            self._collection_tag(event, "map")
            known = len(self.faults)
            node = self._mapping(event, depth)
            if self._template and event.flow_style and _BRACES.fullmatch(self.text, node.start, node.end):
                del self.faults[known:]  # a mapping as a key: {{ name }}
                node = node._replace(value=self.text[node.start : node.end], keys=_NO_KEYS)
        if anchor:
            self._anchors[anchor] = (node, self._size - before)
        return node

    def _alias(self, event: Event) -> Node:
        if event.anchor not in self._anchors:
            raise self._stop(event, f"*{event.anchor} names no anchor above", f"write &{event.anchor} at the value")
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise self._stop(event, f"*{event.anchor} contains itself", "write the value out")
        self._size += anchored[1]
        if self._size > MAX_SIZE:
            raise self._beyond(event, 0)
        return anchored[0]

    def _mapping(self, event: Event, depth: int) -> Node:
        entries: dict[str, Node] = {}
        keys: dict[str, Node] = {}
        merged: set[str] = set()
        following, end = self._next, self._yaml.MappingEndEvent
        while (first := following()).__class__ is not end:
            key_node = self._node(first, depth + 1)
            value = self._node(following(), depth + 1)
            key = key_node.value
            if not isinstance(key, str):
                if isinstance(key, dict | list):
                    self._odd_key(key_node)
                    continue
                key = scalar_text(key)
            elif key == "<<" and getattr(first, "implicit", (False,))[0]:
                for key, (key_there, node) in self._merge(first, value).items():
                    if key not in entries:
                        entries[key], keys[key] = node, key_there
                        merged.add(key)
                continue
            if key in entries and key not in merged:
                message = f"the key {key!r} is there twice, first in line {keys[key].line}"
                self._fault(first, message, "remove or rename one of the two")
                continue
            merged.discard(key)
            entries[key] = value
            keys[key] = key_node
        return _placed(event, entries, first, keys)

    def _merge(self, event: Event, node: Node) -> dict[str, tuple[Node, Node]]:
        """What a ``<<`` brings in; of several mappings the first wins."""
        sources = node.value if isinstance(node.value, list) else [node]
        found: dict[str, tuple[Node, Node]] = {}
        for source in sources:
            if not isinstance(source.value, dict):
                self._fault(event, "<< can only merge mappings", "name the anchor of a mapping")
                continue
            self._size += len(source.value)
            if self._size > MAX_SIZE:
                raise self._beyond(event, 0)
            for key, inner in source.value.items():
                found.setdefault(key, (source.keys[key], inner))
        return found

    def _odd_key(self, node: Node) -> None:
        hint = "write 'key: value'"
        if self.text[node.start : node.start + 1] == "{":
            hint = "put a value that begins with {{ in quotes"
        message = "a mapping or list cannot be a key"
        self.faults.append(Fault(message, line=node.line, column=node.column, file=self.file, hint=hint))

    def _scalar(self, event: Event) -> Scalar:
        tag: str | None = event.tag
        text: str = event.value
        if tag is None:
            return text  # in quotes
        kind = tag.removeprefix(_TAG)
        if kind in ("!", "str", "timestamp"):
            return text
        value = resolve(text)
        types = {"null": type(None), "bool": bool, "int": int, "float": (int, float)}
        if kind in types and isinstance(value, types[kind]):  # type: ignore[arg-type]
            return value
        known = f"{text!r} is no {kind}" if kind in types else f"the tag {_shown(tag)} is not supported"
        self._fault(event, known, "leave the tag away")
        return text

    def _collection_tag(self, event: Any, expected: str) -> None:
        if event.tag not in (None, "!", _TAG + expected):
            self._fault(event, f"the tag {_shown(event.tag)} is not supported", "leave the tag away")

    def _beyond(self, event: Event, depth: int) -> SpecError:
        if depth > MAX_DEPTH:
            return self._stop(event, f"values are nested more than {MAX_DEPTH} deep", "flatten them")
        return self._stop(event, f"with its aliases written out it has more than {MAX_SIZE:,} values", "")

    def _fault(self, event: Event, message: str, hint: str) -> None:
        mark = event.start_mark
        self.faults.append(Fault(message, line=mark.line + 1, column=mark.column + 1, file=self.file, hint=hint))

    def _stop(self, event: Event, message: str, hint: str) -> SpecError:
        mark = event.start_mark
        return SpecError([Fault(message, line=mark.line + 1, column=mark.column + 1, file=self.file, hint=hint)])

    def _syntax_fault(self, error: Any) -> Fault:
        mark = error.problem_mark or error.context_mark
        line, column = mark.line + 1, mark.column + 1
        lines = self.text.splitlines()
        before = lines[mark.line][: mark.column + 1] if mark.line < len(lines) else ""
        problem = str(error.problem)
        if "nesting depth" in problem:
            problem, hint = f"values are nested more than {MAX_DEPTH} deep", "flatten them"
        elif "{{" in "".join(lines[mark.line : mark.line + 1]):
            problem, hint = "{{ }} inside a longer value", 'quote it: "{{ name }}/file"'
        elif "\t" in before and not before.strip():
            problem, hint = "a tab where YAML wants spaces", "indent with spaces"
        elif "mapping values are not allowed" in problem:
            problem, hint = "a second ': ' in one value, or wrong indentation", "put the value in quotes"
        elif "cannot start any token" in problem:
            problem, hint = f"a value cannot begin with {before[-1:]!r}", "put the value in quotes"
        elif "did not find expected" in problem or "expected <block end>" in problem:
            problem = "this line does not fit the ones above"
            hint = "check the indentation, and that brackets and quotes are closed"
        elif "unexpected end of stream" in problem and error.context_mark:
            mark = error.context_mark
            line, column = mark.line + 1, mark.column + 1
            problem, hint = "the quote that is opened here is never closed", "close it"
        else:
            hint = "check the YAML of this line"
        return Fault(problem, line=line, column=column, file=self.file, hint=hint)


def _placed(event: Event, value: Any, last: Event, keys: Mapping[str, Node]) -> Node:
    mark = event.start_mark
    return _make((value, mark.line + 1, mark.column + 1, mark.index, last.end_mark.index, keys))


def _shown(tag: str) -> str:
    return tag.replace(_TAG, "!!")
