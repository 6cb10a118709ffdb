"""What a prerequisite does, however it is written: in a job, in a reference, or as an item of the marketplace.

OpenPAI writes callbacks and the plugin's parameters beside ``plugin``, the proposal for the marketplace under
``plugin_params``; both are read everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_cube.errors import Fault
from jupyter_cube.text.document import Document, Node, Path, from_values
from jupyter_cube.text.record import Record, Written, key, others
from jupyter_cube.text.shape import COMMANDS, NAMES, Choice, Flag, Items, Reader, Schema, Shape, Table, Text

EVENTS = ("taskStarts", "taskSucceeds", "taskFails", "taskCompletes")
PLUGIN_PREFIX = "com.microsoft.pai.runtimeplugin"
FAILURE_POLICY = Text("[Ff][Aa][Ii][Ll]|[Ii][Gg][Nn][Oo][Rr][Ee]", "fail or ignore")
NEEDS = ("root", "network")


@dataclass(frozen=True, kw_only=True)
class Callback(Written):
    """Commands that run at an event of a task."""

    event: str = key("event", Choice(EVENTS, "event"))
    commands: tuple[str, ...] = key("commands", COMMANDS)


@dataclass(frozen=True, kw_only=True)
class Commands(Written):
    """What the plugin ``cmd`` runs: either callbacks, or commands before and after the task's own."""

    callbacks: tuple[Callback, ...] = key("callbacks", Items(Record(Callback)), default=())
    pre_commands: tuple[str, ...] = key("preCommands", NAMES, default=(), about="run at taskStarts")
    post_commands: tuple[str, ...] = key("postCommands", NAMES, default=(), about="run at taskSucceeds")


@dataclass(frozen=True, kw_only=True)
class Storage(Written):
    """A configured volume that tasks see at ``mount_path`` (default: /mnt/NAME)."""

    name: str = key("name", Text())
    mount_path: str = key("mountPath", Text(), default="")
    read_only: bool = key("readOnly", Flag(), default=False)
    more: Mapping[str, Any] = others({})


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that must be there first.

    Attributes:
        name: a prerequisite of the same job, or a reference to an item.
        values: of the item's template variables.
        bare: it was written as plain text.
    """

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    bare: bool = True


@dataclass(frozen=True)
class Requirements(Shape):
    """A list of names, or of ``{name, template_variables}``; these are a mapping or a list of ``{name, value}``."""

    empty = ()

    def read(self, node: Node, path: Path, reader: Reader) -> tuple[Requirement, ...]:
        if not isinstance(node.value, list):
            reader.wrong(node, path, "a list", "write '- name: NAME' for each")
            return ()
        return tuple(self._one(item, (*path, index), reader) for index, item in enumerate(node.value))

    def _one(self, node: Node, path: Path, reader: Reader) -> Requirement:
        if not isinstance(node.value, dict):
            return Requirement(Text().read(node, path, reader))
        name, values = "", {}
        for key_name, item in node.value.items():
            if key_name == "name":
                name = Text().read(item, (*path, "name"), reader)
            elif key_name == "template_variables":
                values = self._values(item, (*path, key_name), reader)
            else:
                reader.fault((*path, key_name), f"unknown key '{key_name}'", "known: name, template_variables")
        if "name" not in node.value:
            reader.fault(path, "the key 'name' is missing", "add 'name:'")
        return Requirement(name, values, bare=False)

    def _values(self, node: Node, path: Path, reader: Reader) -> dict[str, Any]:
        if node.value is None:
            return {}
        if isinstance(node.value, dict):
            return {name: item.plain() for name, item in node.value.items()}
        if isinstance(node.value, list) and all(
            isinstance(item.value, dict) and item.value.keys() == {"name", "value"} for item in node.value
        ):
            return {str(item.plain()["name"]): item.plain()["value"] for item in node.value}
        reader.wrong(node, path, "a mapping", "write 'variable: value' in a line of its own")
        return {}

    def write(self, value: Any) -> list[Any]:
        written: list[Any] = []
        for one in value:
            if one.bare:
                written.append(one.name)
            else:
                values = {"template_variables": dict(one.values)} if one.values else {}
                written.append({"name": one.name, **values})
        return written

    def schema(self) -> Schema:
        values = {"type": ["object", "array", "null"]}
        record = {
            "type": "object",
            "properties": {"name": {"type": "string"}, "template_variables": values},
            "required": ["name"],
            "additionalProperties": False,
        }
        return {"type": "array", "items": {"anyOf": [{"type": "string"}, record]}}


@dataclass(frozen=True, kw_only=True)
class Action(Commands):
    """What is done for a task, and what must be done before.

    Attributes:
        plugin: short or long name; empty: ``cmd`` where there are commands, else nothing is done.
        scope: ``job``: once a job attempt, for all tasks together; ``task``: by every task; empty: the default.
        check: commands; where they succeed, all is there already and nothing is run.
        needs: what the commands cannot do without.
        require_storages: volumes that are mounted for it.
        path_for_user: where the user finds what it brings.
    """

    plugin: str = key("plugin", Text(), default="", about="cmd, pvc_storage, git, pip, http, file, ...")
    plugin_params: Mapping[str, Any] = key("plugin_params", Table(Shape()), default={}, about="of the plugin")
    require: tuple[Requirement, ...] = key("require", Requirements(), default=(), about="what runs before this")
    failure_policy: str = key("failurePolicy", FAILURE_POLICY, default="fail")
    scope: str = key("scope", Choice(("job", "task"), "scope"), default="", about="run once a job, or by every task")
    check: tuple[str, ...] = key("check", COMMANDS, default=(), about="where they succeed, nothing else is run")
    needs: tuple[str, ...] = key("needs", Items(Choice(NEEDS, "need")), default=())
    require_storages: tuple[Storage, ...] = key("requireStorages", Items(Record(Storage)), default=())
    path_for_user: str = key("pathForUser", Text(), default="", about="where the user finds what it brings")

    @property
    def ignore_failure(self) -> bool:
        return self.failure_policy.lower() == "ignore"

    @property
    def short_plugin(self) -> str:
        """The plugin's short name; empty where nothing is done."""
        if self.plugin:
            return self.plugin.removeprefix(f"{PLUGIN_PREFIX}.")
        commands = self.callbacks or self.pre_commands or self.post_commands
        return "cmd" if commands or self.plugin_params.keys() & {"callbacks", "preCommands", "postCommands"} else ""


def commands(action: Action) -> Commands:
    """What the plugin ``cmd`` runs, wherever it is written; ``faults`` has found what is wrong with it."""
    if not action.plugin_params:
        return action
    document = from_values(action.plugin_params)
    assert document.root is not None
    inner: Commands = Record(Commands).read(document.root, (), Reader(document))
    return inner if inner.written else action


def faults(action: Action, document: Document, path: Path) -> list[Fault]:
    """What is wrong with the commands of the action that is written at ``path``."""
    if action.short_plugin != "cmd":
        if not action.callbacks:
            return []
        message = f"the plugin {action.short_plugin} has no callbacks"
        return [document.fault((*path, "callbacks"), message, hint="only the plugin cmd has them")]
    reader = Reader(document)
    inner = Commands()
    below = (*path, "plugin_params")
    node = document.node(below)
    if node is not None and isinstance(node.value, dict):
        inner = Record(Commands).read(node, below, reader)
    found = [*reader.faults]
    for where, each in ((path, action), (below, inner)):
        if each.callbacks and (each.pre_commands or each.post_commands):
            message = "callbacks and preCommands or postCommands exclude each other"
            hint = "write the commands as callbacks of taskStarts and taskSucceeds"
            found.append(document.fault((*where, "callbacks"), message, hint=hint))
    if inner.written and (action.callbacks or action.pre_commands or action.post_commands):
        message = "the commands are written twice, here and beside the plugin"
        found.append(document.fault(below, message, hint="keep one of the two"))
    return found
