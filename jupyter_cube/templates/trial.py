"""A job template's job, tried before anybody uses it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jupyter_cube.errors import Fault
from jupyter_cube.marketplace import braces
from jupyter_cube.marketplace.binding import bind
from jupyter_cube.marketplace.item import Item
from jupyter_cube.marketplace.variable import Variable
from jupyter_cube.protocol import spec
from jupyter_cube.templates.rendering import at_item, filled
from jupyter_cube.templates.walk import steps
from jupyter_cube.text.writer import dump

_SAMPLE = "sample_of_cube"  # no word that an author would write
_MISSING = re.compile(r"(\$(?:parameters|secrets)\.[\w-]+) does not exist")


def faults(item: Item) -> list[Fault]:
    """What is wrong with the job that a job template makes, whatever its variables are or with their defaults.

    Variables that users must fill have a value of their type here; what is wrong because of that is not said.
    """
    if item.job is None:
        return []
    values, _ = bind(item, {each.name: _sample(each) for each in item.variables if each.required}, patterns=False)
    job = filled(item, item.job, ("job",), values, [])
    for part in ("parameters", "secrets"):  # users give them beside the variables
        if isinstance(job.get(part), dict):
            job[part] = {name: _SAMPLE if value is None else value for name, value in job[part].items()}
    if any(variable.type == "secret" for variable in item.variables) and isinstance(job.get("secrets", {}), dict):
        job["secrets"] = {**job.get("secrets", {}), _SAMPLE: ""}
    found = (at_item(fault, item) for fault in spec.check(dump(job)).faults)
    certain = [fault for fault in found if _is_certain(fault, item, values)]
    return [replace(fault, hint="") if _SAMPLE in fault.hint else fault for fault in certain]


def _sample(variable: Variable) -> Any:
    if variable.choices:
        return variable.choices[0]
    if variable.type in ("int", "float"):
        limits = [limit for limit in (variable.minimum, variable.maximum) if limit is not None]
        return limits[0] if limits else 1
    samples = {"bool": True, "list": [], "secret": f"<% $secrets.{_SAMPLE} %>", "path": f"/{_SAMPLE}"}
    return samples.get(variable.type, f"{_SAMPLE}-{variable.name}")


def _is_certain(fault: Fault, item: Item, values: Mapping[str, Any]) -> bool:
    """Whether a fault is of what the author wrote: also of a default, where that is no mere blank."""
    if item.document is None or _SAMPLE in fault.message:
        return False
    path = steps(fault.path)
    nodes = [item.document.node(path[: length + 1]) for length in range(len(path))]
    texts = [node.value for node in nodes if node is not None and isinstance(node.value, str)]
    if fault.message.startswith("unknown key"):
        texts = texts[:-1]  # whatever its value
    missing = _MISSING.match(fault.message)
    if missing and texts and re.search(rf"<%\s*{re.escape(missing[1])}\s*%>", texts[-1]):
        return True  # whatever stands beside it
    return all(_is_written(text, item, values) for text in texts)


def _is_written(text: str, item: Item, values: Mapping[str, Any]) -> bool:
    names = braces.names(text)
    if not names:
        return True
    variable = item.variable(names[0])
    known = variable is not None and not variable.required and values.get(names[0]) not in (None, "", [], {})
    return known and braces.whole(text)
