"""Items that a person asks for beside a cell or a file: ``--require NAME[@VERSION][:VARIABLE=VALUE,...]``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jupyter_cube.action import Requirement
from jupyter_cube.errors import UsageError
from jupyter_cube.extras import ReferencedPrerequisite
from jupyter_cube.marketplace import reference as references
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.model import JobSpec
from jupyter_cube.typed import value_of

_PLACE = "--require"
_QUOTED = r"""'(?:[^']|'')*'|"(?:\\.|[^"\\])*"|\[[^\]]*\]|\{[^}]*\}"""
_PART = re.compile(rf"\s*([A-Za-z_]\w*)\s*=(\s*(?:{_QUOTED})\s*(?=,|$)|[^,]*)(?:,|$)")


def parse(text: str) -> tuple[Reference, dict[str, Any]]:
    """The item that ``NAME[@VERSION][:VARIABLE=VALUE,...]`` names, and values of its variables.

    A value with a comma stands in quotes; ``[a, b]`` is a list.

    Raises:
        UsageError: it is nothing like that.
    """
    head, values = _halves(text)
    found: dict[str, Any] = {}
    position = 0
    while position < len(values):
        part = _PART.match(values, position)
        if part is None:
            message = f"{values[position:]!r:.60} is not VARIABLE=VALUE"
            raise UsageError(message, place=_PLACE, hint="write NAME:variable=value,other=value")
        found[part[1]] = value_of(part[2])
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

    Raises:
        UsageError: an entry is malformed, or names nothing.
    """
    taken = {each.name for each in job.prerequisites} | {each.name for each in job.extras.references}
    added: list[ReferencedPrerequisite] = []
    secrets: dict[str, Any] = {}
    for text in typed:
        wanted, values = parse(text)
        found = find(wanted).item
        local = _free(re.sub(r"[^a-zA-Z0-9_.-]", "_", found.name), taken)
        taken.add(local)
        for name, value in values.items():
            variable = found.variable(name)
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


def _free(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free
