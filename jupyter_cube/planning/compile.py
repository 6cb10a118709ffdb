"""From a job as written to a plan: every reference filled in, every default decided. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_cube.errors import Fault, SpecError, near
from jupyter_cube.lifecycle.plan import Origin, Plan
from jupyter_cube.marketplace import pins
from jupyter_cube.marketplace.graph import Graph, Want, resolve
from jupyter_cube.marketplace.item import Published
from jupyter_cube.planning.market import NO_MARKET, Market
from jupyter_cube.planning.role import RoleParts, role_parts
from jupyter_cube.plugins.action import Requirement
from jupyter_cube.protocol import calls, rules
from jupyter_cube.protocol.model import JobSpec
from jupyter_cube.text.document import Document


def compile(spec: JobSpec, *, parameters: Mapping[str, Any] | None = None, market: Market = NO_MARKET) -> Plan:
    """The plan of a job.

    Args:
        parameters: values that replace those of the job, by name.

    Raises:
        SpecError: the job has faults, or asks for something that is not available yet.
    """
    given = parameters or {}
    faults = [*_unknown_parameters(spec, given), *rules.faults(spec, given), *_unavailable(spec)]
    graphs = graphs_of(spec, market)
    faults += [fault for graph in graphs.values() for fault in graph.faults]
    faults += _refused(spec, graphs, market)
    parts: list[RoleParts] = []
    if not faults:
        parts = [role_parts(spec, name, graph, given, market) for name, graph in graphs.items()]
        faults += [fault for part in parts for fault in part.faults]
    if faults:
        raise SpecError(sorted(dict.fromkeys(faults), key=lambda fault: (fault.line, fault.column)))
    cube = spec.cube
    return Plan(
        name=spec.name,
        roles=tuple(part.role for part in parts),
        backend=cube.backend,
        env=_environment(spec),
        files=tuple(dict.fromkeys(file for part in parts for file in part.files)),
        timeout=rules.seconds(cube.timeout) or 0,
        retries=spec.job_retry_count,
        gang=spec.extras.gang,
        rank=cube.rank,
        outputs=cube.outputs,
        tags=cube.tags,
        items=(*_template(spec), *(origin_of(each) for each in items_of(graphs))),
        warnings=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def graphs_of(spec: JobSpec, market: Market) -> dict[str, Graph]:
    """What each role needs, in the order in which it runs, with all that is wrong with it."""
    place = (spec.document or Document("", "", None)).fault
    known = calls.locals_of(spec)
    found = {}
    for name, role in spec.task_roles.items():
        wants = [
            Want(Requirement(needed), ("taskRoles", name, "prerequisites", index))
            for index, needed in enumerate(role.prerequisites)
        ]
        found[name] = resolve(wants, find=market.find, local=known, place=place, refuse=market.refuse)
    return found


def items_of(graphs: Mapping[str, Graph]) -> list[Published]:
    """The items that the roles need, each once."""
    subjects = [node.subject for graph in graphs.values() for node in graph.nodes]
    return list({(s.source, s.item.label, s.digest): s for s in subjects if isinstance(s, Published)}.values())


def origin_of(published: Published) -> Origin:
    """An item, pinned."""
    item = published.item
    return Origin(item.name, item.version, published.digest, published.source, item.kind)


def _template(spec: JobSpec) -> list[Origin]:
    """The job template that the job was made from."""
    return [pins.parse(spec.cube.template, kind="job")] if spec.cube.template else []


def _refused(spec: JobSpec, graphs: Mapping[str, Graph], market: Market) -> Iterator[Fault]:
    """Items whose authors nobody has said to trust, where the job needs them first."""
    place = (spec.document or Document("", "", None)).fault
    seen: set[str] = set()
    for node in (node for graph in graphs.values() for node in graph.nodes):
        if isinstance(node.subject, Published) and node.subject.digest not in seen:
            seen.add(node.subject.digest)
            if why := market.refuse(node.subject):
                message, _, hint = why.partition("; ")
                yield place(node.root, message, hint=hint)


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
    if not spec.cube.grid:
        return []
    return [place(("extras", "jupyter_cube", "grid"), "a grid is not available yet", hint="remove it")]
