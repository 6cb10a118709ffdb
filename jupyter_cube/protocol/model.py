# ruff: noqa: RUF009 (``key`` makes a dataclass field)
"""A job as written: OpenPAI job protocol v2.

The field names follow Python, the keys the protocol (``minFailedInstances``). Every record remembers in ``written``
which keys it was written with, so that it can be written back as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_cube.plugins.action import Action
from jupyter_cube.protocol.extras import Cube, Extras
from jupyter_cube.text.document import Document, Path
from jupyter_cube.text.record import Record, Tagged, Written, key, others
from jupyter_cube.text.shape import (
    COMMANDS,
    IDENTIFIER,
    NAMES,
    Choice,
    Either,
    Integer,
    Items,
    Nullable,
    Shape,
    Table,
    Text,
)

DEFAULT_IMAGE = re.compile(r"python:3\.\d+")  # of a command whose author named none

_NAME = Text("[a-zA-Z0-9_-]+", "of letters, digits, - and _")
_LONG_NAME = Text("[a-zA-Z0-9_-]+", "of letters, digits, - and _", longest=255)
_VERSION = Choice((2, "2"), "protocol version")
_ROLES = "write the name of a role, and below it what it runs"
_LOST_SECRETS = "write the secrets themselves, a masked job has lost them"
NO_IMAGE = "the tasks run in the notebook's environment"
_NOT_REFERRED = "no command of the role refers to it"
_NOT_LESS = "leave it away for the default, or write -1 for never"


@dataclass(frozen=True, kw_only=True)
class Auth(Written):
    """How to log in to an image's registry; ``<% $secrets.x %>`` is filled in."""

    username: str = key("username", Text(), default="")
    password: str = key("password", Text(), default="")
    registry_uri: str = key("registryuri", Text(), default="")


@dataclass(frozen=True, kw_only=True)
class Prerequisite(Written):
    """Something a task needs: the fields that all types have."""

    type: str = key("type", Text())
    name: str = key("name", _NAME)
    protocol_version: int | str = key("protocolVersion", _VERSION, default=2)
    version: str | float = key("version", Either(), default="")
    contributor: str = key("contributor", Text(), default="")
    description: str = key("description", Text(), default="", about="Markdown")


@dataclass(frozen=True, kw_only=True)
class DockerImage(Prerequisite):
    """A container image."""

    uri: str = key("uri", Text())
    auth: Auth | None = key("auth", Record(Auth), default=None)


@dataclass(frozen=True, kw_only=True)
class Asset(Prerequisite, Action):
    """A script or an output; with a plugin or callbacks, something that is done for the task.

    Attributes:
        more: the plugin's parameters and whatever else was written.
    """

    uri: str = key("uri", Text(), default="")
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Data(Asset):
    """A dataset."""

    uri: tuple[str, ...] = key("uri", NAMES, default=())  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class Completion(Written):
    """When the ended tasks of a role end the job; None is the default: 1 failed, all succeeded."""

    min_failed: int | None = key(
        "minFailedInstances",
        Nullable(Integer(-1, zero=False, why=_NOT_LESS)),
        default=None,
        about="this many failed tasks fail the job; default 1, -1 never",
    )
    min_succeeded: int | None = key(
        "minSucceededInstances",
        Nullable(Integer(-1, zero=False, why=_NOT_LESS)),
        default=None,
        about="this many succeeded tasks end the job as succeeded; default all, -1 never",
    )


@dataclass(frozen=True, kw_only=True)
class ContainerOptions(Written):
    """Options of the container: shared memory in MiB (0: the default of 512)."""

    shm_mb: int = key("shmMB", Integer(0), default=0, about="shared memory in MiB", unused="it is the machine's")
    more: Mapping[str, Any] = others({"infiniband": "tasks see the machine's devices"})


@dataclass(frozen=True, kw_only=True)
class Resources(Written):
    """What each task of a role gets; ``ports`` maps labels to how many free ports."""

    cpu: int = key("cpu", Integer(0))
    memory_mb: int = key("memoryMB", Integer(0), about="MiB")
    gpu: int = key("gpu", Integer(0))
    ports: Mapping[str, int] = key(
        "ports",
        Table(Integer(0), IDENTIFIER, least=1, hint="write 'label: number of ports'"),
        default={},
        about="label: number of free ports",
    )


@dataclass(frozen=True, kw_only=True)
class TaskRole(Written):
    """A role: ``instances`` tasks that run the same commands."""

    instances: int = key("instances", Integer(1), default=1)
    completion: Completion = key("completion", Record(Completion), default=Completion())
    task_retry_count: int = key("taskRetryCount", Integer(0), default=0, about="how often one task is tried again")
    prerequisites: tuple[str, ...] = key("prerequisites", NAMES, default=(), about="names, in the order they run")
    docker_image: str = key("dockerImage", Text(), about="the name of a dockerimage prerequisite", unused=NO_IMAGE)
    data: str = key("data", Text(), default="", unused=_NOT_REFERRED)
    output: str = key("output", Text(), default="", unused=_NOT_REFERRED)
    script: str = key("script", Text(), default="", unused=_NOT_REFERRED)
    container: ContainerOptions = key("extraContainerOptions", Record(ContainerOptions), default=ContainerOptions())
    resources: Resources = key("resourcePerInstance", Record(Resources))
    commands: tuple[str, ...] = key("commands", COMMANDS, about="one bash script, entry after entry")


@dataclass(frozen=True, kw_only=True)
class RoleDeployment(Written):
    """What a deployment adds to the commands of one role."""

    pre_commands: tuple[str, ...] = key("preCommands", COMMANDS, default=())
    post_commands: tuple[str, ...] = key("postCommands", COMMANDS, default=())


@dataclass(frozen=True, kw_only=True)
class Deployment(Written):
    """A named set of additions to the roles' commands."""

    name: str = key("name", _NAME)
    task_roles: Mapping[str, RoleDeployment] = key("taskRoles", Table(Record(RoleDeployment), IDENTIFIER))


@dataclass(frozen=True, kw_only=True)
class Defaults(Written):
    """The deployment that is used, and the virtual cluster (which only OpenPAI has)."""

    deployment: str = key("deployment", Text(), default="")
    virtual_cluster: str = key("virtualCluster", Text(), default="default", unused="only OpenPAI has virtual clusters")
    more: Mapping[str, Any] = others({})


@dataclass(frozen=True, kw_only=True)
class JobSpec(Written):
    """A job as written.

    Attributes:
        document: the text it was read from, for the places of faults; None where it was made by a program.
    """

    protocol_version: int | str = key("protocolVersion", _VERSION, default=2, required=True)
    name: str = key("name", _LONG_NAME)
    type: str = key("type", Choice(("job",), "type"), default="job", required=True)
    version: str | float = key("version", Either(), default="")
    contributor: str = key("contributor", Text(), default="")
    description: str = key("description", Text(), default="", about="Markdown")
    prerequisites: tuple[Prerequisite, ...] = key(
        "prerequisites",
        Items(Tagged("type", {"dockerimage": DockerImage, "script": Asset, "output": Asset, "data": Data}, "type"), 1),
        default=(),
    )
    parameters: Mapping[str, Any] = key("parameters", Table(Shape()), default={})
    secrets: Mapping[str, Any] = key(
        "secrets",
        Table(Shape(), hint="write the secrets themselves, a masked job has lost them"),
        default={},
        repr=False,
    )
    job_retry_count: int = key("jobRetryCount", Integer(0), default=0, about="how often the whole job is tried again")
    task_roles: Mapping[str, TaskRole] = key("taskRoles", Table(Record(TaskRole), IDENTIFIER, 1, _ROLES))
    deployments: tuple[Deployment, ...] = key("deployments", Items(Record(Deployment), least=1), default=())
    defaults: Defaults = key("defaults", Record(Defaults), default=Defaults())
    extras: Extras = key("extras", Record(Extras), default=Extras())
    document: Document | None = field(default=None, compare=False, repr=False)

    @property
    def cube(self) -> Cube:
        """What the job says to jupyter-cube, defaults where it says nothing."""
        return self.extras.cube or Cube()

    def prerequisite(self, name: str, *types: str) -> Prerequisite | None:
        """The prerequisite of that name, of one of the types if any are given; the last of several."""
        found = [each for each in self.prerequisites if each.name == name and (not types or each.type in types)]
        return found[-1] if found else None

    def commands(self, role: str) -> Iterator[tuple[Path, str]]:
        """The commands of a role with their places, those of the active deployment around them."""
        active = [(i, each) for i, each in enumerate(self.deployments) if each.name == self.defaults.deployment]
        for index, deployment in active[:1]:
            if role in deployment.task_roles:
                added = deployment.task_roles[role]
                path: Path = ("deployments", index, "taskRoles", role)
                yield from _placed((*path, "preCommands"), added.pre_commands)
                yield from _placed(("taskRoles", role, "commands"), self.task_roles[role].commands)
                yield from _placed((*path, "postCommands"), added.post_commands)
                return
        yield from _placed(("taskRoles", role, "commands"), self.task_roles[role].commands)


def _placed(path: Path, commands: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    for index, command in enumerate(commands):
        yield (*path, index), command
