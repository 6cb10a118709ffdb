"""Job templates: an item's ``job`` with its template variables filled in, as the text of an ordinary job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jupyter_cube.errors import Fault, SpecError, UsageError, near
from jupyter_cube.lifecycle.plan import Origin
from jupyter_cube.marketplace import braces, pins
from jupyter_cube.marketplace.binding import bind
from jupyter_cube.marketplace.item import Item, Published
from jupyter_cube.marketplace.variable import Variable
from jupyter_cube.protocol import spec
from jupyter_cube.templates.walk import steps
from jupyter_cube.text.document import Path
from jupyter_cube.text.scalar import scalar_text
from jupyter_cube.text.writer import dump


def render(published: Published, values: Mapping[str, Any]) -> str:
    """The job that a job template makes, as YAML, with the template pinned in ``extras.jupyter_cube.text.template``.

    Args:
        values: of its template variables, and of parameters of its job; text is converted to what each wants. A
            secret that is not ``<% $secrets.NAME %>`` is put among the job's secrets.

    Raises:
        UsageError: it is no job template.
        SpecError: with every variable that is unfilled, unknown or ill-typed, and what is wrong with the job made.
    """
    item = published.item
    if item.job is None:
        raise UsageError(f"{item.label} is a {item.kind}, not a job template", place=item.place(("kind",)))
    given = {name: _typed(item.variable(name), value) for name, value in values.items()}
    parameters = item.job.get("parameters")
    own = {name: given.pop(name) for name in tuple(given) if not item.variable(name) and name in (parameters or {})}
    secrets = {name: given[name] for name in given if _is_bare_secret(item.variable(name), given[name])}
    names = {name: _free(name, item.job.get("secrets") or {}) for name in secrets}
    given |= {name: f"<% $secrets.{free} %>" for name, free in names.items()}
    bound, problems = bind(item, given)
    for name, value in bound.items():
        variable = item.variable(name)
        if variable and variable.type in ("string", "path") and isinstance(value, bool | int | float):
            bound[name] = scalar_text(value)
    faults = [Fault(message, hint=hint) for message, hint in problems]
    job = filled(item, item.job, ("job",), bound, faults)
    if faults:
        raise SpecError(faults)
    if own:
        job["parameters"] = {**job["parameters"], **own}
    if secrets:
        job["secrets"] = {**(job.get("secrets") or {}), **{names[name]: value for name, value in secrets.items()}}
    text = dump(_pinned(job, published))
    report = spec.check(text)
    if report.spec is None:
        raise SpecError([at_item(fault, item) for fault in report.faults])
    return text


def _typed(variable: Variable | None, value: Any) -> Any:
    """A value as its variable wants it; the variable itself converts text to most types."""
    if not isinstance(value, str):
        return value
    if variable is not None and variable.choices:
        return next((each for each in variable.choices if _text(each) == value), value)
    if variable is None or variable.type in ("", "list"):
        from jupyter_cube.text.typed import value_of  # imported late: it knows of jobs

        return value_of(value)
    return value


def _text(value: Any) -> str:
    return scalar_text(value) if value is None or isinstance(value, bool | int | float) else str(value)


def _is_bare_secret(variable: Variable | None, value: Any) -> bool:
    return variable is not None and variable.type == "secret" and isinstance(value, str) and "<%" not in value


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def filled(item: Item, value: Any, path: Path, values: Mapping[str, Any], faults: list[Fault]) -> Any:
    """A part of the job with its variables filled in; what cannot be is a fault at its place."""
    if isinstance(value, Mapping):
        return {key: filled(item, inner, (*path, key), values, faults) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled(item, inner, (*path, index), values, faults) for index, inner in enumerate(value)]
    try:
        return braces.fill_value(value, values)
    except braces.BraceError as error:
        # of a declared variable without a value it has been said already
        if item.variable(error.name) is None:
            known = [variable.name for variable in item.variables]
            faults.append(
                _fault(
                    item, path, f"{item.label} declares no template variable '{error.name}'", near(error.name, known)
                )
            )
        elif error.name in values:
            faults.append(_fault(item, path, str(error), ""))
        return value


def _fault(item: Item, path: Path, message: str, hint: str) -> Fault:
    if item.document is None:
        return Fault(message, hint=hint)
    return item.document.fault(path, message, hint=hint)


def at_item(fault: Fault, item: Item) -> Fault:
    """A fault of the job that was made, at its place in the item."""
    """A fault of the job that was made, at the item's line from which it comes."""
    path = f"job.{fault.path}".rstrip(".")
    if item.document is None:
        return replace(fault, path=path, line=0, column=0)
    line, column = item.document.place(steps(path))
    return replace(fault, path=path, line=line, column=column, file=item.document.file)


def _pinned(job: dict[str, Any], published: Published) -> dict[str, Any]:
    item = published.item
    line = pins.pin(Origin(item.name, item.version, published.digest, published.source, item.kind))
    extras = job.get("extras") or {}
    cube = {**(extras.get("jupyter_cube") or {}), "template": line}
    return {**job, "extras": {**extras, "jupyter_cube": cube}}
