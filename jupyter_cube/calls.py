"""Which plugins a role calls, in which order, and what the plugin ``cmd`` runs at which event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jupyter_cube.document import Path
from jupyter_cube.action import PLUGIN_PREFIX, Commands
from jupyter_cube.model import Asset, JobSpec

MARKETPLACE = "marketplace://"


@dataclass(frozen=True, slots=True)
class Call:
    """One plugin that runs for the tasks of a role.

    Attributes:
        name: as shown: the prerequisite's name, or the plugin's.
        plugin: its short name; empty for a prerequisite that only declares something.
        parameters: of ``cmd`` its ``Commands``, of other plugins a mapping.
        path: where it is written; ``parameters_path`` is where its parameters are.
    """

    name: str
    plugin: str
    parameters: Any
    ignore_failure: bool
    path: Path
    parameters_path: Path

    def scripts(self) -> Iterator[tuple[str, Path, str]]:
        """Event, place and text of each command of ``cmd``, in the order they run."""
        commands = self.parameters
        if self.plugin != "cmd" or not isinstance(commands, Commands):
            return
        for event, key, texts in (
            ("taskStarts", "preCommands", commands.pre_commands),
            ("taskSucceeds", "postCommands", commands.post_commands),
        ):
            for index, text in enumerate(texts):
                yield event, (*self.parameters_path, key, index), text
        for number, callback in enumerate(commands.callbacks):
            for index, text in enumerate(callback.commands):
                yield callback.event, (*self.parameters_path, "callbacks", number, "commands", index), text


def calls(spec: JobSpec, role: str) -> list[Call]:
    """What runs for a role: its prerequisites, each after those it requires, then the job's runtime plugins."""
    found = [prerequisite_call(spec, name) for name in _in_order(spec, spec.task_roles[role].prerequisites)]
    for index, plugin in enumerate(spec.extras.plugins):
        if not plugin.task_roles or role in plugin.task_roles:
            path: Path = ("extras", PLUGIN_PREFIX, index)
            ignore = plugin.failure_policy.lower() == "ignore"
            call = Call(plugin.plugin, plugin.plugin, plugin.parameters, ignore, path, (*path, "parameters"))
            found.append(call)
    return [call for call in found if call is not None]


def prerequisite_call(spec: JobSpec, name: str) -> Call | None:
    """The call that the prerequisite of that name makes (the last of several); None for images and unknown names."""
    found = [(index, each) for index, each in enumerate(spec.prerequisites) if each.name == name]
    index, asset = found[-1] if found else (0, None)
    if not isinstance(asset, Asset):
        return None
    commands = asset.callbacks or asset.pre_commands or asset.post_commands
    plugin = asset.plugin.removeprefix(f"{PLUGIN_PREFIX}.") if asset.plugin else "cmd" if commands else ""
    path: Path = ("prerequisites", index)
    parameters = asset if plugin == "cmd" else asset.more
    return Call(name, plugin, parameters, asset.failure_policy.lower() == "ignore", path, path)


def _in_order(spec: JobSpec, names: tuple[str, ...]) -> list[str]:
    """The names with what they require before them: a required one runs once, one listed twice runs twice."""
    order: list[str] = []
    required: set[str] = set()
    for name in names:
        if name in required:
            required.remove(name)
            continue
        for other in _required_by(spec, name):
            if other not in order:
                order.append(other)
                required.add(other)
        order.append(name)
    return order


def _required_by(spec: JobSpec, name: str) -> list[str]:
    """All that a prerequisite requires, what it requires first; ``rules`` has found cycles and unknown names."""
    found: list[str] = []
    seen = {name}
    way = [(name, iter(_require(spec, name)))]
    while way:
        current, others = way[-1]
        inner = next((other for other in others if other not in seen), None)
        if inner is not None:
            seen.add(inner)
            way.append((inner, iter(_require(spec, inner))))
            continue
        way.pop()
        if way:
            found.append(current)
    return found


def _require(spec: JobSpec, name: str) -> tuple[str, ...]:
    found = spec.prerequisite(name)
    return found.require if isinstance(found, Asset) else ()
