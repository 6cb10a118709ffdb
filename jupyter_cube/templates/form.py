"""Forms: what a person fills in, as JSON Schema (draft 2020-12), the same for items, jobs and whatever has fields.

``x-group`` of a property is a heading for it, ``x-default`` a default that is worked out from other values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jupyter_cube.errors import Fault, SpecError, near
from jupyter_cube.marketplace import braces
from jupyter_cube.marketplace.item import Item
from jupyter_cube.marketplace.variable import Variable
from jupyter_cube.protocol.model import JobSpec
from jupyter_cube.text.scalar import scalar_text

DRAFT = "https://json-schema.org/draft/2020-12/schema"
PARAMETERS = "parameters"

_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "path": {"type": "string", "format": "path"},
    "secret": {"type": "string", "format": "password", "writeOnly": True},
    "list": {"type": "array"},
    "mapping": {"type": "object"},
}
_TYPES = {"integer": "int", "number": "float", "boolean": "bool", "array": "list", "string": "string"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to fill in.

    Attributes:
        type: one of a template variable's types, or ``mapping``; empty: any value.
        required: it has no default.
        default: None: nothing.
        group: a heading that it stands under; empty: none.
    """

    name: str
    type: str = ""
    title: str = ""
    description: str = ""
    required: bool = False
    default: Any = None
    choices: tuple[Any, ...] = ()
    minimum: int | float | None = None
    maximum: int | float | None = None
    pattern: str = ""
    group: str = ""


def schema(item: Item) -> dict[str, Any]:
    """The form of an item: its template variables; of a job template also those parameters that no variable fills.

    An imported item says under ``origin.groups`` which heading a variable stands under.
    """
    groups = item.origin.get("groups")
    headings = groups if isinstance(groups, Mapping) else {}
    fields = [replace(_of_variable(each), group=str(headings.get(each.name, ""))) for each in item.variables]
    parameters = (item.job or {}).get(PARAMETERS)
    if isinstance(parameters, Mapping):
        known = {field.name for field in fields}
        own = {name: value for name, value in parameters.items() if name not in known and not _is_filled(value)}
        fields += _of_values(own)
    return of_fields(fields, title=item.title or item.name, description=item.summary)


def job_schema(job: JobSpec) -> dict[str, Any]:
    """The form of a job: its parameters, of the types that their values have."""
    return of_fields(_of_values(job.parameters), title=job.name, description=job.description)


def of_fields(fields: Sequence[Field], *, title: str, description: str = "") -> dict[str, Any]:
    """The form with those fields, in their order."""
    form: dict[str, Any] = {"$schema": DRAFT, "title": title}
    if description:
        form["description"] = description
    form |= {"type": "object", "properties": {field.name: _property(field) for field in fields}}
    if required := [field.name for field in fields if field.required]:
        form["required"] = required
    return {**form, "additionalProperties": False}


def read_values(form: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """The values that texts mean by a form. Empty text is no value, except where the form wants text.

    ``pattern`` is not compared: an author's may be made to run without end. ``<% %>`` in a text stays as it is.

    Raises:
        SpecError: with all that is unknown, missing or of another type.
    """
    known: Mapping[str, Mapping[str, Any]] = form["properties"]
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, text in texts.items():
        if name not in known:
            faults.append(Fault(f"there is no field '{name}'", path=name, hint=near(name, known)))
        elif text or known[name].get("type") == "string":
            try:
                values[name] = _read(name, known[name], text)
            except ValueError as error:
                faults.append(Fault(f"'{name}' {error}", path=name))
    for name in form.get("required", ()):
        if not texts.get(name):
            about = str(known[name].get("description", ""))
            faults.append(Fault(f"'{name}' is not filled in", path=name, hint=about))
    if faults:
        raise SpecError(faults)
    return values


def _of_variable(variable: Variable) -> Field:
    return Field(
        name=variable.name,
        type="" if variable.type == "choice" else variable.type,
        title=variable.title,
        description=variable.description,
        required=variable.required,
        default=None if variable.required else variable.default,
        choices=variable.choices,
        minimum=variable.minimum,
        maximum=variable.maximum,
        pattern=variable.pattern,
    )


def _of_values(values: Mapping[str, Any]) -> list[Field]:
    return [Field(name=name, type=type_of(value), default=value, group=PARAMETERS) for name, value in values.items()]


def type_of(value: Any) -> str:
    """The type that a value has; empty: any."""
    kinds = {bool: "bool", int: "int", float: "float", str: "string", list: "list", dict: "mapping"}
    return kinds.get(type(value), "")


def _is_filled(value: Any) -> bool:
    """Whether a variable fills some of it."""
    if isinstance(value, Mapping | list):
        return any(_is_filled(inner) for inner in (value.values() if isinstance(value, Mapping) else value))
    return isinstance(value, str) and bool(braces.names(value))


def _property(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if field.title:
        found["title"] = field.title
    if field.description:
        found["description"] = field.description
    found |= _SCHEMAS.get(field.type, {})
    is_text = found.get("type") == "string"
    if field.choices:
        found["enum"] = [scalar_text(each) for each in field.choices] if is_text else list(field.choices)
    for name, limit in (("minimum", field.minimum), ("maximum", field.maximum)):
        if isinstance(limit, int | float):
            found[name] = limit
    if field.pattern:
        found["pattern"] = f"^(?:{field.pattern})$"
    if not field.required and field.type != "secret":
        found |= _default(field, is_text=is_text)
    return {**found, "x-group": field.group} if field.group else found


def _default(field: Field, *, is_text: bool) -> dict[str, Any]:
    value = field.default
    if _is_filled(value):
        return {"x-default": value}
    if value is None or (value == "" and (field.choices or not is_text)):
        return {}  # it may stay empty
    if isinstance(value, str) and "<%" in value and (field.choices or not is_text):
        return {"x-default": value}
    if field.choices:
        value = next((each for each in field.choices if str(each) == str(value)), value)
    try:
        value = Variable(name=field.name, type=field.type if field.type != "mapping" else "").accept(value)
    except ValueError:
        return {"x-default": value}
    return {"default": scalar_text(value) if is_text and not isinstance(value, str) else value}


def _read(name: str, known: Mapping[str, Any], text: str) -> Any:
    """The value that a text means for one property; ``ValueError`` says why it means none."""
    kind = known.get("type", "")
    if "<%" in text or known.get("format") == "password":
        return text
    if kind == "string" and "enum" not in known:
        return text
    # imported late: it knows of jobs, which this module does not
    from jupyter_cube.text.typed import value_of

    choices = tuple(known.get("enum", ()))
    value = text if kind not in ("", "array", "object") else value_of(text)
    if kind == "object" and not isinstance(value, dict):
        raise ValueError(f"must be a mapping such as {{key: value}}, not {text!r:.60}")
    least, most = known.get("minimum"), known.get("maximum")
    as_declared = Variable(name=name, type=_TYPES.get(kind, ""), choices=choices, minimum=least, maximum=most)
    value = as_declared.accept(value)
    return next((each for each in choices if str(each) == str(value)), value)
