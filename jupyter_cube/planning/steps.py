"""From one node of a role's graph to what a task runs for it: texts filled in, plugin asked, volumes named. Pure."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from jupyter_cube.errors import Fault, UsageError
from jupyter_cube.lifecycle.plan import File, Mount, Prerequisite
from jupyter_cube.marketplace import braces, carried
from jupyter_cube.marketplace.graph import Local, Node, Place
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.variable import Variable
from jupyter_cube.plugins.action import Storage
from jupyter_cube.plugins.base import Made
from jupyter_cube.plugins.registry import COMMANDS, plugin
from jupyter_cube.plugins.volumes import wrong_target
from jupyter_cube.protocol.calls import Call, of_action
from jupyter_cube.text.document import Path, from_values
from jupyter_cube.text.record import Record
from jupyter_cube.text.shape import Reader
from jupyter_cube.text.template import fill

Roots = Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Step:
    """What a node comes to.

    Attributes:
        prerequisite: None where it only mounts or requires something.
        handed_on: directories for paths that it does not use itself, but hands on to what it requires.
    """

    prerequisite: Prerequisite | None = None
    mounts: tuple[Mount, ...] = ()
    handed_on: tuple[Mount, ...] = ()
    files: tuple[File, ...] = ()
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def of_node(
    node: Node, roots: Roots, *, place: Place, own_paths: Sequence[str], folder: Callable[[Published], str]
) -> Step:
    """What a prerequisite of the job, or an item, comes to for one role.

    Args:
        roots: what ``<% %>`` stands for in this role.
        place: makes a fault at a path of the job.
        own_paths: folders whose paths are meant as they are on the machine of the tasks.
        folder: where the tasks find an item's files, which its scripts know as ``$CUBE_ITEM``.
    """
    subject = node.subject
    if isinstance(subject, Local):
        return _Maker(of_action(node.name, subject.action, subject.path), {}, roots, place).step(node, None, ())
    call = of_action(node.name, subject.item, ())
    maker = _Maker(call, node.values, roots, lambda _, message, hint="": place(node.root, message, hint=hint))
    maker.item, maker.folder = subject, folder(subject)
    step = maker.step(node, subject, own_paths)
    missing = carried.missing(subject)
    return replace(step, notes=(*step.notes, missing)) if missing else step


def of_call(call: Call, roots: Roots, *, place: Place) -> Step:
    """What a runtime plugin of the job comes to."""
    return _Maker(call, {}, roots, place).step(None, None, ())


class _Maker:
    def __init__(self, call: Call, values: Mapping[str, Any], roots: Roots, place: Place) -> None:
        self.call, self.values, self.roots, self.place = call, values, roots, place
        self.item: Published | None = None
        self.folder = ""
        self.faults: list[Fault] = []

    def step(self, node: Node | None, subject: Published | None, own_paths: Sequence[str]) -> Step:
        call, action = self.call, self.call.action
        made = self._commands() if call.plugin == COMMANDS else self._plugin() if call.plugin else Made()
        mounts = [*made.mounts, *self._storages(action.require_storages)]
        mounts = [replace(mount, origin=mount.origin or call.name) for mount in mounts]
        targets = {mount.target for mount in mounts}
        scope = action.scope or made.scope or self._default_scope()
        identity = node.key if node is not None else f"{call.path!r}"
        cache = self._cache(subject, made, scope)
        paths = {path: own for path, own in self._paths(subject, own_paths) if path not in targets}
        used = [path for path, own in paths.items() if own]
        for path in used:
            kind, source = ("cache", cache) if cache else ("job", _short(path))
            mounts.append(Mount(kind, source, path, origin=call.name))
        handed_on = tuple(Mount("job", _short(path), path, origin=call.name) for path, own in paths.items() if not own)
        prerequisite = None
        if made.scripts:
            scripts = {event: self._with_folder(text) for event, text in made.scripts.items()}
            prerequisite = Prerequisite(
                call.name,
                scripts,
                ignore_failure=action.ignore_failure,
                scope=scope,
                key=_short(identity) if scope == "job" else "",
                cache=cache if used else "",
                check=self._with_folder("\n".join(self._text(text, ("check",)) for text in action.check)),
                needs=action.needs,
                item=subject.item.label if subject is not None else "",
            )
        faults = tuple(dict.fromkeys(self.faults))
        return Step(prerequisite, tuple(mounts), handed_on, made.files, made.notes, faults)

    def _with_folder(self, script: str) -> str:
        used = self.item is not None and "CUBE_ITEM" in script
        return f"export CUBE_ITEM={shlex.quote(self.folder)}\n{script}" if used else script

    def _commands(self) -> Made:
        scripts: dict[str, list[str]] = {}
        for event, path, text in self.call.scripts():
            scripts.setdefault(event, []).append(self._text(text, path))
        return Made({event: "\n".join(lines) for event, lines in scripts.items()})

    def _plugin(self) -> Made:
        parameters = self._value(self.call.parameters, self.call.parameters_path)
        try:
            used = plugin(self.call.plugin)
        except UsageError as error:
            self._fault(self.call.path, error.message, error.hint)
            return Made()
        document = from_values(parameters)
        reader = Reader(document)
        assert document.root is not None
        record = Record(used.parameters).read(document.root, (), reader)
        for fault in reader.faults:
            where = f"{self.call.plugin}: {fault.path}: {fault.message}"
            self._fault((*self.call.parameters_path, fault.path.split(".")[0].split("[")[0]), where, fault.hint)
        if reader.faults:
            return Made()
        try:
            return used.make(record)
        except ValueError as error:
            self._fault(self.call.parameters_path, f"{self.call.plugin}: {error}")
            return Made()

    def _default_scope(self) -> str:
        if self.call.plugin == COMMANDS:
            # OpenPAI runs a job's own commands in every task, and they may be about the task's own folder
            return "task" if self.item is None else "job"
        return plugin(self.call.plugin).scope if self.call.plugin and not self.faults else "task"

    def _storages(self, storages: Sequence[Storage]) -> Iterator[Mount]:
        for index, storage in enumerate(storages):
            name = self._text(storage.name, ("requireStorages", index, "name"))
            target = self._text(storage.mount_path, ("requireStorages", index, "mountPath")) or f"/mnt/{name}"
            yield Mount("storage", name, target, storage.read_only)

    def _paths(self, subject: Published | None, own_paths: Sequence[str]) -> Iterator[tuple[str, bool]]:
        """Paths that the item's users name, and that are none of the machine's own; whether it uses them itself."""
        action = self.call.action
        asked = [(action.path_for_user, bool(self.call.plugin))] if action.path_for_user else []
        variables = subject.item.variables if subject is not None else ()
        handed_on = braces.mentioned([each.values for each in action.require]) if variables else []
        used = self._mentioned(variables) if handed_on else []
        for variable in variables:
            value = self.values.get(variable.name)
            if variable.type in ("", "path") and isinstance(value, str) and value.startswith("/"):
                asked.append((value, variable.name in used or variable.name not in handed_on))
        found: dict[str, bool] = {}
        for written, own in asked:
            text = str(PurePosixPath(fill(written, self.roots).text))
            found[text] = found.get(text, False) or own
        for text, own in found.items():
            path = PurePosixPath(text)
            if "<%" in text:
                continue
            if ".." not in path.parts and any(path.is_relative_to(each) for each in own_paths):
                continue
            if wrong := wrong_target(text):
                self._fault((), f"{self.call.name}: {wrong}", "name another folder")
            else:
                yield text, own

    def _mentioned(self, variables: Sequence[Variable]) -> list[str]:
        """The variables that the item's own texts mention, besides those of what it requires."""
        action = self.call.action
        scripts = [text for _, _, text in self.call.scripts()]
        storages = [(each.name, each.mount_path) for each in action.require_storages]
        defaults = [each.default for each in variables if not each.required]
        return braces.mentioned([scripts, self.call.parameters, action.check, storages, defaults])

    def _cache(self, subject: Published | None, made: Made, scope: str) -> str:
        """The entry that all jobs share for a dataset whose variables have these values."""
        if subject is None or subject.item.kind != "dataset" or scope != "job" or "taskCompletes" in made.scripts:
            return ""
        if any("<%" in text for text in made.scripts.values()):
            return ""  # what it brings may depend on the job
        # the scripts, too: values may be references, which are filled in there
        return _short(f"{subject.digest} {sorted(self.values.items())!r} {sorted(made.scripts.items())!r}")

    def _text(self, text: str, path: Path) -> str:
        value = self._value(text, path)
        try:
            return braces.as_text(value)
        except ValueError as error:
            self._fault(path, f"{self.call.name}: {error}")
            return ""

    def _value(self, value: Any, path: Path) -> Any:
        if isinstance(value, Mapping):
            return {key: self._value(item, (*path, str(key))) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(item, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        if self.item is not None:
            try:
                value = braces.fill_value(value, self.values)
            except braces.BraceError as error:
                missing = error.name not in self.values
                hint = "declare it under template_variables" if missing else ""
                self._fault(path, f"{self.item.item.place(path)}: {error}", hint)
                return ""
        return self._referenced(value, path)

    def _referenced(self, value: Any, path: Path) -> Any:
        """A value with the job's own references filled in; a variable may have brought a list of them."""
        if isinstance(value, Mapping):
            return {key: self._referenced(item, path) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._referenced(item, path) for item in value]
        if not isinstance(value, str):
            return value
        filled = fill(value, self.roots)
        for problem in filled.problems if self.item is not None else ():
            # those of the job itself have been found by its rules
            where = f"{self.item.item.place(path)}: " if self.item is not None else ""
            self._fault(path, f"{where}{problem.message}", problem.hint)
        return filled.text

    def _fault(self, path: Path, message: str, hint: str = "") -> None:
        self.faults.append(self.place(path, message, hint=hint))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
