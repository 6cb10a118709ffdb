"""Looking before a submit: is a file right, and what would it run. Nothing is started."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_cube import files
from jupyter_cube.errors import CubeError, Fault, SpecError, UsageError
from jupyter_cube.lifecycle.plan import Plan, Task
from jupyter_cube.marketplace import item, usability
from jupyter_cube.marketplace.graph import Graph
from jupyter_cube.marketplace.item import Published
from jupyter_cube.planning import compile
from jupyter_cube.planning.market import NO_MARKET
from jupyter_cube.protocol import spec
from jupyter_cube.submitting import compose
from jupyter_cube.submitting.compose import Composed
from jupyter_cube.submitting.fitting import fitted, refused
from jupyter_cube.submitting.options import Options, settled
from jupyter_cube.submitting.shopping import Shopping
from jupyter_cube.submitting.surroundings import Surroundings, here
from jupyter_cube.templates import skeleton, trial
from jupyter_cube.text import document

# keys that an item has and a job has not
_OF_ITEMS = {"kind", "plugin", "plugin_params", "callbacks", "require", "template_variables", "requireStorages"}


def check_files(paths: Sequence[str | Path]) -> list[dict[str, Any]]:
    """For each file whether it is right, with all its faults and warnings, as JSON values."""
    reports = []
    for path in map(str, paths):
        try:
            text = Path(path).read_bytes()
        except OSError as error:
            what, advice = f"the file cannot be read: {error.strerror}", ""
            if Path(path).is_dir():
                what, advice = "this is a folder", "name the .yaml files in it"
            fault = Fault(what, file=path, hint=advice)
            reports.append(_report(path, (fault,), ()))
        else:
            reports.append(check_text(text, path))
    return reports


def check_text(text: bytes, file: str = "") -> dict[str, Any]:
    """The same for the text of one job, or of items."""
    if not is_item(text):
        return _report(file, *_check_job(text, file))
    found, faults = item.check_all(text, file=file)
    if not faults:
        checks = (usability.of_plugin, usability.of_texts, trial.faults, skeleton.faults)
        more = [fault for one in found for check in checks for fault in check(one)]
        faults = tuple(sorted(more, key=lambda fault: (fault.line, fault.column)))
    return _report(file, faults, ())


def is_item(text: bytes) -> bool:
    """Whether a text is an item, or a list of items, rather than a job."""
    root = document.read(text, template=True).root
    if root is None:
        return False
    if isinstance(root.value, list):
        return True
    keys = root.value.keys() if isinstance(root.value, dict) else set()
    return "taskRoles" not in keys and "protocolVersion" not in keys and bool(keys & _OF_ITEMS)


def _check_job(text: bytes, path: str) -> tuple[Sequence[Fault], Sequence[Fault]]:
    """Faults and warnings of a job, those of the items that it needs too."""
    found = spec.check(text, file=path)
    if found.spec is None:
        return found.faults, found.warnings
    try:
        shopping = Shopping(found.spec.cube.items, allow=True)
        plan = compile.compile(found.spec, market=shopping.market())
    except SpecError as error:
        return error.faults, found.warnings
    except UsageError as error:
        return (Fault(error.message, file=path, path=error.place, hint=error.hint),), found.warnings
    untrusted = [Fault(line, file=path) for line in shopping.untrusted()]
    here = refused(plan, found.spec)
    return (), (*found.warnings, *untrusted, *([here] if here else []))


def _report(path: str, faults: Sequence[Fault], warnings: Sequence[Fault]) -> dict[str, Any]:
    def shown(fault: Fault) -> dict[str, Any]:
        kept = dataclasses.asdict(fault)
        kept.pop("file")
        return kept

    return {"file": path, "ok": not faults, "errors": list(map(shown, faults)), "warnings": list(map(shown, warnings))}


def plan_of(
    source: str | Path | Sequence[str], options: Options, *, around: Surroundings | None = None
) -> dict[str, Any]:
    """What a submit would run, as JSON values; ``errors`` say why it cannot.

    Args:
        source: a file, a job template, or the words of a command.
        around: what its tasks inherit; None: from this process.
    """
    options = settled(dataclasses.replace(options, yes=True))
    try:
        if isinstance(source, str | Path):
            composed = compose.source(source, options, around=around or here())
        else:
            composed = compose.words(list(source), options, around=around or here())
        with files.disk_errors("the store"):
            plan, warnings = fitted(composed.plan, composed.job)
    except SpecError as error:
        return _refused(map(str, error.faults))
    except CubeError as error:
        return _refused([str(error)])
    untrusted = composed.shopping.untrusted() if composed.shopping is not None else ()
    return {
        "name": plan.name,
        "backend": plan.backend,
        "tasks": [_planned(plan, task) for task in plan.tasks],
        "graph": _graphs(composed),
        "errors": [],
        "warnings": [*composed.notes, *warnings, *untrusted],
    }


def _refused(errors: Any) -> dict[str, Any]:
    return {"name": "", "backend": "", "tasks": [], "graph": {}, "errors": list(errors), "warnings": []}


def _planned(plan: Plan, task: Task) -> dict[str, Any]:
    role = task.role
    return {
        "role": role.name,
        "index": task.index,
        "script": role.script,
        "strict": role.strict,
        "env": {**plan.env, **role.env},
        "image": role.image,
        "resources": {**dataclasses.asdict(role.resources), "ports": dict(role.ports)},
        "storages": [dataclasses.asdict(mount) for mount in role.mounts],
        "prerequisites": [prerequisite.name for prerequisite in role.prerequisites],
    }


def _graphs(composed: Composed) -> dict[str, list[dict[str, Any]]]:
    """For each role what it needs, in the order in which it runs."""
    if composed.job is None:
        return {}
    market = composed.shopping.market() if composed.shopping is not None else NO_MARKET
    return {name: _nodes(graph) for name, graph in compile.graphs_of(composed.job, market).items()}


def _nodes(graph: Graph) -> list[dict[str, Any]]:
    places = {node.key: number for number, node in enumerate(graph.nodes)}
    found = []
    for node in graph.nodes:
        about: Mapping[str, Any] = {"source": "job", "version": "", "digest": "", "kind": ""}
        if isinstance(node.subject, Published):
            of = node.subject
            about = {"source": of.source, "version": of.item.version, "digest": of.digest, "kind": of.item.kind}
        requires = [places[key] for key in node.requires if key in places]
        found.append({"name": node.name, **about, "variables": dict(node.values), "requires": requires})
    return found
