"""One field of a Cube Studio template's form as a template variable."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from typing import Any

from jupyter_cube.imports import markup, phrases
from jupyter_cube.marketplace import braces
from jupyter_cube.marketplace.variable import Variable

# Cube Studio's type to a variable's; JSON stays the text that was typed, so that the argument is exactly that
TYPES: Mapping[str, str] = {
    **dict.fromkeys(("str", "text", "json", "dict"), "string"),
    "int": "int",
    "float": "float",
    "bool": "bool",
    "list": "list",
    "multiple": "list",
    "enum": "choice",
    "file": "path",
}
_KNOWN = {"type", "label", "require", "choice", "range", "default", "placeholder", "describe", "regex"}
_MAY_BE_EMPTY = re.compile("为空|留空|不填")
_SEPARATORS = {"list": r",", "multiple": r"[\s,;]+"}
_RANGE = re.compile(r"([\[(]?)\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*([\])]?)")
_EXPRESSION = re.compile(r"\{\{|\{%")


def variable(name: str, key: str, field: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """The declaration of the variable ``name`` for the argument ``key``; notes are added to.

    A required one without a default has none; a required one that may be empty, as its description says, is optional.
    """
    kind = str(field.get("type") or "str")
    if kind not in TYPES:
        notes.append(f"{key}: the type {kind!r:.60} is not known, it is text here")
    choices = _choices(key, field.get("choice") or [], notes)
    found: dict[str, Any] = {"name": name, "type": TYPES.get(kind, "string")}
    if choices and found["type"] == "string":
        found["type"], choices = "choice", [_text(choice) for choice in choices]
    label, about = str(field.get("label") or ""), str(field.get("describe") or "")
    found["title"] = phrases.both(markup.plain(label or about or key))[:200]
    found["description"] = _description(key, field, choices if found["type"] == "list" else [])
    if found["type"] == "choice" and not choices:
        found["type"] = "string"
        notes.append(f"{key}: it is to be one of some values, but none are listed")
    default, given = _default(kind, found["type"], field, key, choices, notes)
    if given:
        found["default"] = default
    if found["type"] == "choice":
        found["choices"] = choices
    _limit(found, key, str(field.get("range") or ""), notes)
    _match(found, key, str(field.get("regex") or ""), notes)
    notes += [f"{key}: {each} is not carried over" for each in field if each not in _KNOWN and _says(each, field[each])]
    return {each: value for each, value in found.items() if value != "" or each == "default"}


def _choices(key: str, listed: Any, notes: list[str]) -> list[Any]:
    if isinstance(listed, str):
        return [part.strip() for part in listed.split(",")]
    if isinstance(listed, list):
        return listed
    notes.append(f"{key}: the choices {listed!r:.60} are no list")
    return []


def _says(name: str, value: Any) -> bool:
    """Whether something that did not come over means anything: defaults do not."""
    if name == "editable":
        return value in (0, False, "0")
    if name == "item_type":
        return value not in ("", "str", None)
    return bool(value)


def _description(key: str, field: Mapping[str, Any], choices: list[Any]) -> str:
    title = markup.plain(str(field.get("label") or ""))
    texts = [markup.markdown(str(field.get(name) or "")) for name in ("describe", "placeholder")]
    parts = [text for text in dict.fromkeys(texts) if text not in ("", title)]
    if choices:
        parts.append("any of " + ", ".join(map(_text, choices)))
    parts.append(f"(`{key}`)")
    return "\n".join(parts)


def _default(
    kind: str, made: str, field: Mapping[str, Any], key: str, choices: list[Any], notes: list[str]
) -> tuple[Any, bool]:
    """The default and whether there is one."""
    value = field.get("default")
    if value in (None, "", [], {}):
        words = f"{field.get('label') or ''}{field.get('describe') or ''}"
        optional = not field.get("require") or bool(_MAY_BE_EMPTY.search(words))
        if optional and field.get("require"):
            notes.append(f"{key}: it is required, but may be empty as its description says")
        return {"bool": False, "list": []}.get(made, ""), optional or made == "bool"
    if isinstance(value, str) and _EXPRESSION.search(_without_variables(value)):
        notes.append(f"{key}: its default is an expression and must be given: {value}")
        return None, False
    if made == "list":
        return _list(kind, value), True
    if made in ("string", "path", "choice") and not (made == "choice" and value in choices):
        value = _text(value)
    if isinstance(value, str) and braces.names(value):
        return value, True  # what it becomes is known when the job is made
    try:
        return Variable(name="value", type=made, choices=tuple(choices) if made == "choice" else ()).accept(value), True
    except ValueError as error:
        notes.append(f"{key}: its default {error}; it must be given")
        return None, False


def _list(kind: str, value: Any) -> list[Any]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        with contextlib.suppress(ValueError):  # text that begins with a bracket
            value = json.loads(value)
    if isinstance(value, str):
        return [part.strip() for part in re.split(_SEPARATORS.get(kind, ","), value) if part.strip()]
    return list(value) if isinstance(value, list) else [value]


def _limit(found: dict[str, Any], key: str, text: str, notes: list[str]) -> None:
    """``1,10`` or ``[1,10)`` as the least and the greatest value."""
    if not text or "$" in text:  # "$min,$max" stands in the file as an example
        return
    limits = _RANGE.fullmatch(text.strip())
    if limits is None:
        notes.append(f"{key}: the range {text!r:.60} is not understood")
        return
    least, most = (float(each) if "." in each else int(each) for each in limits.group(2, 3))
    default = found.get("default", "0")
    whole = isinstance(least, int) and isinstance(most, int)
    if found["type"] == "string" and whole and re.fullmatch(r"0|-?[1-9]\d{0,17}", str(default)):
        found["type"] = "int"  # its words are the same
        found |= {"default": int(default)} if "default" in found else {}
    if found["type"] not in ("int", "float"):
        notes.append(f"{key}: the range {text} is not enforced, its values are text")
        return
    if found["type"] == "int" and whole:
        least, most = least + (limits[1] == "("), most - (limits[4] == ")")
    elif "(" in limits[1] or ")" in limits[4]:
        notes.append(f"{key}: the ends of the range {text} are allowed here")
    value = found.get("default")
    if isinstance(value, int | float) and not least <= value <= most:
        notes.append(f"{key}: its default {value} is outside of its range {text}, which is not enforced")
        return
    found |= {"minimum": least, "maximum": most}


def _match(found: dict[str, Any], key: str, regex: str, notes: list[str]) -> None:
    """A regular expression that is searched for as one that matches the whole text."""
    if not regex:
        return
    anchored = regex.startswith("^") and regex.endswith("$")
    pattern = regex[1:-1] if anchored and "|" not in regex else rf"[\s\S]*(?:{regex})[\s\S]*"
    default = found.get("default")
    if default == "" and found["type"] == "string":
        pattern = f"(?:{pattern})?"
    try:
        fits = not isinstance(default, str) or "{{" in default or re.fullmatch(pattern, default) is not None
    except re.error:
        notes.append(f"{key}: {regex!r:.60} is no regular expression here")
        return
    if not fits:
        notes.append(f"{key}: its default does not match {regex}, which is not enforced")
    elif found["type"] != "string":
        notes.append(f"{key}: {regex} is not enforced, only text is compared with it")
    else:
        found["pattern"] = pattern


def _without_variables(text: str) -> str:
    return re.sub(r"\{\{\s*[A-Za-z_]\w*\s*\}\}", "", text)


def _text(value: Any) -> str:
    """A value as the argument's text."""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
