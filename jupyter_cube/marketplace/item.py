"""An item of the marketplace: one YAML file, in a folder ``NAME/VERSION/`` with whatever files it carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_cube.errors import Fault, SpecError
from jupyter_cube.marketplace.reference import NAME, NAME_WORDS
from jupyter_cube.marketplace.variable import Variable, Variables
from jupyter_cube.marketplace.version import VERSION
from jupyter_cube.plugins import action, registry
from jupyter_cube.plugins.action import Action
from jupyter_cube.text import document
from jupyter_cube.text.document import Document, Node
from jupyter_cube.text.document import Path as Place
from jupyter_cube.text.record import Record, key
from jupyter_cube.text.shape import NAMES, Choice, Reader, Shape, Table, Text

FILE = "item.yaml"
KINDS = ("dataset", "prerequisite", "job", "notebook", "storage")


@dataclass(frozen=True, kw_only=True)
class Item(Action):
    """One version of an item.

    Attributes:
        kind: one of ``KINDS``; a prerequisite of the type ``data`` is a dataset.
        version: empty: not published yet.
        id: what ``marketplace://itemId/ID`` means; empty: none.
        title: what lists show instead of the name.
        license: an SPDX identifier, or text; ``source`` is where the item's content comes from.
        job: of the kind ``job``, an OpenPAI job with template variables in it.
        notebook: of the kind ``notebook``, the name of the file beside this one.
        variables: declared template variables.
        origin: what the item was imported from, kept as it was.
        document: the text it was read from, for the places of faults.
    """

    kind: str = key("kind", Choice(KINDS, "kind"), default="prerequisite")
    name: str = key("name", Text(NAME, NAME_WORDS))
    version: str = key("version", Text(VERSION, "a version such as 1.0.0"), default="")
    id: str = key("id", Text(r"[A-Za-z0-9][\w.~-]*", "of letters, digits, '.', '_', '~' and '-'", 128), default="")
    type: str = key("type", Text(), default="", about="OpenPAI's type: data, script, output")
    title: str = key("title", Text(longest=200), default="")
    summary: str = key("summary", Text(longest=1000), default="", about="one line")
    description: str = key("description", Text(longest=200_000), default="", about="Markdown")
    author: str = key("author", Text(longest=200), default="")
    license: str = key("license", Text(longest=200), default="")
    source: str = key("source", Text(longest=2000), default="", about="where its content comes from")
    tags: tuple[str, ...] = key("tags", NAMES, default=())
    categories: tuple[str, ...] = key("categories", NAMES, default=())
    thumbnail: str = key("thumbnail", Text(), default="", about="a picture beside this file")
    variables: tuple[Variable, ...] = key("template_variables", Variables(), default=())
    job: Mapping[str, Any] | None = key("job", Table(Shape()), default=None)
    notebook: str = key("notebook", Text(), default="", about="a notebook beside this file")
    origin: Mapping[str, Any] = key("origin", Table(Shape()), default={}, about="what it was imported from")
    document: Document | None = field(default=None, compare=False, repr=False)

    @property
    def label(self) -> str:
        """Name and version."""
        return f"{self.name}@{self.version}" if self.version else self.name

    def variable(self, name: str) -> Variable | None:
        return next((one for one in self.variables if one.name == name), None)

    def place(self, path: Place) -> str:
        """File and line of a part of it, for messages."""
        if self.document is None or not self.document.file:
            return self.label
        line, _ = self.document.place(path)
        return f"{self.document.file}:{line}" if line else self.document.file


@dataclass(frozen=True, slots=True)
class Published:
    """An item as a source has it.

    Attributes:
        source: the source's name.
        digest: ``sha256:`` and the digest of all its files.
        folder: where its files are.
        publisher: who put it there, as far as the source can tell.
        trusted: it may be run without asking.
    """

    item: Item
    source: str
    digest: str
    folder: Path
    publisher: str = ""
    trusted: bool = True


def parse_all(text: str | bytes, *, file: str = "") -> tuple[Item, ...]:
    """The item, or the list of items, that a text describes.

    Raises:
        SpecError: with all its faults.
    """
    items, faults = check_all(text, file=file)
    if faults:
        raise SpecError(faults)
    return items


def parse(text: str | bytes, *, file: str = "") -> Item:
    """The one item that a text describes.

    Raises:
        SpecError: with all its faults.
    """
    items = parse_all(text, file=file)
    if len(items) != 1:
        raise SpecError([Fault(f"there are {len(items)} items in it", file=file, hint="write one item")])
    return items[0]


def check_all(text: str | bytes, *, file: str = "") -> tuple[tuple[Item, ...], tuple[Fault, ...]]:
    """The items that a text describes, as far as they can be read, and all that is wrong with them."""
    read = document.read(text, file=file, template=True)
    if read.root is None:
        return (), read.faults
    nodes = read.root.value if isinstance(read.root.value, list) else [read.root]
    items: list[Item] = []
    faults = list(read.faults)
    for index, node in enumerate(nodes):
        # paths in faults begin at the item, lines are those of the file
        part = replace(read, root=node)
        reader = Reader(part)
        item = _read(node, reader)
        found = [*reader.faults, *_inconsistent(item, part)] if isinstance(node.value, dict) else reader.faults
        prefix = f"[{index}]" if len(nodes) > 1 else ""
        faults += [replace(fault, path=f"{prefix}.{fault.path}".strip(".")) for fault in found]
        items.append(item)
    return tuple(items), tuple(sorted(faults, key=lambda fault: (fault.line, fault.column)))


def _read(node: Node, reader: Reader) -> Item:
    item: Item = Record(Item).read(node, (), reader)
    if "kind" in item.written:
        return item
    kind = item.kind
    if item.type == "data":
        kind = "dataset"
    elif item.short_plugin == "pvc_storage":
        kind = "storage"
    elif item.job is not None:
        kind = "job"
    elif item.notebook:
        kind = "notebook"
    return replace(item, kind=kind)


def _inconsistent(item: Item, part: Document) -> list[Fault]:
    """What does not go together in an item by itself."""
    found = action.faults(item, part, ())
    if (error := registry.unknown(item.short_plugin)) is not None:
        found.append(part.fault(("plugin",), error.message, hint=error.hint or "install what provides it"))
    if item.kind == "job" and item.job is None:
        found.append(part.fault(("kind",), "a job template has no job", hint="add 'job:' with an OpenPAI job"))
    if item.kind == "notebook" and not item.notebook:
        found.append(part.fault(("kind",), "a notebook template has no notebook", hint="add 'notebook: FILE'"))
    for name, file in (("notebook", item.notebook), ("thumbnail", item.thumbnail)):
        if file and (Path(file).is_absolute() or ".." in Path(file).parts):
            found.append(part.fault((name,), f"{file!r:.100} is not beside the item", hint="name a file there"))
    if item.kind == "storage" and item.short_plugin != "pvc_storage":
        hint = "write 'plugin: pvc_storage' with plugin_params name and mountPath"
        found.append(part.fault(("plugin",), "a storage mounts a volume by the plugin pvc_storage", hint=hint))
    return found


def to_dict(item: Item) -> dict[str, Any]:
    """The item as a document, in the order in which it was written."""
    return Record(Item).write(item)
