"""From a job as written to a plan: every reference filled in, every default decided. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jupyter_cube import rules
from jupyter_cube.document import Document
from jupyter_cube.environment import RANK_PORT
from jupyter_cube.errors import Fault, SpecError, near
from jupyter_cube.action import PLUGIN_PREFIX
from jupyter_cube.model import Asset, DockerImage, JobSpec, TaskRole
from jupyter_cube.plan import Plan, Prerequisite, Resources, Role
from jupyter_cube.calls import MARKETPLACE, Call, calls
from jupyter_cube.template import fill

_IGNORED = {
    "hivedScheduler": "there is no HiveD scheduler here",
    "jobStatusChangeNotification": "nothing is sent",
}


def compile(spec: JobSpec, items: Sequence[Prerequisite] = (), *, parameters: Mapping[str, Any] | None = None) -> Plan:
    """The plan of a job.

    Args:
        items: prerequisites from elsewhere, which every role needs before its own.
        parameters: values that replace those of the job, by name.

    Raises:
        SpecError: the job has faults, or asks for something that is not available yet.
    """
    given = parameters or {}
    faults = [*_unknown_parameters(spec, given), *rules.faults(spec, given), *_unavailable(spec)]
    if faults:
        raise SpecError(sorted(faults, key=lambda fault: (fault.line, fault.column)))
    cube = spec.cube
    return Plan(
        name=spec.name,
        roles=tuple(_role(spec, name, items, given) for name in spec.task_roles),
        backend=cube.backend,
        env=_environment(spec),
        timeout=rules.seconds(cube.timeout) or 0,
        retries=spec.job_retry_count,
        gang=spec.extras.gang,
        rank=cube.rank,
        outputs=cube.outputs,
        tags=cube.tags,
        warnings=tuple(_ignored(spec)),
    )


def _role(spec: JobSpec, name: str, items: Sequence[Prerequisite], parameters: Mapping[str, Any]) -> Role:
    written = spec.task_roles[name]
    known = rules.roots(spec, name, parameters)
    commands = "\n".join(command.strip() for _, command in spec.commands(name)).strip()
    image = spec.prerequisite(written.docker_image, "dockerimage")
    resources = written.resources
    ports = {**resources.ports, **{label: resources.ports.get(label, 1) for label in ("ssh", "http")}}
    if spec.cube.rank == name:
        ports.setdefault(RANK_PORT, 1)
    completion = written.completion
    return Role(
        name=name,
        script=fill(commands, known).text,
        instances=written.instances,
        image=image.uri if isinstance(image, DockerImage) else "",
        strict=spec.cube.strict,
        cwd=spec.cube.cwd,
        resources=Resources(resources.cpu, resources.memory_mb, resources.gpu, written.container.shm_mb),
        ports=ports,
        min_failed=1 if completion.min_failed is None else completion.min_failed,
        min_succeeded=_min_succeeded(spec, written),
        retries=written.task_retry_count,
        after=spec.cube.after.get(name, ()),
        prerequisites=(*items, *(_prerequisite(call, known) for call in calls(spec, name) if call.plugin == "cmd")),
    )


def _min_succeeded(spec: JobSpec, role: TaskRole) -> int:
    if role.completion.min_succeeded is not None:
        return role.completion.min_succeeded
    # In a job of steps the success of one must not end the others.
    return -1 if spec.cube.after else role.instances


def _prerequisite(call: Call, known: Mapping[str, Mapping[str, Any] | None]) -> Prerequisite:
    scripts: dict[str, list[str]] = {}
    for event, _, text in call.scripts():
        scripts.setdefault(event, []).append(fill(text, known).text)
    texts = {event: "\n".join(lines) for event, lines in scripts.items()}
    return Prerequisite(call.name, texts, ignore_failure=call.ignore_failure)


def _environment(spec: JobSpec) -> dict[str, str]:
    cluster = spec.defaults.virtual_cluster
    return {"PAI_VIRTUAL_CLUSTER": cluster} if cluster != "default" else {}


def _unknown_parameters(spec: JobSpec, given: Mapping[str, Any]) -> list[Fault]:
    return [
        Fault(f"the job has no parameter '{name}'", path="parameters", hint=near(name, spec.parameters))
        for name in given
        if name not in spec.parameters
    ]


def _unavailable(spec: JobSpec) -> list[Fault]:
    """What is right to write, and cannot be done yet."""
    place = (spec.document or Document("", "", None)).fault
    found: list[Fault] = []
    for role in spec.task_roles:
        for call in calls(spec, role):
            if call.plugin not in ("", "cmd"):
                message = f"the plugin {call.plugin} is not available yet"
                found.append(
                    place((*call.path, "plugin"), message, hint="remove it, or do the same with the plugin cmd")
                )
            asset = spec.prerequisites[int(call.path[1])] if call.path[0] == "prerequisites" else None
            if not isinstance(asset, Asset):
                continue
            if "requireStorages" in asset.more:
                found.append(place((*call.path, "requireStorages"), "storages are not available yet", hint="remove it"))
            for index, name in enumerate(asset.require):
                if name.startswith(MARKETPLACE):
                    message = "items of a marketplace cannot be used yet"
                    found.append(place((*call.path, "require", index), message, hint="remove it"))
    if spec.extras.storages:
        found.append(place(("extras", "storages"), "storages are not available yet", hint="remove them"))
    if spec.cube.grid:
        found.append(place(("extras", "jupyter_cube", "grid"), "a grid is not available yet", hint="remove it"))
    return list(dict.fromkeys(found))


def _ignored(spec: JobSpec) -> Iterator[str]:
    """One line for each part of the job that has no effect."""
    if spec.cube.backend == "local" and any(role.docker_image for role in spec.task_roles.values()):
        yield "dockerImage is not used on this machine: the tasks run in the notebook's environment"
    if spec.defaults.virtual_cluster != "default":
        yield f"defaults.virtualCluster has no effect: {spec.defaults.virtual_cluster} is a name of OpenPAI"
    for key, why in _IGNORED.items():
        if key in spec.extras.more:
            yield f"extras.{key} has no effect: {why}"
    if any(plugin.more for plugin in spec.extras.plugins):
        others = sorted({key for plugin in spec.extras.plugins for key in plugin.more})
        yield f"extras.{PLUGIN_PREFIX}: {', '.join(others)} has no effect"
