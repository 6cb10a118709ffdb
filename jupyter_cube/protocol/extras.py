# ruff: noqa: RUF009 (``key`` makes a dataclass field)
"""What a job says under ``extras``: runtime plugins, storages, and all that jupyter-cube adds to the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_cube.plugins.action import FAILURE_POLICY, PLUGIN_PREFIX, Action, Commands, Storage
from jupyter_cube.text.record import Record, Tagged, Written, key, others
from jupyter_cube.text.shape import NAMES, Either, Flag, Items, Shape, Table, Text


@dataclass(frozen=True, kw_only=True)
class RuntimePlugin(Written):
    """A plugin that runs for all tasks, or for those of the roles that ``task_roles`` names."""

    plugin: str = key("plugin", Text())
    parameters: Any = key("parameters", Table(Shape()), default={})
    failure_policy: str = key("failurePolicy", FAILURE_POLICY, default="fail")
    task_roles: tuple[str, ...] = key("taskroles", NAMES, default=(), about="default: all roles")
    more: Mapping[str, Any] = others({})


@dataclass(frozen=True, kw_only=True)
class CommandPlugin(RuntimePlugin):
    """The plugin ``cmd``, whose parameters are commands."""

    parameters: Commands = key("parameters", Record(Commands))


@dataclass(frozen=True, kw_only=True)
class ReferencedPrerequisite(Action):
    """A prerequisite that only this job has, by which a role names items of a marketplace."""

    name: str = key("name", Text("[a-zA-Z0-9_.-]+", "of letters, digits, '.', '_' and '-'"))
    type: str = key("type", Text(), default="")


@dataclass(frozen=True, kw_only=True)
class Cube(Written):
    """What jupyter-cube adds to a job.

    Attributes:
        timeout: seconds, or text such as ``1h30m``; 0: none.
        rank: the role whose tasks get RANK, WORLD_SIZE and MASTER_ADDR.
        inputs: names of notebook values that the tasks get; ``outputs`` those that they hand back.
        after: role to the roles that must have succeeded before it starts.
        strict: run commands under errexit, nounset and pipefail.
    """

    backend: str = key("backend", Text(), default="local")
    cwd: str = key("cwd", Text(), default="", about="working folder; default: a fresh folder a task")
    files: tuple[str, ...] = key("files", NAMES, default=(), about="files that the tasks get")
    timeout: str | float = key("timeout", Either(), default=0, about="seconds, or text such as 1h30m")
    rank: str = key("rank", Text(), default="", about="the role whose tasks get RANK, WORLD_SIZE and MASTER_ADDR")
    inputs: tuple[str, ...] = key("in", NAMES, default=(), about="notebook values that the tasks get")
    outputs: tuple[str, ...] = key("out", NAMES, default=(), about="values that the tasks hand back")
    grid: Mapping[str, Any] = key("grid", Table(Shape()), default={}, about="parameter: values to try")
    after: Mapping[str, tuple[str, ...]] = key(
        "after", Table(NAMES), default={}, about="role: roles that must have succeeded before it starts"
    )
    notebook: str = key("notebook", Text(), default="", about="the notebook that was the source")
    tags: tuple[str, ...] = key("tags", NAMES, default=())
    strict: bool = key("strict", Flag(), default=True, about="run commands under errexit, nounset and pipefail")
    template: str = key("template", Text(), default="", about="the job template: SOURCE/NAME@VERSION DIGEST")
    items: tuple[str, ...] = key("items", NAMES, default=(), about="items pinned: SOURCE/NAME@VERSION DIGEST")


@dataclass(frozen=True, kw_only=True)
class Extras(Written):
    """What the protocol leaves open.

    Attributes:
        cube: None where the job says nothing to jupyter-cube.
        references: prerequisites that stand for items of a marketplace.
        more: all other keys as written.
    """

    gang: bool = key("gangAllocation", Flag(), default=True, about="all tasks start together or none")
    storages: tuple[Storage, ...] = key("storages", Items(Record(Storage)), default=(), about="volumes of every role")
    plugins: tuple[RuntimePlugin, ...] = key(
        PLUGIN_PREFIX,
        Items(Tagged("plugin", {"cmd": CommandPlugin}, "plugin", others=RuntimePlugin)),
        default=(),
    )
    references: tuple[ReferencedPrerequisite, ...] = key(
        "reference_prerequisites", Items(Record(ReferencedPrerequisite)), default=()
    )
    cube: Cube | None = key("jupyter_cube", Record(Cube), default=None)
    more: Mapping[str, Any] = others(
        {
            "hivedScheduler": "there is no HiveD scheduler here",
            "jobStatusChangeNotification": "nothing is sent",
            "tensorBoard": "require the item tensorboard instead",
            "submitFrom": None,
        }
    )
