"""A job saved as a job template: chosen values taken out as variables, secrets and what was of one run left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_cube.errors import Fault, SpecError, UsageError, near
from jupyter_cube.marketplace import item
from jupyter_cube.protocol import spec
from jupyter_cube.templates import form
from jupyter_cube.templates.slots import Slot, Text, Writing, cut_out, each_text, has_slot, shown
from jupyter_cube.templates.walk import replaced, steps, value_at
from jupyter_cube.text import document
from jupyter_cube.text.document import Path
from jupyter_cube.text.writer import dump

_SECRET = re.compile(r"<%\s*\$secrets((?:\.[^.\s\[\]%]+|\[\d+\])+)\s*%>")
_BRACES = "braces"
_PIECE = "=~"
_OF_ONE_RUN = {
    "notebook": "the template does not say from which notebook the job was submitted",
    "items": "the template takes the newest items that fit, the job used",
    "template": "the template is one of its own, although the job was made of another one",
}


@dataclass(frozen=True, slots=True)
class Made:
    """An item's text, and what somebody should know of it, a line each."""

    text: str
    notes: tuple[str, ...] = ()


def from_job(
    text: str, *, name: str, variables: Mapping[str, str] | None = None, summary: str = "", file: str = ""
) -> Made:
    """The item that makes this job again, by default exactly.

    Args:
        text: a job; its secrets may be masked.
        variables: a new variable to what it stands for: a value's path (``taskRoles.worker.instances``), or
            ``PATH=~TEXT`` for a piece of the text there, wherever it stands as a word of its own.
        file: the job's name in faults.

    Raises:
        SpecError: the job has faults, or there is nothing at a path.
        UsageError: the job cannot be made again from its text alone.
    """
    read = document.read(text, file=file)
    if read.root is None:
        raise SpecError(read.faults)
    job = read.root.plain()
    if not isinstance(job.get("secrets"), str):  # not masked: it can be checked
        spec.parse(text, file=file)
    notes: list[str] = []
    job = _without_run(job, notes)
    taken = _Taken(job)
    faults = [fault for each, place in (variables or {}).items() if (fault := taken.take(each, place))]
    if faults:
        raise SpecError(faults)
    taken.take_secrets(notes)
    made = taken.item(name, summary, notes)
    item.parse(made)
    return Made(made, tuple(notes))


def _without_run(job: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """The job without what belongs to one run of it."""
    extras = dict(job.get("extras") or {})
    cube = dict(extras.get("jupyter_cube") or {})
    place = "extras.jupyter_cube"
    if inputs := cube.get("in"):
        hint = "give them as parameters, -p NAME=VALUE, and submit a script that reads those"
        raise UsageError(f"the job needs the notebook's values {', '.join(inputs)}", place=f"{place}.in", hint=hint)
    if listed := cube.get("files"):
        hint = "put the commands into the job, or submit a script where it lies, and save that job"
        message = f"the job needs the files {', '.join(map(str, listed)):.200}, which a template does not carry"
        raise UsageError(message, place=f"{place}.files", hint=hint)
    cube = {key: value for key, value in cube.items() if key not in ("files", "in")}  # there is nothing in them
    for key, meaning in _OF_ONE_RUN.items():
        if value := cube.pop(key, None):
            notes.append(f"{meaning}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    cwd = str(cube.get("cwd") or "")
    if cwd.startswith(("/", "~")):
        cube["cwd"] = "."
        notes.append(f"cwd is the folder in which the job is submitted, it was {cwd}")
    extras = {key: cube if key == "jupyter_cube" else value for key, value in extras.items()}
    if not cube:
        extras.pop("jupyter_cube", None)
    kept = {key: extras if key == "extras" else value for key, value in job.items()}
    if not extras:
        kept.pop("extras", None)
    return kept


class _Taken:
    """A job out of which values are taken one by one."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job: Any = job
        self.declared: dict[str, dict[str, Any]] = {}

    def take(self, name: str, place: str) -> Fault | None:
        """Take out what a person named; what is wrong with it, if anything is."""
        where, piece, wanted = place.partition(_PIECE)
        path = steps(where.strip())
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            return Fault(f"{name!r:.100} cannot be a variable's name", hint="use letters, digits and _")
        if path[:1] == ("secrets",):
            return Fault("secrets become variables by themselves", path=where, hint=f"leave {name} away")
        try:
            value = value_at(self.job, path) if path else None
        except LookupError:
            return self._missing(path, where)
        if not path or (has_slot(value) and not piece):
            why = f"a variable is in it already: {', '.join(self.declared)}" if path else "it names no value"
            return Fault(f"{place!r:.100} cannot be taken out as '{name}'", hint=why)
        if not piece:
            kind = form.type_of(value)
            if isinstance(value, str) and value.startswith("/") and value.isprintable():
                kind = "path"
            self._declare(name, "" if kind == "mapping" else kind, value)
            self.job = replaced(self.job, path, Slot(name))
            return None
        if not isinstance(value, str | Text):
            return Fault(f"there is no text at {where}", hint=f"write {name}={where} to take the whole value")
        found = cut_out(value, wanted, name)
        if found is None:
            return Fault(f"{wanted!r:.100} is not in the text there", path=where, hint=f"it is {shown(value):.200}")
        from jupyter_cube.text.typed import value_of  # imported late: it knows of jobs

        is_part = isinstance(found, Text) and wanted == wanted.strip() and wanted[:1] not in ("[", "{", "'", '"')
        old = value_of(wanted) if is_part else wanted
        self._declare(name, form.type_of(old), old)
        self.job = replaced(self.job, path, found)
        return None

    def take_secrets(self, notes: list[str]) -> None:
        """Every reference to a secret becomes a variable; the secrets themselves stay behind."""
        names: dict[str, str] = {}

        def cut(text: str) -> list[str | Slot]:
            parts: list[str | Slot] = []
            position = 0
            for found in _SECRET.finditer(text):
                secret = found[1].lstrip(".")
                if secret not in names:
                    names[secret] = self._free(re.sub(r"\W+", "_", secret, flags=re.ASCII).strip("_"))
                    self._declare(names[secret], "secret")
                parts += [text[position : found.start()], Slot(names[secret])]
                position = found.end()
            return [*parts, text[position:]]

        had = self.job.pop("secrets", None)
        self.job = each_text(self.job, cut)
        chosen = {
            name: {key: each_text(value, cut) if key == "default" else value for key, value in each.items()}
            for name, each in tuple(self.declared.items())
        }
        # a default may mention only what is declared before it
        self.declared = {**{name: self.declared[name] for name in names.values()}, **chosen}
        notes += [f"the secret {secret} is to be given as {name}" for secret, name in names.items()]
        used = {re.split(r"[.\[]", secret)[0] for secret in names}
        unused = [each for each in had if each not in used] if isinstance(had, dict) else []
        notes += [f"the secret {each} is left out, nothing uses it" for each in unused]

    def item(self, name: str, summary: str, notes: list[str]) -> str:
        """The item's text."""
        writing = Writing(self._free(_BRACES))
        job = writing.written(self.job)
        declared = [
            {**each, "default": writing.written(each["default"])} if "default" in each else each
            for each in self.declared.values()
        ]
        if writing.used:
            about = "two opening braces that are part of a command"
            declared.insert(0, {"name": writing.name, "default": "{{", "description": about})
            notes.append(f"{{{{ }}}} of the job's own are kept by the variable {writing.name}")
        fields = {"kind": "job", "name": name, "summary": summary, "template_variables": declared, "job": job}
        return dump({key: value for key, value in fields.items() if value})

    def _declare(self, name: str, kind: str, *default: Any) -> None:
        fields = {"name": name, "type": kind} if kind else {"name": name}
        self.declared[name] = {**fields, "default": default[0]} if default else fields

    def _free(self, name: str) -> str:
        wanted = name if re.match(r"[A-Za-z_]", name) else f"secret_{name}"
        number, free = 2, wanted
        while free in self.declared:
            free, number = f"{wanted}_{number}", number + 1
        return free

    def _missing(self, path: Path, where: str) -> Fault:
        for length in range(len(path) - 1, -1, -1):
            try:
                parent = value_at(self.job, path[:length])
            except LookupError:
                continue
            if isinstance(parent, Slot):
                return Fault(
                    "it is part of a value that is taken out already", path=where, hint=f"that is {parent.name}"
                )
            known = parent if isinstance(parent, dict) else ()
            entries = f"there are {len(parent)}" if isinstance(parent, list) else ""
            return Fault("there is no such value", path=where, hint=near(str(path[length]), known) or entries)
        return Fault("there is no such value", path=where)
