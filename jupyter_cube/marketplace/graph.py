"""What a role needs, in the order in which it runs: prerequisites of the job and items, each after what it requires.

A walk in depth, required ones first, each node once. A node is an item with its variables bound, so the same item with
other variables is another node; an item whose name is already on the way to it is a cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_cube.action import Action, Requirement
from jupyter_cube.document import Path
from jupyter_cube.errors import CubeError, Fault, near
from jupyter_cube.marketplace import reference as references
from jupyter_cube.marketplace import version as versions
from jupyter_cube.marketplace.binding import bind
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.reference import Reference

LIMIT = 20_000  # nodes of one role
_ROUNDS = 20  # of choosing versions; each narrows what is wanted

Find = Callable[[Reference], Published]
Place = Callable[..., Fault]  # (path, message, hint=...) to a fault at that place of the job
_Item = tuple[str, str]  # source and name


@dataclass(frozen=True, slots=True)
class Local:
    """A prerequisite of the job itself, written at ``path``."""

    name: str
    action: Action
    path: Path


@dataclass(frozen=True, slots=True)
class Want:
    """Something that a role lists; ``path`` is its place in the job."""

    requirement: Requirement
    path: Path


@dataclass(frozen=True, slots=True)
class Node:
    """One thing to run.

    Attributes:
        key: what makes it different from all others.
        values: of the item's template variables.
        requires: keys of what it required itself.
        root: the place in the job because of which it runs.
    """

    key: str
    name: str
    subject: Published | Local
    values: Mapping[str, Any]
    requires: tuple[str, ...]
    root: Path


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in the order in which they run, what is wrong, and what is odd."""

    nodes: tuple[Node, ...] = ()
    faults: tuple[Fault, ...] = ()
    warnings: tuple[str, ...] = ()


def resolve(wants: Sequence[Want], *, find: Find, local: Mapping[str, Local], place: Place) -> Graph:
    """The graph of one role.

    Args:
        wants: what the role lists, in order; a prerequisite of the job that is listed twice runs twice.
        find: gives the item of a reference, or raises a ``CubeError``.
        local: the job's own prerequisites by name.
    """
    chosen: dict[_Item, str] = {}
    for _ in range(_ROUNDS):
        walk = _Walk(find, local, place, chosen)
        for want in wants:
            walk.visit(want)
        wanted = dict(walk.choices())
        if walk.faults or wanted == {item: chosen.get(item, "") for item in wanted}:
            break
        chosen = {**chosen, **wanted}
    return Graph(tuple(walk.nodes), tuple(dict.fromkeys(walk.faults)), tuple(walk.warnings))


@dataclass(slots=True)
class _Subject:
    """What a requirement's name stands for in this walk."""

    subject: Published | Local
    on_path: str
    key: str
    requires: tuple[Requirement, ...]
    inert: bool  # it has no variables, so that nothing is bound


@dataclass(slots=True)
class _Frame:
    """A node whose requirements are being walked."""

    subject: _Subject
    key: str
    values: Mapping[str, Any]
    pending: Iterator[Requirement]
    root: Path
    requires: list[str] = field(default_factory=list)

    def below(self) -> Path:
        """The place in the job of the requirement that was taken from ``pending`` last, as near as the job has one."""
        subject = self.subject.subject
        return (*subject.path, "require", len(self.requires)) if isinstance(subject, Local) else self.root


class _Walk:
    def __init__(self, find: Find, local: Mapping[str, Local], place: Place, chosen: Mapping[_Item, str]) -> None:
        self.nodes: list[Node] = []
        self.faults: list[Fault] = []
        self.warnings: list[str] = []
        self._find, self._local, self._place, self._chosen = find, local, place, chosen
        self._done: set[str] = set()
        self._required: set[str] = set()  # ran because something required them, and were not listed yet
        self._subjects: dict[str, _Subject | None] = {}
        self._wishes: dict[_Item, dict[str, tuple[str, Path]]] = {}

    def visit(self, want: Want) -> None:
        """Walk what one entry of a role needs."""
        frames: list[_Frame] = []
        on_path: dict[str, None] = {}
        root = want.path
        first = self._open(want.requirement, None, on_path, root)
        if first is None:
            return
        if first.key in self._done:
            self._again(first, root)
            return
        frames.append(first)
        on_path[first.subject.on_path] = None
        while frames:
            frame = frames[-1]
            requirement = next(frame.pending, None)
            if requirement is None:
                frames.pop()
                del on_path[frame.subject.on_path]
                self._finish(frame, required=bool(frames))
                if len(self.nodes) > LIMIT:
                    self._fault(root, f"it needs more than {LIMIT:,} prerequisites", "require fewer")
                    return
                continue
            opened = self._open(requirement, frame, on_path, frame.below())
            frame.requires.append("" if opened is None else opened.key)
            if opened is None:
                continue
            if opened.key not in self._done:
                frames.append(opened)
                on_path[opened.subject.on_path] = None

    def choices(self) -> Iterator[tuple[_Item, str]]:
        """For items asked for in more than one version, the one wish that stands for all."""
        for item, wishes in self._wishes.items():
            if len(wishes) < 2:
                continue
            exact = [wish for wish in wishes if versions.exact(wish)]
            wanted: str | None = exact[0] if exact else ""
            for wish in () if exact else wishes:
                wanted = versions.narrower(wanted or "", wish)
                if wanted is None:
                    break
            if wanted is None or len(exact) > 1:
                first, second = (exact or list(wishes))[:2]
                message = f"{item[1]} is needed as {first} {wishes[first][0]} and as {second} {wishes[second][0]}"
                self._fault(wishes[second][1], message, "ask for one version in both places")
                continue
            yield item, wanted

    def _again(self, frame: _Frame, root: Path) -> None:
        """It ran already: listed by the role itself a second time, a prerequisite of the job runs a second time."""
        if frame.key in self._required:
            self._required.remove(frame.key)
        elif isinstance(frame.subject.subject, Local):
            before = next(node for node in self.nodes if node.key == frame.key)
            self.nodes.append(Node(frame.key, before.name, before.subject, before.values, before.requires, root))

    def _finish(self, frame: _Frame, *, required: bool) -> None:
        subject = frame.subject.subject
        name = subject.name if isinstance(subject, Local) else subject.item.name
        self._done.add(frame.key)
        if required:
            self._required.add(frame.key)
        self.nodes.append(Node(frame.key, name, subject, frame.values, tuple(frame.requires), frame.root))

    def _open(
        self, requirement: Requirement, parent: _Frame | None, on_path: Mapping[str, None], root: Path
    ) -> _Frame | None:
        """The frame of a requirement; None where something is wrong with it."""
        name = requirement.name
        if name in self._subjects:
            subject = self._subjects[name]
        else:
            subject = self._subjects[name] = self._look_up(name, parent, root)
        if subject is None:
            return None
        if subject.on_path in on_path:
            way = [*on_path, subject.on_path]
            way = way[way.index(subject.on_path) :]
            shown = " -> ".join(name.strip() for name in way)
            self._fault(root, f"the prerequisites require each other: {shown}", "remove one of them")
            return None
        if subject.inert and not requirement.values:
            return _Frame(subject, subject.key, {}, iter(subject.requires), root)
        return self._bound(requirement, subject, parent, root)

    def _bound(self, requirement: Requirement, subject: _Subject, parent: _Frame | None, root: Path) -> _Frame | None:
        what = subject.subject
        if isinstance(what, Local):
            message = f"'{what.name}' is a prerequisite of this job, it has no template variables"
            self._fault(root, message, "remove template_variables")
            return None
        above = parent.subject.subject if parent is not None else None
        values, problems = bind(
            what.item,
            requirement.values,
            outer=parent.values if parent is not None and isinstance(above, Published) else None,
            checked=what.trusted,
        )
        for message, hint in problems:
            by = f", required by {above.item.place(('require',))}" if isinstance(above, Published) else ""
            self._fault(root, f"{message}{by}", hint)
        if problems:
            return None
        key = f"{subject.key} {sorted(values.items())!r}" if values else subject.key
        return _Frame(subject, key, values, iter(subject.requires), root)

    def _look_up(self, name: str, parent: _Frame | None, root: Path) -> _Subject | None:
        above = parent.subject.subject if parent is not None else None
        if references.is_reference(name):
            return self._look_up_item(name, above, root)
        if isinstance(above, Published):
            message = f"{above.item.label} requires '{name}', which is no item ({above.item.place(('require',))})"
            self._fault(root, message, f"write {references.SCHEME}name/{name}")
            return None
        found = self._local.get(name)
        if found is None:
            self._fault(root, f"there is no prerequisite '{name}'", near(name, self._local))
            return None
        # a prerequisite may be named like the item that it stands for
        return _Subject(found, f" {name}", f" {name}", found.action.require, inert=True)

    def _look_up_item(self, name: str, above: Published | Local | None, root: Path) -> _Subject | None:
        try:
            wanted = references.parse(name)
            found = self._find(wanted)
            item = (found.source, found.item.name)
            choice = self._chosen.get(item)
            if choice is not None and found.item.version != choice:
                found = self._find(Reference(found.item.name, choice, found.source))
        except CubeError as error:
            by = f" (required by {above.item.label})" if isinstance(above, Published) else ""
            self._fault(root, f"{error.message}{by}", error.hint)
            return None
        by = f"by {above.item.label}" if isinstance(above, Published) else "by the job"
        self._wishes.setdefault(item, {}).setdefault(wanted.version.replace("latest", ""), (by, root))
        ranged = choice is not None and versions.exact(choice) and not versions.exact(wanted.version)
        if ranged and not versions.fits(found.item.version, wanted.version):
            self.warnings.append(f"{found.item.label} is used, where {wanted.version} was asked for {by}")
        if found.item.kind in ("job", "notebook"):
            self._fault(root, f"{found.item.label} is a {found.item.kind} template, not a prerequisite")
            return None
        key = f"{found.source}/{found.item.label} {found.digest}"
        return _Subject(found, found.item.name, key, found.item.require, inert=not found.item.variables)

    def _fault(self, path: Path, message: str, hint: str = "") -> None:
        self.faults.append(self._place(path, message, hint=hint))
