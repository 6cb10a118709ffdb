"""Importing a file: what it is, is seen from its content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_cube.errors import SpecError, UsageError
from jupyter_cube.imports import cubestudio, datasets, openpai
from jupyter_cube.imports.imported import Imported, original
from jupyter_cube.text import document

__all__ = ["Imported", "import_file", "original"]

_POSSIBLE = (
    "jobs of OpenPAI (YAML), rows of its marketplace (JSON), and init-job-template.json and init-dataset.csv of "
    "Cube Studio can be imported"
)


def import_file(path: str | Path) -> list[Imported]:
    """The items that a file of another system becomes; also those entries that could not come over.

    Raises:
        UsageError: it is no file that can be imported, or cannot be read.
        SpecError: it is a job of OpenPAI that has faults.
    """
    file = Path(path)
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"it cannot be read: {(error.strerror or str(error)).lower()}", place=str(file)) from None
    except UnicodeDecodeError:
        raise UsageError("it is no text in UTF-8", place=str(file), hint=_POSSIBLE) from None
    if file.suffix.lower() == ".csv":
        return _table(text, file)
    try:
        return _document(text, file)
    except RecursionError:
        raise UsageError("its values are nested too deep", place=str(file), hint="flatten them") from None


def _document(text: str, file: Path) -> list[Imported]:
    value = _value(text, file)
    if openpai.is_job(value):
        return [openpai.from_file(text, file=file.name)]
    if openpai.is_rows(rows := [value] if openpai.is_rows([value]) else value):
        return openpai.from_rows(rows, file.parent)
    if cubestudio.is_templates(value):
        return cubestudio.from_templates(value)
    raise _other(file)


def _value(text: str, file: Path) -> Any:
    """The document; JSON as such, because in YAML it may not have tabs."""
    looks_right = text.lstrip()[:1] in ("{", "[")
    if looks_right:
        try:
            return json.loads(text)
        except ValueError:
            pass  # flow style of YAML, or faulty, which the reader of YAML says with its place
    read = document.read(text, file=str(file), template=True)  # a list of items is no faulty job
    if read.root is None or read.faults:
        if looks_right or "protocolVersion" in text or file.suffix.lower() in (".yaml", ".yml"):
            raise SpecError(read.faults)
        raise _other(file)
    return read.root.plain()


def _other(file: Path) -> UsageError:
    return UsageError("it is nothing that can be imported", place=str(file), hint=_POSSIBLE)


def _table(text: str, file: Path) -> list[Imported]:
    import csv
    import io

    table = csv.DictReader(io.StringIO(text, newline=""))
    try:
        columns, found = set(table.fieldnames or ()), list(table)
    except csv.Error as error:
        raise UsageError(f"it is no table: {error}", place=f"{file}:{table.line_num}", hint=_POSSIBLE) from None
    if missing := sorted(datasets.COLUMNS - columns):
        message = f"it is no table of datasets: the columns {', '.join(missing)} are missing"
        raise UsageError(message, place=str(file), hint=_POSSIBLE)
    rows = [{key: value for key, value in row.items() if isinstance(key, str) and value is not None} for row in found]
    return datasets.from_table(rows)
