"""What a role needs, in the order in which it runs: prerequisites of the job and items, each after what it requires.

A walk in depth, required ones first, each node once. A node is an item with its variables bound, so the same item with
other variables is another node; an item whose name is already on the way to it is a cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from jupyter_cube.errors import CubeError, Fault, near
from jupyter_cube.marketplace import reference as references
from jupyter_cube.marketplace import version as versions
from jupyter_cube.marketplace.binding import bind
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.plugins.action import Action, Requirement
from jupyter_cube.text.document import Path

LIMIT = 20_000  # nodes of one role
_CHARACTERS = 100_000_000  # of all their keys, values of variables among them
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


class Node(NamedTuple):
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


def resolve(
    wants: Sequence[Want],
    *,
    find: Find,
    local: Mapping[str, Local],
    place: Place,
    refuse: Callable[[Published], str] = lambda _: "",
) -> Graph:
    """The graph of one role.

    Args:
        wants: what the role lists, in order; a prerequisite of the job that is listed twice runs twice.
        find: gives the item of a reference, or raises a ``CubeError``.
        local: the job's own prerequisites by name.
        refuse: why an item may not be used; no address that such a one names is asked.
    """
    chosen: dict[_Item, str] = {}
    for _ in range(_ROUNDS):
        walk = _Walk(find, local, place, chosen, refuse)
        for want in wants:
            walk.visit(want)
        wanted = dict(walk.choices())
        if walk.faults or wanted == {item: chosen.get(item, "") for item in wanted}:
            break
        chosen = {**chosen, **wanted}
    return Graph(tuple(walk.nodes), tuple(dict.fromkeys(walk.faults)), tuple(walk.warnings))


class _Subject(NamedTuple):
    """What a requirement's name stands for in this walk.

    Attributes:
        inert: it has no variables, so that nothing is bound.
        wish: the version that was asked for; ``by``: who asked first (None: the job), ``root``: where in the job.
    """

    subject: Published | Local
    name: str
    on_path: str
    key: str
    requires: tuple[Requirement, ...]
    inert: bool
    wish: str = ""
    by: Published | None = None
    root: Path = ()

    def asked(self) -> str:
        """The wish and whose it is, in words."""
        return f"{self.wish} by {self.by.item.label}" if self.by is not None else f"{self.wish} by the job"


class _Frame:
    """A node whose requirements are being walked."""

    __slots__ = ("key", "pending", "requires", "root", "subject", "values")

    def __init__(self, subject: _Subject, key: str, values: Mapping[str, Any], root: Path) -> None:
        self.subject, self.key, self.values, self.root = subject, key, values, root
        self.pending: Iterator[Requirement] = iter(subject.requires)
        self.requires: list[str] = []

    def below(self) -> Path:
        """The place in the job of the requirement that was taken from ``pending`` last, as near as the job has one."""
        subject = self.subject.subject
        return (*subject.path, "require", len(self.requires)) if isinstance(subject, Local) else self.root


class _Walk:
    def __init__(
        self,
        find: Find,
        local: Mapping[str, Local],
        place: Place,
        chosen: Mapping[_Item, str],
        refuse: Callable[[Published], str],
    ) -> None:
        self.nodes: list[Node] = []
        self.faults: list[Fault] = []
        self.warnings: list[str] = []
        self._find, self._local, self._place, self._chosen, self._refuse = find, local, place, chosen, refuse
        self._entered = self._characters = 0
        self._done: set[str] = set()
        self._required: set[str] = set()  # ran because something required them, and were not listed yet
        self._subjects: dict[str, _Subject | None] = {}
        self._first: dict[_Item, _Subject] = {}
        self._others: dict[_Item, list[_Subject]] = {}

    def visit(self, want: Want) -> None:
        """Walk what one entry of a role needs."""
        first = self._open(want.requirement, None, {}, want.path)
        if first is None:
            return
        if first.key in self._done:
            self._again(first, want.path)
            return
        if self._too_many(first, want.path):
            return
        frames, on_path = [first], {first.subject.on_path: None}
        done, subjects = self._done, self._subjects
        while frames:
            frame = frames[-1]
            for requirement in frame.pending:
                known = subjects.get(requirement.name)
                if known is not None and known.inert and known.key in done and not requirement.values:
                    frame.requires.append(known.key)  # the common case of a large graph
                    continue
                opened = self._open(requirement, frame, on_path, frame.below())
                frame.requires.append("" if opened is None else opened.key)
                if opened is not None and opened.key not in done:
                    if self._too_many(opened, want.path):
                        return
                    frames.append(opened)
                    on_path[opened.subject.on_path] = None
                    break
            else:
                frames.pop()
                del on_path[frame.subject.on_path]
                self._finish(frame, required=bool(frames))

    def choices(self) -> Iterator[tuple[_Item, str]]:
        """For items asked for in more than one version, the one wish that stands for all."""
        for item, others in self._others.items():
            wishes = [self._first[item], *others]
            exact = [each for each in wishes if versions.exact(each.wish)]
            wanted: str | None = exact[0].wish if exact else ""
            for each in () if exact else wishes:
                wanted = versions.narrower(wanted or "", each.wish)
                if wanted is None:
                    break
            if wanted is None or len(exact) > 1:
                first, second = (exact or wishes)[:2]
                message = f"{first.name} is needed as {first.asked()} and as {second.asked()}"
                self._fault(second.root, message, "ask for one version in both places")
                continue
            yield item, wanted

    def _too_many(self, frame: _Frame, path: Path) -> bool:
        """Whether the walk ends here; those that are still on the way count, they could go on for ever."""
        self._entered += 1
        self._characters += len(frame.key)
        if self._entered <= LIMIT and self._characters <= _CHARACTERS:
            return False
        self._fault(path, f"it needs more than {LIMIT:,} prerequisites, or too long values", "require fewer")
        return True

    def _again(self, frame: _Frame, root: Path) -> None:
        """It ran already: listed by the role itself a second time, a prerequisite of the job runs a second time."""
        if frame.key in self._required:
            self._required.remove(frame.key)
        elif isinstance(frame.subject.subject, Local):
            before = next(node for node in self.nodes if node.key == frame.key)
            self.nodes.append(before._replace(root=root))

    def _finish(self, frame: _Frame, *, required: bool) -> None:
        subject, key = frame.subject, frame.key
        self._done.add(key)
        if required:
            self._required.add(key)
        node = (key, subject.name, subject.subject, frame.values, tuple(frame.requires), frame.root)
        self.nodes.append(Node._make(node))

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
            return _Frame(subject, subject.key, {}, root)
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
            patterns=what.trusted,
        )
        for message, hint in problems:
            by = f", required by {above.item.place(('require',))}" if isinstance(above, Published) else ""
            self._fault(root, f"{message}{by}", hint)
        if problems:
            return None
        key = f"{subject.key} {sorted(values.items())!r}" if values else subject.key
        return _Frame(subject, key, values, root)

    def _look_up(self, name: str, parent: _Frame | None, root: Path) -> _Subject | None:
        above = parent.subject.subject if parent is not None else None
        if references.is_reference(name):
            return self._look_up_item(name, above if isinstance(above, Published) else None, root)
        if isinstance(above, Published):
            message = f"{above.item.label} requires '{name}', which is no item ({above.item.place(('require',))})"
            self._fault(root, message, f"write {references.SCHEME}name/{name}")
            return None
        found = self._local.get(name)
        if found is None:
            self._fault(root, f"there is no prerequisite '{name}'", near(name, self._local))
            return None
        # a prerequisite may be named like the item that it stands for
        return _Subject(found, name, f" {name}", f" {name}", found.action.require, inert=True)

    def _look_up_item(self, name: str, above: Published | None, root: Path) -> _Subject | None:
        choice = None
        try:
            wanted = references.parse(name)
            if wanted.address and above is not None and self._refuse(above):
                # whoever wrote it could have any server asked, those that only this machine reaches too
                by = above.item.label
                message = f"{by} requires {name:.200}, which is asked only when {by} is trusted"
                self._fault(root, message, "read it and trust it first")
                return None
            found = self._find(wanted)
            if self._chosen:
                choice = self._chosen.get((found.source, found.item.name))
                if choice is not None and found.item.version != choice:
                    found = self._find(Reference(found.item.name, choice, found.source))
        except CubeError as error:
            by = f" (required by {above.item.label})" if above is not None else ""
            self._fault(root, f"{error.message}{by}", error.hint)
            return None
        item = found.item
        wish = "" if wanted.version == "latest" else wanted.version
        inert = not item.variables
        subject = _Subject(found, item.name, item.name, found.digest, item.require, inert, wish, above, root)
        self._note(subject, choice)
        if item.kind in ("job", "notebook"):
            self._fault(root, f"{item.label} is a {item.kind} template, not a prerequisite")
            return None
        return subject

    def _note(self, subject: _Subject, choice: str | None) -> None:
        """Remember which versions of an item were asked for."""
        found, wish = subject.subject, subject.wish
        assert isinstance(found, Published)
        item = (found.source, subject.name)
        first = self._first.setdefault(item, subject)
        if first.wish != wish:
            others = self._others.setdefault(item, [])
            if all(other.wish != wish for other in others):
                others.append(subject)
        ranged = choice is not None and versions.exact(choice) and not versions.exact(wish)
        if ranged and not versions.fits(found.item.version, wish):
            self.warnings.append(f"{found.item.label} is used, where {subject.asked()} was asked for")

    def _fault(self, path: Path, message: str, hint: str = "") -> None:
        self.faults.append(self._place(path, message, hint=hint))
