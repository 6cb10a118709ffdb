"""What keeps an item from being of use, beyond its own faults: looked for when it is published, not when it is used."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from jupyter_cube.errors import BackendError, CubeError, Fault, NotFoundError, near
from jupyter_cube.marketplace import braces, carried, digest
from jupyter_cube.marketplace import reference as references
from jupyter_cube.marketplace.binding import Problem, foreseen
from jupyter_cube.marketplace.item import Item, Published
from jupyter_cube.marketplace.sources.base import one_line
from jupyter_cube.marketplace.upcoming import Upcoming
from jupyter_cube.plugins import registry
from jupyter_cube.plugins.action import Requirement, Requirements
from jupyter_cube.text.document import Document, Node
from jupyter_cube.text.document import Path as Place
from jupyter_cube.text.record import Record
from jupyter_cube.text.shape import Reader

_UNDECLARED = "declare it under template_variables"


def of_files(item: Item, folder: Path) -> list[Fault]:
    """Files that an item names and that are not beside it."""
    found = []
    for name in ("notebook", "thumbnail"):
        file = str(getattr(item, name))
        if file and digest.allowed(file) and not _ordinary(folder / file):
            found.append(_read(item).fault((name,), f"there is no file {file!r:.100} beside the item"))
    if (source := carried.source(item)) and not (digest.allowed(source) and _ordinary(folder / source, or_folder=True)):
        message = f"there is no file or folder {source!r:.100} beside the item"
        hint = "put it there, or write the whole path of one of this machine"
        found.append(_read(item).fault(("plugin_params", "source"), message, hint=hint))
    return found


def _ordinary(path: Path, *, or_folder: bool = False) -> bool:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or (or_folder and stat.S_ISDIR(mode))


def of_texts(item: Item) -> list[Fault]:
    """Variables that its texts mention and that it does not declare, and filters that there are none of."""
    names = [variable.name for variable in item.variables]
    filled = [(key,) for key in carried.FILLED] if item.short_plugin else [("requireStorages",)]
    found = [fault for path in filled for fault in _wrong(item, path, names, _UNDECLARED)]
    if item.job is not None:
        found += _wrong(item, ("job",), names, _UNDECLARED)
    for index in range(len(item.require)):
        found += _wrong(item, ("require", index), names, _UNDECLARED)
    is_list = isinstance(getattr(_read(item).node(("template_variables",)), "value", None), list)
    for index, variable in enumerate(item.variables):
        if not variable.required:
            path: Place = ("template_variables", index if is_list else variable.name)
            found += _wrong(item, path, names[:index], "a default may mention what is declared before it", "default")
    return found


def _wrong(item: Item, path: Place, known: Sequence[str], advice: str, key: str = "") -> Iterator[Fault]:
    read = _read(item)
    node = read.node(path)
    if node is not None and key and isinstance(node.value, dict) and key in node.value:
        node, path = node.value[key], (*path, key)
    for place, text in _texts(node, path):
        for piece, error in braces.wrong(text, known):
            if error.name in known:
                message, hint = str(error), f"the filters are {', '.join(braces.FILTERS)}"
            else:
                message, hint = f"there is no template variable '{error.name}' here", near(error.name, known) or advice
            yield read.fault(place, message, hint=hint, fragment=piece)


def of_plugin(item: Item) -> list[Fault]:
    """Parameters that the item's plugin does not know or misses, or that are wrong whatever the variables are."""
    name = item.short_plugin
    if name in ("", registry.COMMANDS) or not registry.known(name):
        return []
    read = _read(item)
    reader = _Sure(read)
    given = read.node(("plugin_params",)) or Node({}, 0, 0, 0, 0, {})
    Record(registry.plugin(name).parameters).read(given, ("plugin_params",), reader)
    return reader.faults


class _Sure(Reader):
    """Collects the faults that filling in variables does not mend."""

    def fault(self, path: Place, message: str, hint: str = "") -> None:
        node = self.document.node(path)
        is_open = node is not None and isinstance(node.value, str) and bool(braces.names(node.value))
        if not is_open or message.startswith("unknown key"):
            super().fault(path, message, hint)


def _texts(node: Node | None, path: Place) -> Iterator[tuple[Place, str]]:
    value: Any = node.value if node is not None else None
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))


class Requiring:
    """What items that are about to be published require.

    Attributes:
        faults: what is not there, not filled right, or required in a circle.
        notes: what cannot be known now, a line each.
    """

    def __init__(self, items: Sequence[Item], upcoming: Upcoming) -> None:
        self.faults: list[Fault] = []
        self.notes: list[str] = []
        self._upcoming = upcoming
        self._known: dict[str, Published | CubeError] = {}
        for item in items:
            for path, requirement in required(item):
                problems = self._problems(item, requirement)
                self.faults += [_read(item).fault(path, message, hint=hint) for message, hint in problems]
        self._circle(items)

    def _found(self, name: str) -> Published | CubeError:
        found = self._known.get(name)
        if found is None:
            try:
                found = self._upcoming.find(references.parse(name))
            except CubeError as error:
                found = error
            self._known[name] = found
        return found

    def _problems(self, item: Item, requirement: Requirement) -> list[Problem]:
        name = requirement.name
        if not references.is_reference(name):
            return [(f"'{name}' is no item", f"write {references.SCHEME}name/{name}")]
        found = self._found(name)
        if isinstance(found, CubeError):
            if self._is_unknown(name, found):
                self.notes.append(
                    f"whether {name} is there, which {item.label} requires, is not known: {one_line(str(found))}"
                )
                return []
            advice = "publish that first, or in one file with this" if isinstance(found, NotFoundError) else ""
            return [(one_line(found.message), found.hint or advice)]
        if found.item.kind in ("job", "notebook"):
            return [(f"{found.item.label} is a {found.item.kind} template, not a prerequisite", "")]
        return foreseen(found.item, requirement.values, patterns=found.trusted)

    def _is_unknown(self, name: str, error: CubeError) -> bool:
        """Whether it may be there: a source that may have it cannot be reached."""
        if isinstance(error, BackendError):
            return True
        return isinstance(error, NotFoundError) and self._upcoming.unreachable(references.parse(name).source)

    def _circle(self, items: Sequence[Item]) -> None:
        """Find items that require each other, whoever of them is published now."""
        edges: dict[str, list[str]] = {}
        pending = list(items)
        while pending:
            item = pending.pop()
            if item.label in edges:
                continue
            found = [self._found(each.name) for each in item.require if references.is_reference(each.name)]
            below = [each.item for each in found if isinstance(each, Published)]
            edges[item.label] = [each.label for each in below]
            pending += below
        try:
            TopologicalSorter(edges).prepare()
        except CycleError as error:
            way = list(reversed(error.args[1]))
            item = next((each for each in items if each.label in way), items[0])
            message = f"the items require each other: {' -> '.join(way)}"
            self.faults.append(_read(item).fault(("require",), message, hint="remove one of them"))


def required(item: Item) -> Iterator[tuple[Place, Requirement]]:
    """What an item requires, and the job of a job template of items; each with its place in the item."""
    yield from ((("require", index), each) for index, each in enumerate(item.require) if each.name)
    lists: tuple[Place, ...] = (("job", "prerequisites"), ("job", "extras", "reference_prerequisites"))
    for path in lists:
        for number, _ in enumerate(_listed(item, path)):
            inner: Place = (*path, number, "require")
            for index, node in enumerate(_listed(item, inner)):
                reader = Reader(_read(item))
                for each in Requirements().read(Node([node], 0, 0, 0, 0, {}), inner, reader):
                    if not reader.faults and _is_item(each.name):
                        yield (*inner, index), each
    roles = _read(item).node(("job", "taskRoles"))
    for role in roles.value if roles is not None and isinstance(roles.value, dict) else ():
        path = ("job", "taskRoles", role, "prerequisites")
        for index, node in enumerate(_listed(item, path)):
            if isinstance(node.value, str) and _is_item(node.value):
                yield (*path, index), Requirement(node.value)


def _is_item(name: str) -> bool:
    return references.is_reference(name) and not braces.names(name)


def _listed(item: Item, path: Place) -> list[Node]:
    node = _read(item).node(path)
    return node.value if node is not None and isinstance(node.value, list) else []


def _read(item: Item) -> Document:
    assert item.document is not None
    return item.document
