"""Looking before a submit: is a file right, and what would it run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_cube import compose, spec
from jupyter_cube.backends.registry import backend
from jupyter_cube.compose import Options
from jupyter_cube.errors import Fault, SpecError, UsageError
from jupyter_cube.plan import Plan, Task


def check_files(paths: Sequence[str | Path]) -> list[dict[str, Any]]:
    """For each file whether it is right, with all its faults and warnings, as JSON values. Nothing is started."""
    reports = []
    for path in map(str, paths):
        try:
            text = Path(path).read_bytes()
        except OSError as error:
            fault = Fault(f"the file cannot be read: {error.strerror}", file=path)
            reports.append(_report(path, (fault,), ()))
            continue
        found = spec.check(text, file=path)
        reports.append(_report(path, found.faults, found.warnings))
    return reports


def _report(path: str, faults: Sequence[Fault], warnings: Sequence[Fault]) -> dict[str, Any]:
    def shown(fault: Fault) -> dict[str, Any]:
        kept = dataclasses.asdict(fault)
        kept.pop("file")
        return kept

    return {"file": path, "ok": not faults, "errors": list(map(shown, faults)), "warnings": list(map(shown, warnings))}


def plan_of(path: str | Path, options: Options) -> dict[str, Any]:
    """What a submit of the file would run, as JSON values; with ``errors`` instead of tasks where it cannot."""
    try:
        composed = compose.file(Path(path), compose.settled(options))
        plan, warnings = backend(composed.plan.backend).check(composed.plan)
    except SpecError as error:
        return {"name": "", "backend": "", "tasks": [], "errors": list(map(str, error.faults)), "warnings": []}
    except UsageError as error:
        return {"name": "", "backend": "", "tasks": [], "errors": [str(error)], "warnings": []}
    return {
        "name": plan.name,
        "backend": plan.backend,
        "tasks": [_planned(plan, task) for task in plan.tasks],
        "errors": [],
        "warnings": [*composed.notes, *warnings],
    }


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
