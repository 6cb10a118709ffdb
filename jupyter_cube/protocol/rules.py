"""What must hold between the parts of a job: names that exist, references that resolve, orders without a cycle.

``faults`` are mistakes, ``warnings`` what is allowed and odd. Neither looks at the machine.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from jupyter_cube.errors import Fault, near
from jupyter_cube.marketplace.reference import is_reference, malformed
from jupyter_cube.plugins import action, registry
from jupyter_cube.plugins.action import PLUGIN_PREFIX
from jupyter_cube.protocol import calls
from jupyter_cube.protocol.model import Auth, DockerImage, JobSpec
from jupyter_cube.text.document import Document, Path
from jupyter_cube.text.record import Record
from jupyter_cube.text.template import Problem, fill

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")
OF_ROLE = ("data", "script", "output")
_NOWHERE = Document("", "", None)


def faults(spec: JobSpec, parameters: Mapping[str, Any] | None = None) -> list[Fault]:
    """All mistakes in a job, given the parameters that are filled in from outside."""
    found = [
        *_duplicates(spec),
        *_names(spec),
        *_requirements(spec),
        *_plugin_parameters(spec),
        *_cube(spec),
        *_templates(spec, parameters or {}),
    ]
    return list(dict.fromkeys(found))


def warnings(spec: JobSpec) -> list[Fault]:
    """What is odd about a job and yet allowed."""
    return [*_odd_prerequisites(spec), *_odd_roles(spec), *_odd_completion(spec)]


def roots(spec: JobSpec, role: str, parameters: Mapping[str, Any]) -> dict[str, Mapping[str, Any] | None]:
    """What the references in the commands of a role stand for."""
    task_role = spec.task_roles[role]
    found: dict[str, Mapping[str, Any] | None] = {
        "parameters": {**spec.parameters, **parameters},
        "secrets": spec.secrets,
    }
    for kind in OF_ROLE:
        asset = spec.prerequisite(getattr(task_role, kind), kind)
        found[kind] = Record(type(asset)).write(asset) if asset else None
    return found


def seconds(duration: str | float) -> float | None:
    """A duration such as ``90``, ``1h30m`` or ``2d`` in seconds; None where it is none."""
    if not isinstance(duration, str):
        return float(duration) if 0 <= duration < float("inf") else None
    found = _DURATION.fullmatch(duration.strip().replace(" ", ""))
    if not found or not any(found.groups()):
        return None
    return sum(float(number or 0) * unit for number, unit in zip(found.groups(), (86400, 3600, 60, 1), strict=True))


def _duplicates(spec: JobSpec) -> Iterator[Fault]:
    place = (spec.document or _NOWHERE).fault
    seen: set[tuple[str, str]] = set()
    for index, each in enumerate(spec.prerequisites):
        if each.name and (each.type, each.name) in seen:
            message = f"there is already a {each.type} prerequisite '{each.name}'"
            yield place(("prerequisites", index, "name"), message, hint="rename or remove one of the two")
        seen.add((each.type, each.name))
    own = {each.name for each in spec.prerequisites}
    for index, reference in enumerate(spec.extras.references):
        if reference.name and reference.name in own:
            message = f"there is already a prerequisite '{reference.name}'"
            path: Path = ("extras", "reference_prerequisites", index, "name")
            yield place(path, message, hint="rename or remove one of the two")
        own.add(reference.name)
    names: set[str] = set()
    for index, deployment in enumerate(spec.deployments):
        if deployment.name and deployment.name in names:
            message = f"there is already a deployment '{deployment.name}'"
            yield place(("deployments", index, "name"), message, hint="rename or remove one of the two")
        names.add(deployment.name)


def _ambiguous(spec: JobSpec) -> set[str]:
    """Names that several prerequisites have; which one is meant is not known, so nothing else is said of them."""
    kinds = [(each.type, each.name) for each in spec.prerequisites]
    twice = {name for (_, name), count in Counter(kinds).items() if count > 1}
    referred = Counter(each.name for each in spec.extras.references)
    own = {name for _, name in kinds}
    return twice | {name for name, count in referred.items() if count > 1 or name in own}


def _names(spec: JobSpec) -> Iterator[Fault]:
    """Names of prerequisites and deployments that do not exist."""
    place = (spec.document or _NOWHERE).fault
    names = list(calls.locals_of(spec))
    for role, task_role in spec.task_roles.items():
        path: Path = ("taskRoles", role)
        for index, name in enumerate(task_role.prerequisites):
            if name not in names and not is_reference(name):
                message = f"there is no prerequisite '{name}'"
                yield place((*path, "prerequisites", index), message, hint=near(name, names))
        wanted = [(kind, kind, getattr(task_role, kind)) for kind in OF_ROLE]
        for key, kind, name in [("dockerImage", "dockerimage", task_role.docker_image), *wanted]:
            if name and not spec.prerequisite(name, kind):
                known = [each.name for each in spec.prerequisites if each.type == kind]
                yield place((*path, key), f"there is no {kind} prerequisite '{name}'", hint=near(name, known))
    chosen = spec.defaults.deployment
    known = [each.name for each in spec.deployments]
    if chosen and chosen not in known:
        message = f"there is no deployment '{chosen}'"
        yield place(("defaults", "deployment"), message, hint=near(chosen, known))


def _requirements(spec: JobSpec) -> Iterator[Fault]:
    """What the job's own prerequisites require of each other; items are found when the job is compiled."""
    place = (spec.document or _NOWHERE).fault
    known = calls.locals_of(spec)
    ambiguous = _ambiguous(spec)
    for local in known.values():
        for number, requirement in enumerate(local.action.require):
            name = requirement.name
            path: Path = (*local.path, "require", number)
            if is_reference(name):
                if wrong := malformed(name):
                    yield place(path, wrong.message, hint=wrong.hint)
            elif name not in known:
                yield place(path, f"there is no prerequisite '{name}'", hint=near(name, known))
            elif requirement.values and name not in ambiguous:
                message = f"'{name}' is a prerequisite of this job, it has no template variables"
                yield place(path, message, hint="remove template_variables")
    clear = {name: local for name, local in known.items() if name not in ambiguous}
    edges = {name: [each.name for each in local.action.require] for name, local in clear.items()}
    if cycle := _cycle(edges):
        message = f"the prerequisites require each other: {' -> '.join(cycle)}"
        yield place((*known[cycle[0]].path, "require"), message, hint="remove one of them")


def _cycle(edges: Mapping[str, Iterable[str]]) -> list[str]:
    """A way that leads back to its beginning, as names; empty where there is none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def _plugin_parameters(spec: JobSpec) -> Iterator[Fault]:
    document = spec.document or _NOWHERE
    for local in calls.locals_of(spec).values():
        yield from action.faults(local.action, document, local.path)
        yield from _unknown_plugin(document, local.path, local.action.short_plugin)
    for index, each in enumerate(spec.extras.plugins):
        path: Path = ("extras", PLUGIN_PREFIX, index)
        call = calls.of_plugin(index, each)
        yield from _unknown_plugin(document, path, call.plugin)
        if call.commands.callbacks and (call.commands.pre_commands or call.commands.post_commands):
            message = "callbacks and preCommands or postCommands exclude each other"
            hint = "write the commands as callbacks of taskStarts and taskSucceeds"
            yield document.fault((*path, "parameters", "callbacks"), message, hint=hint)


def _unknown_plugin(document: Document, path: Path, name: str) -> Iterator[Fault]:
    if (error := registry.unknown(name)) is not None:
        yield document.fault((*path, "plugin"), error.message, hint=error.hint)


def _cube(spec: JobSpec) -> Iterator[Fault]:
    place = (spec.document or _NOWHERE).fault
    path: Path = ("extras", "jupyter_cube")
    cube = spec.cube
    if seconds(cube.timeout) is None:
        message = f"{cube.timeout!r:.60} is no duration"
        yield place((*path, "timeout"), message, hint="write seconds, or text such as 1h30m")
    mentioned = [((*path, "rank"), cube.rank)] if cube.rank else []
    for role, before in cube.after.items():
        mentioned.append(((*path, "after", role), role))
        mentioned += [((*path, "after", role, index), name) for index, name in enumerate(before)]
    for where, role in mentioned:
        if role not in spec.task_roles:
            yield place(where, f"there is no role '{role}'", hint=near(role, spec.task_roles))
    if cycle := _cycle(cube.after):
        message = f"the roles wait for each other: {' after '.join(cycle)}"
        yield place((*path, "after"), message, hint="remove one of them")


def _templates(spec: JobSpec, parameters: Mapping[str, Any]) -> Iterator[Fault]:
    for index, image in enumerate(spec.prerequisites):
        if isinstance(image, DockerImage) and image.auth:
            for key, text in Record(Auth).write(image.auth).items():
                for problem in fill(text, {"secrets": spec.secrets}).problems:
                    yield _fault(spec, ("prerequisites", index, "auth", key), problem)
    ambiguous = _ambiguous(spec)
    for role, task_role in spec.task_roles.items():
        known = roots(spec, role, parameters)
        # A name that does not exist, or several times, is a fault of its own already.
        named = [(kind, getattr(task_role, kind)) for kind in OF_ROLE]
        unknown = [f"${kind}" for kind, name in named if name and (known[kind] is None or name in ambiguous)]
        for path, text in texts(spec, role):
            for problem in fill(text, known).problems:
                if not any(root in problem.tag for root in unknown):
                    yield _fault(spec, path, problem)


def texts(spec: JobSpec, role: str) -> Iterator[tuple[Path, str]]:
    """All texts of a role in which references are filled in."""
    yield from spec.commands(role)
    for call in calls.written(spec, role):
        for _, path, text in call.scripts():
            yield path, text
        yield from _strings(call.parameters, call.parameters_path)


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(item, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, index))


def _fault(spec: JobSpec, path: Path, problem: Problem) -> Fault:
    return (spec.document or _NOWHERE).fault(path, problem.message, hint=problem.hint, fragment=problem.tag)


def _odd_prerequisites(spec: JobSpec) -> Iterator[Fault]:
    place = (spec.document or _NOWHERE).fault
    types: dict[str, str] = {}
    for index, each in enumerate(spec.prerequisites):
        if types.setdefault(each.name, each.type) != each.type:
            message = f"'{each.name}' is the name of a {types[each.name]} too; where a role lists it, this one is meant"
            yield place(("prerequisites", index, "name"), message)
        if "<%" in str(getattr(each, "uri", "")):
            yield place(("prerequisites", index, "uri"), "references are not filled in here")


def _odd_roles(spec: JobSpec) -> Iterator[Fault]:
    """Names of roles that do not exist, where OpenPAI does not mind."""
    place = (spec.document or _NOWHERE).fault
    mentioned: list[tuple[Path, str]] = [
        (("deployments", index, "taskRoles", role), role)
        for index, deployment in enumerate(spec.deployments)
        for role in deployment.task_roles
    ]
    mentioned += [
        (("extras", PLUGIN_PREFIX, index, "taskroles", number), role)
        for index, plugin in enumerate(spec.extras.plugins)
        for number, role in enumerate(plugin.task_roles)
    ]
    for path, role in mentioned:
        if role not in spec.task_roles:
            yield place(path, f"there is no role '{role}'", hint=near(role, spec.task_roles))


def _odd_completion(spec: JobSpec) -> Iterator[Fault]:
    place = (spec.document or _NOWHERE).fault
    for name, role in spec.task_roles.items():
        for key, least in (
            ("minFailedInstances", role.completion.min_failed),
            ("minSucceededInstances", role.completion.min_succeeded),
        ):
            if least is not None and least > role.instances:
                message = f"the role has only {role.instances} instances, so this never happens"
                yield place(("taskRoles", name, "completion", key), message)
