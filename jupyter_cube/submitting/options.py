"""What a submit can be told beside what it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_cube.config import config
from jupyter_cube.errors import Fault, UsageError
from jupyter_cube.protocol import rules

# what a job says of itself, and where; beside a job it would be said twice
_OF_A_JOB = {
    "instances": "taskRoles.ROLE.instances",
    "gpu": "taskRoles.ROLE.resourcePerInstance.gpu",
    "cpu": "taskRoles.ROLE.resourcePerInstance.cpu",
    "memory": "taskRoles.ROLE.resourcePerInstance.memoryMB",
    "ports": "taskRoles.ROLE.resourcePerInstance.ports",
    "retries": "taskRoles.ROLE.taskRetryCount",
    "image": "prerequisites",
    "rank": "extras.jupyter_cube.rank",
    "outputs": "extras.jupyter_cube.outputs",
    "inputs": "",
}
_FLAGS = {"ports": "--port", "outputs": "--out", "inputs": "--in"}


@dataclass(frozen=True, slots=True)
class Options:
    """What a submit can be told. Every field is one option of the verb ``submit``.

    Attributes:
        instances: None: one; so ``cpu``. Of ``gpu`` and ``retries``, None is 0.
        memory: MiB, or text with a unit such as ``4G``; empty: no limit.
        inputs: names whose values the cell gets; None: the free names of the cell.
        outputs: names whose values come back.
        timeout: seconds, or text with a unit such as ``2h``.
        retries: how often a failed task is tried again.
        detach: a job submitted inside a task goes on when that task ends.
        require: items that the tasks need first, each ``NAME[@VERSION][:VARIABLE=VALUE,...]``.
        yes: allow items that are used for the first time.
        rank: give the tasks RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT and LOCAL_RANK.
    """

    name: str = ""
    backend: str = ""
    instances: int | None = None
    gpu: int | None = None
    cpu: int | None = None
    memory: str | int = ""
    image: str = ""
    shell: bool = False
    yaml: bool = False
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: str | float = 0
    retries: int | None = None
    rank: bool = False
    cwd: str = ""
    ports: Mapping[str, int] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    grace: float | None = None
    detach: bool = False
    require: tuple[str, ...] = ()
    yes: bool = False


def settled(options: Options) -> Options:
    """The options with the configuration's defaults filled in."""
    settings = config()
    grace = settings.grace if options.grace is None else options.grace
    return replace(options, backend=options.backend or settings.backend, grace=grace)


def beside_job(options: Options, file: str) -> list[Fault]:
    """Options that cannot be typed beside a whole job, which says itself what they say."""
    faults = []
    for name, place in _OF_A_JOB.items():
        if getattr(options, name) not in (None, "", (), {}, False):
            flag = _FLAGS.get(name, f"--{name}")
            hint = f"write {place} in the job, or leave the option out" if place else "leave the option out"
            message = f"{flag} is for cells, scripts and commands, a job says it itself"
            faults.append(Fault(message, file=file, hint=hint))
    return faults


def at_least(number: int | None, least: int, place: str, *, default: int | None = None) -> int:
    """A number that was typed, or the default; ``least`` where there is none.

    Raises:
        UsageError: it is less.
    """
    if number is None:
        return least if default is None else default
    if number < least:
        raise UsageError(f"{number} is too few", place=place, hint=f"write {least} or more")
    return number


def mebibytes(size: str | int, place: str = "--memory") -> int:
    """``4G``, ``512M`` or a number of MiB, as MiB; empty is 0, no limit.

    Raises:
        UsageError: it is no size.
    """
    if isinstance(size, int):
        return size
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", size.lower()) if size else None
    if match is None:
        if size:
            raise UsageError(f"{size!r} is no size", place=place, hint="write 512M or 4G")
        return 0
    factor = {"k": 1 / 1024, "m": 1, "": 1, "g": 1024, "t": 1024**2}[match[2]]
    return max(1, round(float(match[1]) * factor))


def seconds(duration: str | float, place: str) -> float:
    """``90``, ``90s``, ``5m``, ``2h`` or ``1h30m`` as seconds.

    Raises:
        UsageError: it is no duration.
    """
    found = rules.seconds(duration)
    if found is None:
        raise UsageError(f"{duration!r} is no duration", place=place, hint="write 90s, 5m or 2h")
    return found
