"""Results: values that a task hands back, one pickled file each, by name."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

from jupyter_cube.errors import CubeError, StoreError, UsageError
from jupyter_cube.task import pickling

_LONGEST_NAME = 200  # bytes, so that the temporary file's name fits too


def result(name: str, value: object) -> None:
    """Hand ``value`` back from any code of a task; it is in ``job.result()`` under ``name``. The last one counts.

    Raises:
        UsageError: not called in a task, or the name cannot be a file's.
        CubeError: the value cannot be pickled.
        StoreError: it cannot be written.
    """
    folder = os.environ.get("CUBE_RESULTS")
    if folder is None:
        raise UsageError("result() hands back a value of a job's task, and this is none", hint="submit the cell")
    if not name or name.startswith(".") or "/" in name or "\0" in name or len(os.fsencode(name)) > _LONGEST_NAME:
        raise UsageError(f"{name!r} cannot name a result", hint="use letters, digits and _")
    try:
        pickling.write_result(folder, name, value)
    except OSError as error:
        raise StoreError(f"the result cannot be written: {pickling.said(error)}", place=name) from error
    except pickling.ERRORS as error:
        raise CubeError(f"the result cannot be pickled: {pickling.said(error)}", place=name) from error


def read_results(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """The results of a task, name to value, in the order of names; empty where there is no such folder.

    Raises:
        StoreError: one of them is damaged, or needs a module that is not here.
    """
    try:
        paths = sorted(path for path in Path(folder).iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return {}
    return {path.name: _read(path) for path in paths}


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            return pickle.load(file)
    except ModuleNotFoundError as error:
        hint = f"install it here, then ask again: the result stays in {path}"
        raise StoreError(
            f"reading it needs the module {error.name!r}", place=f"result {path.name}", hint=hint
        ) from error
    except (*pickling.ERRORS, EOFError) as error:
        hint = f"look at {path}, or retry the job"
        raise StoreError(f"cannot be read: {pickling.said(error)}", place=f"result {path.name}", hint=hint) from error
