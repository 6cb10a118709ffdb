"""The plan: what each task will run, with which environment, files and resources.

A plan is a value. It is what a backend needs and nothing else; it is stored in the job folder as JSON
(``to_json``, ``from_json``). Secrets appear in it only by name, as ``<% $secrets.x %>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

PLAN_VERSION = 1


@dataclass(frozen=True, slots=True)
class Resources:
    """What one task needs: CPUs, memory in MiB, GPUs, shared memory in MiB (0: the system's default)."""

    cpu: int = 1
    memory_mb: int = 0
    gpu: int = 0
    shm_mb: int = 0


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """What a task needs first: for each event, the bash script that runs then.

    Attributes:
        name: as shown in logs and exit records.
        scripts: event (taskStarts, taskSucceeds, taskFails, taskCompletes) to script text.
        ignore_failure: a failing script does not fail the task (``failurePolicy: ignore``).
        scope: ``task``: every task runs all of it; ``job``: taskStarts runs once a job attempt, by the first task that
            gets there, and taskCompletes after the last.
        key: of the scope ``job``, what is the same for all roles that share it.
        cache: of the scope ``job``, the cache entry that taskStarts fills, for this job and later ones; empty: none.
        check: bash text; where it succeeds, all is there already and none of the scripts is run.
        needs: what the scripts cannot do without: ``root``, ``network``.
        item: the item it comes from, as ``NAME@VERSION``; empty: written in the job.
    """

    name: str
    scripts: Mapping[str, str]
    ignore_failure: bool = False
    scope: str = "task"
    key: str = ""
    cache: str = ""
    check: str = ""
    needs: tuple[str, ...] = ()
    item: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the job, laid into ``files/`` of the job folder before the start (path is relative)."""

    path: str
    text: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Mount:
    """A directory that the tasks of a role see at the absolute path ``target``.

    Attributes:
        kind: ``storage``: a configured volume; ``cache``: an entry of the cache that jobs share, filled by the
            prerequisite with the same ``cache``; ``job``: a directory of this job, the same for all its tasks.
        source: the volume's name, the cache entry, or the directory's name.
        origin: what asked for it, for messages.
    """

    kind: str
    source: str
    target: str
    read_only: bool = False
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """An item that a job was made of, pinned."""

    name: str
    version: str
    digest: str
    source: str
    kind: str


@dataclass(frozen=True, slots=True)
class Role:
    """A task role: ``instances`` tasks that run the same script.

    Attributes:
        script: bash text of the commands.
        strict: run it under errexit, nounset and pipefail (OpenPAI jobs).
        cwd: working folder; empty: a fresh folder a task.
        ports: label to how many free ports each task gets (``ssh`` and ``http`` are among them in OpenPAI jobs).
        min_failed: the job fails when this many tasks have failed; -1: never.
        min_succeeded: the job succeeds when this many have succeeded; -1: never.
        retries: how often one task is tried again.
        after: roles that must have succeeded before this one starts.
    """

    name: str
    script: str
    instances: int = 1
    image: str = ""
    strict: bool = False
    cwd: str = ""
    resources: Resources = Resources()
    ports: Mapping[str, int] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    min_failed: int = 1
    min_succeeded: int = 1
    retries: int = 0
    after: tuple[str, ...] = ()
    prerequisites: tuple[Prerequisite, ...] = ()
    mounts: tuple[Mount, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a plan: its number in the job (its place in the timeline), role and index."""

    number: int
    role: Role
    index: int

    @property
    def name(self) -> str:
        return f"{self.role.name}-{self.index}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a backend runs.

    Attributes:
        env: variables that the spec adds, the same for all tasks.
        timeout: seconds after which the job is stopped as FAILED; 0: never.
        grace: seconds between TERM and KILL.
        retries: how often the whole job is tried again.
        gang: all tasks start together or none (else as many as fit).
        rank: name of the role whose tasks get RANK and its relatives; empty: none.
        outputs: names that tasks hand back as results.
        items: the items of the marketplace that it was made of.
        warnings: lines for the person who submits.
    """

    name: str
    roles: tuple[Role, ...]
    backend: str = "local"
    env: Mapping[str, str] = field(default_factory=dict)
    files: tuple[File, ...] = ()
    timeout: float = 0
    grace: float = 10
    retries: int = 0
    gang: bool = True
    rank: str = ""
    outputs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    items: tuple[Origin, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks, numbered in the order of roles and indices."""
        pairs = [(role, index) for role in self.roles for index in range(role.instances)]
        return tuple(Task(number, role, index) for number, (role, index) in enumerate(pairs))

    def role(self, name: str) -> Role:
        return next(role for role in self.roles if role.name == name)


def to_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values."""
    return {"version": PLAN_VERSION, **asdict(plan)}


def from_json(data: Mapping[str, Any]) -> Plan:
    """The plan that ``to_json`` wrote; fields that this version does not know are left out."""

    def known(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: values[name] for name in kind.__dataclass_fields__ if name in values}  # type: ignore[attr-defined]

    def prerequisite(values: Mapping[str, Any]) -> Prerequisite:
        fields = known(Prerequisite, values)
        fields["needs"] = tuple(fields.get("needs", ()))
        return Prerequisite(**fields)

    def role(values: Mapping[str, Any]) -> Role:
        fields = known(Role, values)
        fields["resources"] = Resources(**known(Resources, fields["resources"]))
        fields["prerequisites"] = tuple(prerequisite(item) for item in fields["prerequisites"])
        fields["mounts"] = tuple(Mount(**known(Mount, item)) for item in fields.get("mounts", ()))
        fields["after"] = tuple(fields["after"])
        return Role(**fields)

    fields = known(Plan, data)
    fields["roles"] = tuple(role(item) for item in fields["roles"])
    fields["files"] = tuple(File(**known(File, item)) for item in fields["files"])
    fields["items"] = tuple(Origin(**known(Origin, item)) for item in fields.get("items", ()))
    for name in ("outputs", "tags", "warnings"):
        fields[name] = tuple(fields.get(name, ()))
    return Plan(**fields)
