"""Items for data that somebody has: at an address on the net, in files of this machine, as a value of a notebook."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_cube import files
from jupyter_cube.config import cache_path
from jupyter_cube.errors import BackendError, UsageError
from jupyter_cube.marketplace import frame
from jupyter_cube.marketplace.inside import inside_of
from jupyter_cube.task import archive, bring
from jupyter_cube.task.fetch import FetchError
from jupyter_cube.text.writer import dump

CARRIED = 50_000_000  # bytes up to which files are copied beside the item


@dataclass(frozen=True, slots=True)
class Made:
    """An item's text, the files beside it (bytes, or where they are), and what somebody should know of it."""

    text: str
    files: Mapping[str, bytes | Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def from_url(url: str, *, name: str, summary: str = "") -> Made:
    """A dataset of what is at an address: it is fetched once, to know its checksum, size and kind of archive.

    Raises:
        UsageError: it is no http or https address.
        BackendError: it cannot be fetched.
    """
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url!r:.200} is no http or https address", place="--url", hint="use --path for a file")
    try:
        with files.disk_errors(cache_path()):
            found = bring.fetched(url, str(cache_path()))
    except FetchError as error:
        raise BackendError(str(error), hint="check the address in a browser") from error
    called = bring.name_of(url)
    kind = archive.kind_of(found.path, called)
    parameters = {"url": url, "sha256": found.sha256, "path": "{{ dataPath }}", "unpack": kind}
    about = f"{called}, {_size(found.size)}" + (f", unpacked ({kind})" if kind != "none" else "")
    plain, query, _ = url.partition("?")
    text = _item(name, summary or about, "http", parameters, source=plain, description=f"{about}, from {plain}.\n")
    notes = [f"{about}, sha256 {found.sha256}", *_odd(found.path, called, found.size)]
    if query:
        notes.append("what follows the '?' in the address stands in the item: who sees the item sees it")
    return Made(text, notes=tuple(notes))


def from_path(path: Path, *, name: str, summary: str = "") -> Made:
    """A dataset of a file or a folder; small ones are copied beside the item, others stay where they are.

    Raises:
        UsageError: there is nothing there, it cannot be read, or there are links in it that lead out of it.
    """
    try:
        path = path.resolve(strict=True)
        inside = {path.name: path} if path.is_file() else inside_of(path)
        size = sum(one.stat().st_size for one in inside.values())
        odd = _odd(str(path), path.name, size) if path.is_file() else []
    except FileNotFoundError:
        raise UsageError("there is no such file or folder", place=str(path)) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        place = str(error.filename or path)
        raise UsageError(f"it cannot be read: {reason}", place=place, hint="make it readable for you") from None
    if not inside:
        raise UsageError("the folder is empty", place=str(path))
    about = summary or f"{path.name}, {_size(size)}"
    carried = {f"data/{one}": file for one, file in inside.items()}
    if size > CARRIED:
        made = _referenced(path, name, about, size)
    elif path.is_file():
        about_it = _file(f"data/{path.name}", archive.kind_of(str(path), path.name))
        made = _carried(name, about, about_it, carried, f"{path.name}, {_size(size)}.\n")
    else:
        made = _carried(name, about, _file("data", "none"), carried, f"{len(carried)} files, {_size(size)}.\n")
    return replace(made, notes=(*made.notes, *odd))


def _odd(path: str, name: str, size: int) -> list[str]:
    """What is odd in a file that is to be a dataset, a line each."""
    if not size:
        return [f"{name} is empty"]
    with open(path, "rb") as file:
        start = file.read(1000).lstrip().lower()
    is_page = start.startswith((b"<!doctype html", b"<html")) and not name.lower().endswith((".html", ".htm"))
    return [f"{name} is a web page, not the data: see whether it names their own address"] if is_page else []


def from_value(value: Any, *, name: str, summary: str = "") -> Made:
    """A dataset of a value: a DataFrame, an array or a dict of them, text, bytes, or what JSON can hold.

    Raises:
        UsageError: it is nothing of these, or would be another value when it is read back.
    """
    try:
        ending, data, load = _written(value)
    except (TypeError, ValueError, OverflowError, NotImplementedError) as error:
        kind = type(value).__name__
        raise UsageError(
            f"this {kind} cannot be written as a file: {error}", hint="make its types plain ones"
        ) from error
    file = f"{name}.{ending}"
    about = summary or f"{type(value).__name__}, {_size(len(data))}"
    loader = load.replace("FILE", f"/dataset/{name}/{file}")
    there = f"data/{file}"
    return _carried(name, about, _file(there, "none"), {there: data}, f"```python\n{loader}\n```\n")


def _file(source: str, unpack: str) -> dict[str, Any]:
    """Parameters of the plugin ``file``."""
    return {"source": source, "path": "{{ dataPath }}", "unpack": unpack}


def _carried(
    name: str, summary: str, parameters: Mapping[str, Any], carried: Mapping[str, bytes | Path], description: str
) -> Made:
    text = _item(name, summary, "file", parameters, description=description)
    return Made(text, carried, (f"{len(carried)} file(s) go along",))


def _referenced(path: Path, name: str, summary: str, size: int) -> Made:
    note = f"{_size(size)} are too much to copy beside the item: it works where {path} is there"
    if path.is_dir():
        parameters, note = _file(str(path), "none"), f"{note}, and brings what is in it then"
    else:
        parameters = {**_file(str(path), archive.kind_of(str(path), path.name)), "sha256": bring.checksum(str(path))}
    return Made(_item(name, summary, "file", parameters, description=f"{note}.\n"), notes=(note,))


def _item(
    name: str, summary: str, plugin: str, parameters: Mapping[str, Any], *, source: str = "", description: str = ""
) -> str:
    variable = {
        "name": "dataPath",
        "type": "path",
        "default": f"/dataset/{name}",
        "description": "the folder with the files",
    }
    values: dict[str, Any] = {"kind": "dataset", "name": name, "summary": summary}
    if source:
        values["source"] = source
    values.update(description=description, plugin=plugin, plugin_params=dict(parameters), template_variables=[variable])
    return dump(values)


def _size(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"


def _written(value: Any) -> tuple[str, bytes, str]:
    """The file's ending, its bytes, and how it is read back (FILE stands for its path)."""
    kind = f"{type(value).__module__}.{type(value).__name__}"
    writer = next((one for pattern, one in _WRITERS if re.fullmatch(pattern, kind)), _json)
    return writer(value)


def _polars(value: Any) -> tuple[str, bytes, str]:
    buffer = io.BytesIO()
    value.write_parquet(buffer)
    return "parquet", buffer.getvalue(), 'import polars\ntable = polars.read_parquet("FILE")'


def _array(value: Any) -> tuple[str, bytes, str]:
    import numpy

    _plain(value)
    buffer = io.BytesIO()
    numpy.save(buffer, value, allow_pickle=False)
    return "npy", buffer.getvalue(), 'import numpy\narray = numpy.load("FILE")'


def _arrays(value: Mapping[Any, Any]) -> tuple[str, bytes, str]:
    import numpy

    arrays: dict[str, Any] = {str(name): numpy.asarray(each) for name, each in value.items()}
    if reserved := arrays.keys() & {"file", "allow_pickle"}:
        raise UsageError(f"numpy has a use of its own for the name {min(reserved)!r}", hint="rename that array")
    for each in arrays.values():
        _plain(each)
    buffer = io.BytesIO()
    numpy.savez_compressed(buffer, **arrays)
    return "npz", buffer.getvalue(), 'import numpy\narrays = numpy.load("FILE")'


def _plain(array: Any) -> None:
    if array.dtype.hasobject:
        raise UsageError("an array of Python objects is no dataset", hint="make it an array of numbers, or a DataFrame")


def _json(value: Any) -> tuple[str, bytes, str]:
    if isinstance(value, dict) and value and all(type(each).__module__ == "numpy" for each in value.values()):
        return _arrays(value)
    try:
        data = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError):
        name = type(value).__name__
        hint = "a DataFrame, an array, a dict of arrays, text, bytes, lists and dicts of plain values are possible"
        raise UsageError(f"a value of the type {name} is no dataset", hint=hint) from None
    return "json", data, 'import json\nvalue = json.load(open("FILE"))'


_WRITERS: tuple[tuple[str, Callable[[Any], tuple[str, bytes, str]]], ...] = (
    (r"pandas\.(.*\.)?(DataFrame|Series)", frame.written),
    (r"polars\.(.*\.)?DataFrame", _polars),
    (r"numpy\.ndarray", _array),
    (r"builtins\.str", lambda value: ("txt", value.encode(), 'text = open("FILE").read()')),
    (r"builtins\.(bytes|bytearray)", lambda value: ("bin", bytes(value), 'data = open("FILE", "rb").read()')),
)
