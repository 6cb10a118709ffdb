"""Cube Studio's table of datasets: each row with an address on the net as an item of the kind ``dataset``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_cube.errors import SpecError
from jupyter_cube.imports import markup, naming, phrases
from jupyter_cube.imports.imported import CUBE_STUDIO_DATASET, Imported, finished

UNCHECKED = "the checksum of its data is not known: sha256 may be added"
COLUMNS = {"name", "describe", "download_url"}
_USED = {*COLUMNS, "label", "url", "industry", "field", "owner"}


def from_table(rows: Sequence[Mapping[str, str]]) -> list[Imported]:
    """Each row as a dataset; one whose data are on a volume of Cube Studio's only is listed without an item."""
    names = naming.Names()
    return [_row(row, names, number) for number, row in enumerate(rows, 1)]


def parameters(addresses: Sequence[str], names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the plugin ``http`` is to fetch; ``names``: what a file is called there, where not as in its address."""
    called = {address: {"name": name} for address, name in (names or {}).items() if name}
    one = len(addresses) == 1 and not called
    what = {"url": addresses[0]} if one else {"files": [{"url": each, **called.get(each, {})} for each in addresses]}
    return {**what, "path": "{{ dataPath }}"}


def variable(name: str) -> dict[str, Any]:
    """The declaration of the folder that the files go to."""
    about = "the folder with the files"
    return {"name": "dataPath", "type": "path", "default": f"/dataset/{name}", "description": about}


def _row(row: Mapping[str, str], names: naming.Names, number: int) -> Imported:
    name = names.free(naming.kept(row.get("name", "")) or f"dataset-{number}")
    found = [each for key in ("download_url", "url") for each in re.split(r"[\s,]+", row.get(key) or "") if each]
    addresses = list(dict.fromkeys(each for each in found if each.startswith(("http://", "https://"))))
    if not addresses:
        where = row.get("path") or "nowhere"
        return Imported(name, notes=(f"not carried over: its data are at no address of the net, but at {where}",))
    notes = [f"no http or https address: {each}" for each in found if each not in addresses]
    notes.append(UNCHECKED)
    rest = [key for key, value in row.items() if value and key not in _USED]
    notes += [f"kept under origin only: {', '.join(rest)}"] if rest else []
    if row.get("owner"):
        notes.append(f"who may see it, {row['owner']}, is not carried over")
    kinds = [row[key] for key in ("industry", "field") if row.get(key)]
    values = {
        "kind": "dataset",
        "name": name,
        "title": phrases.both(markup.plain(row.get("label") or name))[:200],
        "summary": markup.plain(row.get("describe") or "")[:1000],
        "source": addresses[0],
        "tags": ["cube-studio"],
        "categories": list(dict.fromkeys(phrases.english(kind) or kind for kind in kinds)),
        "needs": ["network"],
        "plugin": "http",
        "plugin_params": parameters(addresses),
        "template_variables": [variable(name)],
        "origin": {"format": CUBE_STUDIO_DATASET, "name": row.get("name", ""), "entry": dict(row)},
    }
    try:
        return finished(values, notes)
    except SpecError as error:
        return Imported(name, notes=tuple(f"not carried over: {fault}" for fault in error.faults))
