"""Items that a person asks for beside a cell or a file: ``--require NAME[@VERSION][:VARIABLE=VALUE,...]``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jupyter_cube.errors import CubeError, Fault, SpecError, UsageError
from jupyter_cube.marketplace import reference as references
from jupyter_cube.marketplace.item import Item, Published
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.plugins.action import Requirement
from jupyter_cube.protocol.extras import ReferencedPrerequisite
from jupyter_cube.protocol.model import JobSpec
from jupyter_cube.text.typed import value_of

_PLACE = "--require"
_QUOTED = r"""'(?:[^']|'')*'|"(?:\\.|[^"\\])*"|\[[^\]]*\]|\{[^}]*\}"""
_PART = re.compile(rf"\s*([A-Za-z_]\w*)\s*=(\s*(?:{_QUOTED})\s*(?=,|$)|[^,]*)(?:,|$)")


def parse(text: str) -> tuple[Reference, dict[str, Any]]:
    """The item that ``NAME[@VERSION][:VARIABLE=VALUE,...]`` names, and values of its variables.

    A value with a comma stands in quotes; ``[a, b]`` is a list.

    Raises:
        UsageError: it is nothing like that, or gives a variable twice.
    """
    head, values = _halves(text)
    found: dict[str, Any] = {}
    position = 0
    while position < len(values):
        part = _PART.match(values, position)
        if part is None:
            message = f"{values[position:]!r:.60} is not VARIABLE=VALUE"
            raise UsageError(message, place=_PLACE, hint="write NAME:variable=value,other=value")
        name, value = part[1], part[2].strip()
        if value[:1] in ("'", '"') and not re.fullmatch(_QUOTED, value):
            raise UsageError(
                f"the quote in {value!r:.60} is not closed", place=_PLACE, hint="close it, or leave it out"
            )
        if name in found:
            raise UsageError(f"the variable '{name}' is given twice", place=_PLACE, hint="give it once")
        found[name] = value_of(value)
        position = part.end()
    try:
        return references.typed(head), found
    except UsageError as error:
        raise UsageError(error.message, place=_PLACE, hint=error.hint) from None


def _halves(text: str) -> tuple[str, str]:
    """The reference and the values; an address has colons of its own."""
    start = len(references.SCHEME) if text.startswith(references.SCHEME) else 0
    if text.startswith(("http://", "https://")):
        colon = re.search(r":(?=[A-Za-z_]\w*=)", text)
        at = colon.start() if colon else len(text)
    else:
        at = text.find(":", start)
        at = len(text) if at < 0 else at
    return text[:at], text[at + 1 :]


def add(job: JobSpec, typed: Sequence[str], *, find: Callable[[Reference], Published]) -> JobSpec:
    """The job with those items as prerequisites of all its roles, before the ones that it has.

    An entry that names nothing is added like the others, so that it is found with all else that is wrong.

    Raises:
        SpecError: entries are malformed.
    """
    parsed = _parsed(typed)
    taken = {each.name for each in job.prerequisites} | {each.name for each in job.extras.references}
    added: list[ReferencedPrerequisite] = []
    secrets: dict[str, Any] = {}
    for wanted, values in parsed:
        try:
            found: Item | None = find(wanted).item
        except CubeError:
            found = None
        local = _free(re.sub(r"[^a-zA-Z0-9_.-]", "_", found.name if found else wanted.name) or "item", taken)
        taken.add(local)
        for name, value in values.items():
            variable = found.variable(name) if found else None
            if variable is not None and variable.type == "secret" and "<%" not in str(value):
                key = re.sub(r"\W", "_", f"{local}_{name}")
                secrets[key] = value
                values[name] = f"<% $secrets.{key} %>"
        requirement = Requirement(str(wanted), values, bare=False)
        added.append(ReferencedPrerequisite(name=local, require=(requirement,)))
    names = tuple(each.name for each in added)
    roles: Mapping[str, Any] = {
        name: replace(role, prerequisites=(*names, *role.prerequisites)) for name, role in job.task_roles.items()
    }
    extras = replace(job.extras, references=(*job.extras.references, *added))
    return replace(job, task_roles=roles, extras=extras, secrets={**job.secrets, **secrets})


def _parsed(typed: Sequence[str]) -> list[tuple[Reference, dict[str, Any]]]:
    parsed, faults = [], []
    for text in typed:
        try:
            parsed.append(parse(text))
        except UsageError as error:
            faults.append(Fault(error.message, path=error.place, hint=error.hint))
    if faults:
        raise SpecError(faults)
    return parsed


def _free(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free
