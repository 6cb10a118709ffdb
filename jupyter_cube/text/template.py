"""References such as ``<% $parameters.lr %>`` in commands, filled in as OpenPAI does, without its bugs.

Substitution is verbatim and in one pass: nothing is escaped, and a value that contains ``<% %>`` stays as it is.
A reference without a value is a problem, never left in place or dropped. ``{{ }}`` means nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_cube.errors import Fault, SpecError, near
from jupyter_cube.text.scalar import scalar_text

ROOTS = ("parameters", "secrets", "data", "script", "output")

_REFERENCE = re.compile(r"\$([A-Za-z_]+)((?:\.[^.\s\[\]]+|\[\d+\])*)")
_STEP = re.compile(r"\.([^.\s\[\]]+)|\[(\d+)\]")
_OF_MUSTACHE = {
    "!": "comments are not supported",
    "&": "nothing is escaped, so '&' means nothing",
    "{": "nothing is escaped, so braces mean nothing",
    "#": "sections are not supported",
    "^": "sections are not supported",
    "/": "sections are not supported",
    ">": "partials are not supported",
    "=": "the delimiters cannot be changed",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A reference that cannot be filled in; ``tag`` is its text, from ``<%`` to ``%>``."""

    tag: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its references filled in, and those that could not be."""

    text: str
    problems: tuple[Problem, ...] = ()


def fill(text: str, roots: Mapping[str, Mapping[str, Any] | None], *, keep_secrets: bool = True) -> Filled:
    """Fill in the references of ``text``.

    Args:
        roots: what each root stands for; None: nothing here (a role without ``data``); absent: not filled in here.
        keep_secrets: references to ``$secrets`` are checked but stay, so that no secret gets into a plan.
    """
    if "<%" not in text:
        return Filled(text)
    parts: list[str] = []
    problems: list[Problem] = []
    for literal, tag in _split(text):
        parts.append(literal)
        if not tag:
            continue
        value = _value(tag, roots)
        if isinstance(value, Problem):
            problems.append(value)
        else:
            root, path, filled = value
            parts.append(f"<% ${root}{path} %>" if keep_secrets and root == "secrets" else filled)
    return Filled("".join(parts), tuple(problems))


def render_secrets(text: str, secrets: Mapping[str, Any]) -> str:
    """Fill in ``<% $secrets.x %>`` and leave all else as it is; for the moment before a task starts.

    Raises:
        SpecError: a secret does not exist.
    """
    parts: list[str] = []
    for literal, tag in _split(text):
        parts.append(literal)
        if not tag:
            continue
        if not tag[2:].lstrip().startswith("$secrets"):
            parts.append(tag)
            continue
        value = _value(tag, {"secrets": secrets})
        if isinstance(value, Problem):
            raise SpecError([Fault(value.message, hint=value.hint)])
        parts.append(value[2])
    return "".join(parts)


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Pieces of literal text, each with the tag that follows it (empty at the end)."""
    position = 0
    start = text.find("<%")
    while start >= 0:
        end = text.find("%>", start)
        if end < 0:
            # An opening that nothing closes is a mistake, unless it is one of printf's: "<%s>".
            if text[start + 2 : start + 3].isspace() or text[start + 2 : start + 3] == "$":
                yield text[position:start], text[start:].split("\n", 1)[0]
                position = len(text)
            break
        yield text[position:start], text[start : end + 2]
        position = end + 2
        start = text.find("<%", position)
    yield text[position:], ""


def _value(tag: str, roots: Mapping[str, Mapping[str, Any] | None]) -> tuple[str, str, str] | Problem:
    """Root, path and text of a reference."""
    parsed = _parse(tag)
    if isinstance(parsed, Problem):
        return parsed
    root, path = parsed
    if root not in roots:
        only = " and ".join(f"${name}" for name in roots)
        return Problem(tag, f"${root} is not filled in here, only {only}")
    value: Any = roots[root]
    if value is None:
        return Problem(tag, f"${root} has no value here, the role names no {root}", f"add '{root}:' to the role")
    walked = f"${root}"
    for name in path:
        inside = _inside(value, name)
        if inside is None:
            return _missing(tag, walked, name, value)
        value = inside
        walked += f".{name}"
    text = _text(value)
    if text is None:
        keys = f"name one of its keys: {', '.join(value)}" if isinstance(value, Mapping) else "name one of its entries"
        return Problem(tag, f"{walked} is a mapping, not one value", keys if value else "")
    return root, walked.removeprefix(f"${root}"), text


def _parse(tag: str) -> tuple[str, list[str]] | Problem:
    """Root and steps of a reference."""
    if not tag.endswith("%>"):
        return Problem(tag, "a '<%' is never closed", "close it with '%>'")
    inner = tag[2:-2].strip()
    if inner and inner[0] in _OF_MUSTACHE:
        return Problem(tag, f"in {tag!r:.60}, {_OF_MUSTACHE[inner[0]]}", "write '<% $parameters.name %>'")
    found = _REFERENCE.fullmatch(inner)
    if not found:
        return Problem(tag, f"{tag!r:.60} is no reference", "write '<% $parameters.name %>'")
    if found[1] not in ROOTS:
        return Problem(tag, f"unknown reference ${found[1]}", near(found[1], ROOTS))
    return found[1], [name or index for name, index in _STEP.findall(found[2])]


def _inside(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, list | tuple) and re.fullmatch("[0-9]{1,9}", name) and int(name) < len(value):
        return value[int(name)]
    return None


def _missing(tag: str, walked: str, name: str, value: Any) -> Problem:
    place = f"{walked}.{name}"
    if isinstance(value, Mapping) and name in value:
        hint = f"give it with -p {name}=VALUE, or write a value" if walked == "$parameters" else "write a value"
        return Problem(tag, f"{place} has no value", hint)
    if isinstance(value, Mapping):
        hint = near(name, value) or f"add '{name}' to {walked[1:]}"
        return Problem(tag, f"{place} does not exist", hint)
    if isinstance(value, list | tuple):
        return Problem(tag, f"{place} does not exist", f"{walked} is a list of {len(value)}, counted from 0")
    return Problem(tag, f"{place} does not exist", f"{walked} is one value")


def _text(value: Any) -> str | None:
    """A value as JavaScript prints it; None for a mapping, or a list that contains one."""
    if isinstance(value, Mapping):
        return None
    if isinstance(value, list | tuple):
        texts = ["" if item is None else _text(item) for item in value]
        return None if None in texts else ",".join(text for text in texts if text is not None)
    return scalar_text(value)
