"""What an import makes: items, and for each what of it could not come over."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_cube.marketplace import item as items
from jupyter_cube.marketplace.item import Item
from jupyter_cube.text.writer import dump

OPENPAI_JOB = "openpai-job"
OPENPAI_ITEM = "openpai-marketplace"
CUBE_STUDIO_TEMPLATE = "cube-studio-job-template"
CUBE_STUDIO_DATASET = "cube-studio-dataset"


@dataclass(frozen=True, slots=True)
class Imported:
    """One item made of an entry of another system.

    Attributes:
        name: the item's; where nothing came over, the entry's own.
        kind: the item's; empty: nothing came over, ``notes`` says why.
        text: the item's YAML; empty likewise.
        files: what lies beside the item.
        notes: what did not come over or should be looked at, a line each.
    """

    name: str
    kind: str = ""
    text: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def finished(values: Mapping[str, Any], notes: Sequence[str]) -> Imported:
    """The item with those keys; empty ones are left out.

    Raises:
        SpecError: it is no right item.
    """
    text = dump({name: value for name, value in values.items() if value not in ("", [], {}, None)})
    made = items.parse(text, file=values["name"])
    return Imported(made.name, made.kind, text, notes=tuple(dict.fromkeys(notes)))


def original(item: Item) -> Any:
    """The entry that an item was imported from, as it was; secrets of jobs are masked.

    For a job of OpenPAI it is the file's text, else the row or the entry of its file. None: the item was not imported.
    """
    return item.origin.get("entry")


def original_text(item: Item) -> str:
    """The entry as a file of its kind, which can be imported again. Empty: the item was not imported."""
    entry = original(item)
    if entry is None:
        return ""
    if isinstance(entry, str):
        return entry
    if item.origin.get("format") == CUBE_STUDIO_DATASET:
        table = io.StringIO(newline="")
        rows = csv.DictWriter(table, list(entry), lineterminator="\n")
        rows.writeheader()
        rows.writerow(entry)
        return table.getvalue()
    file = {item.origin.get("name", ""): entry} if item.origin.get("format") == CUBE_STUDIO_TEMPLATE else [entry]
    return json.dumps(file, indent=2, ensure_ascii=False) + "\n"
