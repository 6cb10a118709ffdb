"""The form of a Cube Studio template as template variables, and the lines of shell that make arguments of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_cube.imports import fields, markup, naming, phrases
from jupyter_cube.marketplace import braces

INSTEAD = ("images", "workdir", "command")  # these are no arguments: they replace image, working folder and command
_FUNCTIONS = {
    "add": 'add() { [ -z "$2" ] || words+=("$1" "$2"); }',
    "add_json": 'add_json() { case "$2" in "" | "[]" | "{}") ;; *) words+=("$1" "$2") ;; esac; }',
    "add_flag": 'add_flag() { [ "$2" != true ] || words+=("$1"); }',
}
_FUNCTION_OF = {"bool": "add_flag", "json": "add_json", "dict": "add_json", "list": "add_json", "multiple": "add_json"}
PIPELINE = {
    "creator": ("admin", "whose folder it is: /mnt/NAME"),
    "runner": ("{{ creator }}", "who runs it"),
    "pipeline_id": ("0", "of the pipeline; there is none here"),
    "pipeline_name": ("", "of the pipeline; there is none here"),
    "cluster_name": ("", "of the cluster"),
    "execution_date": ("", "the day for which it runs"),
}


@dataclass(frozen=True, slots=True)
class Arguments:
    """A template's arguments.

    Attributes:
        variables: declarations, in the order of the form.
        groups: variable to the heading that it stands under.
        lines: shell that adds the arguments to the array ``words``.
        instead: which of ``INSTEAD`` there are, and the variables that fill them.
    """

    variables: tuple[Mapping[str, Any], ...]
    groups: Mapping[str, str]
    lines: tuple[str, ...]
    instead: Mapping[str, str]


def read(groups: Mapping[str, Any], names: naming.Names, notes: list[str], *, own_command: bool) -> Arguments:
    """The arguments of ``{group: {argument: field}}``.

    Args:
        names: of variables that are taken; the new ones are added.
        notes: what does not come over is added.
        own_command: the field ``command`` is what is run, not an argument.
    """
    variables: list[Mapping[str, Any]] = []
    headings: dict[str, str] = {}
    lines: list[str] = []
    used: list[str] = []
    instead: dict[str, str] = {}
    for group, inner in groups.items():
        if not isinstance(inner, Mapping):
            notes.append(f"the group {group!r:.60} has no fields")
            continue
        for key, field in inner.items():
            if not isinstance(field, Mapping):
                notes.append(f"{key}: it is no field")
                continue
            name = names.free(naming.variable_name(key) or "argument", "_")
            made = fields.variable(name, key, field, notes)
            variables.append(made)
            headings[name] = phrases.both(markup.plain(group))
            if key in INSTEAD and (key != "command" or own_command):
                instead[key] = name
                continue
            function = "add_flag" if made["type"] == "bool" else _FUNCTION_OF.get(str(field.get("type")), "add")
            used.append(function)
            filters = " | tojson | quote" if made["type"] == "list" else " | quote"
            lines.append(f"{function} {_literal(key, notes)} {{{{ {name}{filters} }}}}")
    functions = [text for function, text in _FUNCTIONS.items() if function in used]
    return Arguments(tuple(variables), headings, (*functions, *lines), instead)


def mentioned(texts: Sequence[Any], known: Sequence[str]) -> list[dict[str, Any]]:
    """Declarations of the variables of Cube Studio, such as ``{{creator}}``, that texts mention."""
    found: list[dict[str, Any]] = []
    wanted = [name for text in texts if isinstance(text, str) for name in braces.names(text)]
    if "runner" in wanted:
        wanted.insert(0, "creator")
    for name in dict.fromkeys(wanted):
        if name in known:
            continue
        default, about = PIPELINE.get(name, (None, "a variable of the pipeline"))
        declared = {"name": name, "type": "string", "description": about}
        found.append(declared if default is None else {**declared, "default": default})
    return found


def word(text: str, notes: list[str]) -> str:
    """A text with variables in it as one word for the shell."""
    parts: list[str] = []
    position = 0
    for each in re.finditer(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}", text):
        parts += [_literal(text[position : each.start()], notes), f"{{{{ {each[1]} | quote }}}}"]
        position = each.end()
    parts.append(_literal(text[position:], notes))
    return "".join(parts) or "''"


def _literal(text: str, notes: list[str]) -> str:
    if not text:
        return ""
    if "{{" in text or "{%" in text:
        notes.append(f"{text!r:.100} is an expression, which stays as it is")
    # what would be taken for a variable of ours is broken up: {{ a | b }} is {"{ a | b }}" to the shell
    quoted = shlex.quote(text)
    return quoted.replace("{{", "{''{") if braces.names(quoted) else quoted
