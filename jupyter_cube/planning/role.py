"""One task role as written, and what it needs, to the role of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jupyter_cube.errors import Fault
from jupyter_cube.lifecycle.plan import File, Mount, Prerequisite, Resources, Role
from jupyter_cube.marketplace.graph import Graph
from jupyter_cube.planning import steps
from jupyter_cube.planning.environment import RANK_PORT
from jupyter_cube.planning.market import Market
from jupyter_cube.planning.steps import Step
from jupyter_cube.plugins import volumes
from jupyter_cube.protocol import calls, rules
from jupyter_cube.protocol.model import DockerImage, JobSpec, TaskRole
from jupyter_cube.text.document import Document
from jupyter_cube.text.template import fill


@dataclass(frozen=True, slots=True)
class RoleParts:
    """A role of a plan, the files that it needs in the job, what to tell the person, and what is wrong."""

    role: Role
    files: tuple[File, ...]
    notes: tuple[str, ...]
    faults: tuple[Fault, ...]


def role_parts(spec: JobSpec, name: str, graph: Graph, parameters: Mapping[str, Any], market: Market) -> RoleParts:
    """The role of that name; ``graph`` is what it needs, without faults."""
    written = spec.task_roles[name]
    known = rules.roots(spec, name, parameters)
    place = (spec.document or Document("", "", None)).fault
    done = [
        *(
            steps.of_node(node, known, place=place, own_paths=market.own_paths, folder=market.folder)
            for node in graph.nodes
        ),
        *(steps.of_call(call, known, place=place) for call in calls.plugins(spec, name)),
    ]
    mounts = [*_storages(spec), *(mount for step in done for mount in step.mounts)]
    targets = {mount.target for mount in mounts}
    # who brings something to a path decides what lies there, not who only handed the path on
    mounts += [mount for step in done for mount in step.handed_on if mount.target not in targets]
    merged = volumes.merge(mounts)
    faults = [fault for step in done for fault in step.faults]
    faults += [place(("taskRoles", name), message) for message in merged.faults]
    notes = [*graph.warnings, *(note for step in done for note in step.notes), *merged.warnings]
    return RoleParts(
        _role(spec, name, written, _commands(spec, name, known), done, merged.mounts),
        tuple(file for step in done for file in step.files),
        tuple(notes),
        tuple(faults),
    )


def _commands(spec: JobSpec, name: str, known: Mapping[str, Any]) -> str:
    # each by itself, as the rules check them: no reference begins in one command and ends in another
    return "\n".join(fill(command.strip(), known).text for _, command in spec.commands(name)).strip()


def _storages(spec: JobSpec) -> list[Mount]:
    return [
        Mount("storage", each.name, each.mount_path or f"/mnt/{each.name}", each.read_only, "extras.storages")
        for each in spec.extras.storages
    ]


def _role(
    spec: JobSpec, name: str, written: TaskRole, script: str, done: Sequence[Step], mounted: tuple[Mount, ...]
) -> Role:
    image = spec.prerequisite(written.docker_image, "dockerimage")
    asked = written.resources
    ports = {**asked.ports, **{label: asked.ports.get(label, 1) for label in ("ssh", "http")}}
    if spec.cube.rank == name:
        ports.setdefault(RANK_PORT, 1)
    completion = written.completion
    return Role(
        name=name,
        script=script,
        instances=written.instances,
        image=image.uri if isinstance(image, DockerImage) else "",
        strict=spec.cube.strict,
        cwd=spec.cube.cwd,
        resources=Resources(asked.cpu, asked.memory_mb, asked.gpu, written.container.shm_mb),
        ports=ports,
        min_failed=1 if completion.min_failed is None else completion.min_failed,
        min_succeeded=_min_succeeded(spec, written),
        retries=written.task_retry_count,
        after=spec.cube.after.get(name, ()),
        prerequisites=tuple(
            _as_mounted(step.prerequisite, step.mounts, mounted) for step in done if step.prerequisite is not None
        ),
        mounts=mounted,
    )


def _as_mounted(prerequisite: Prerequisite, asked: Sequence[Mount], mounted: Sequence[Mount]) -> Prerequisite:
    """It is shared with other jobs only where its directories are: others may fill them, or a storage lie there."""
    shared = {(mount.source, mount.target) for mount in mounted if mount.kind == "cache"}
    if all((mount.source, mount.target) in shared for mount in asked if mount.kind == "cache"):
        return prerequisite
    return replace(prerequisite, cache="")


def _min_succeeded(spec: JobSpec, role: TaskRole) -> int:
    if role.completion.min_succeeded is not None:
        return role.completion.min_succeeded
    # In a job of steps the success of one must not end the others.
    return -1 if spec.cube.after else role.instances
