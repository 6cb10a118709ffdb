"""Calls of plugins: what a prerequisite or a runtime plugin asks for, before its texts are filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_cube.marketplace.graph import Local
from jupyter_cube.marketplace.reference import is_reference
from jupyter_cube.plugins.action import PLUGIN_PREFIX, Action, Commands, commands
from jupyter_cube.protocol.extras import CommandPlugin, RuntimePlugin
from jupyter_cube.protocol.model import Asset, JobSpec
from jupyter_cube.text.document import Path

# keys of a prerequisite that are about it, and no parameters of its plugin
ABOUT = frozenset({"uri", "protocolVersion", "version", "contributor", "description"})


@dataclass(frozen=True, slots=True)
class Call:
    """One plugin that runs for the tasks of a role.

    Attributes:
        name: as shown: the prerequisite's name, or the plugin's.
        plugin: its short name; empty for a prerequisite that only declares or requires something.
        commands: what ``cmd`` runs.
        parameters: of other plugins.
        path: where it is written; ``parameters_path`` is where its parameters are.
        action: all else about it; of a runtime plugin only its failure policy.
    """

    name: str
    plugin: str
    commands: Commands
    parameters: Mapping[str, Any]
    path: Path
    parameters_path: Path
    action: Action

    def scripts(self) -> Iterator[tuple[str, Path, str]]:
        """Event, place and text of each command of ``cmd``, in the order they run."""
        for event, key, texts in (
            ("taskStarts", "preCommands", self.commands.pre_commands),
            ("taskSucceeds", "postCommands", self.commands.post_commands),
        ):
            for index, text in enumerate(texts):
                yield event, (*self.parameters_path, key, index), text
        for number, callback in enumerate(self.commands.callbacks):
            for index, text in enumerate(callback.commands):
                yield callback.event, (*self.parameters_path, "callbacks", number, "commands", index), text


def of_action(name: str, action: Action, path: Path) -> Call:
    """The call of a prerequisite that is written at ``path``."""
    plugin = action.short_plugin
    more = {key: value for key, value in getattr(action, "more", {}).items() if key not in ABOUT}
    inside = bool(action.plugin_params)
    return Call(
        name,
        plugin,
        commands(action) if plugin == "cmd" else Commands(),
        {} if plugin == "cmd" else {**more, **action.plugin_params},
        path,
        (*path, "plugin_params") if inside else path,
        action,
    )


def of_plugin(index: int, plugin: RuntimePlugin) -> Call:
    """The call of the job's runtime plugin of that number."""
    path: Path = ("extras", PLUGIN_PREFIX, index)
    short = plugin.plugin.removeprefix(f"{PLUGIN_PREFIX}.")
    is_commands = isinstance(plugin, CommandPlugin)
    return Call(
        plugin.plugin,
        short,
        plugin.parameters if is_commands else Commands(),
        {} if is_commands else plugin.parameters,
        path,
        (*path, "parameters"),
        Action(failure_policy=plugin.failure_policy),
    )


def plugins(spec: JobSpec, role: str) -> list[Call]:
    """The job's runtime plugins that run for a role."""
    listed = enumerate(spec.extras.plugins)
    return [of_plugin(index, each) for index, each in listed if not each.task_roles or role in each.task_roles]


def locals_of(spec: JobSpec) -> dict[str, Local]:
    """The job's own prerequisites that do something, by name; images have none, of two of one name the last counts."""
    found: dict[str, Local] = {}
    for index, each in enumerate(spec.prerequisites):
        if isinstance(each, Asset):
            found[each.name] = Local(each.name, each, ("prerequisites", index))
        else:
            found[each.name] = Local(each.name, Action(), ("prerequisites", index))
    for index, reference in enumerate(spec.extras.references):
        found[reference.name] = Local(reference.name, reference, ("extras", "reference_prerequisites", index))
    return found


def written(spec: JobSpec, role: str) -> list[Call]:
    """All calls of a role that are written in the job itself, those of what it requires too."""
    known = locals_of(spec)
    pending = [name for name in spec.task_roles[role].prerequisites if name in known]
    seen: dict[str, None] = dict.fromkeys(pending)
    while pending:
        for requirement in known[pending.pop()].action.require:
            name = requirement.name
            if name in known and name not in seen and not is_reference(name):
                seen[name] = None
                pending.append(name)
    own = [of_action(name, known[name].action, known[name].path) for name in seen]
    return [*own, *plugins(spec, role)]
