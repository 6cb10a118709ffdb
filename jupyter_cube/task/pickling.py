"""Pickling values so that another process can read them.

The standard pickler is tried first, for it is fast and reading it needs nothing; cloudpickle carries what belongs to
the main module. This file is also laid into jobs and read by ``task.py``, so it imports the standard library only.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
from types import FunctionType

TYPE_CHECKING = False  # as in task.py
if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from typing import IO, Any, NoReturn

# What pickling somebody's objects raises.
ERRORS = (
    *(pickle.PickleError, TypeError, AttributeError, ValueError, LookupError, RuntimeError, OSError, ImportError),
    *(AssertionError, ArithmeticError, MemoryError),
)


class PlainPickler(pickle.Pickler):
    """Refuses what another process would look for in vain: functions and classes of the main module."""

    def __init__(self, file: Any) -> None:
        super().__init__(file, protocol=5)

    def reducer_override(self, value: Any) -> Any:
        """Called by the pickler for everything but the built-in types' values."""
        owner = value if isinstance(value, (type, FunctionType)) else type(value)
        if owner.__module__ in ("__main__", "__mp_main__"):
            raise pickle.PicklingError(f"{owner.__qualname__} is defined in the notebook")
        return NotImplemented


def python_version() -> str:
    """Major and minor number of this Python."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def read_inputs(path: str, names: dict[str, Any], wanted: Container[str] | None = None) -> None:
    """Put the notebook's modules and values into ``names``, unless none of them is ``wanted`` (None: all are).

    Ends the process with one line where one of them cannot be had.
    """
    with open(path, "rb") as file:
        unpickler = pickle.Unpickler(file)
        header = unpickler.load()
        modules: dict[str, str] = header["modules"]
        values: list[str] = header["values"]
        if wanted is not None and not any(name in wanted for name in (*modules, *values)):
            return
        what = ""
        try:
            for what in (*modules.values(), *header["submodules"]):
                __import__(what)
            names.update((name, sys.modules[module]) for name, module in modules.items())
            for what in values:
                names[what] = unpickler.load()
        except Exception as error:  # noqa: BLE001 (the root of a task, and unpickling may raise anything)
            other = "" if header["python"] == python_version() else f", the notebook's is {header['python']}"
            _fail(f"{what} cannot be had in this task: {said(error)} (its Python is {sys.executable}{other})")


def write_results(outputs: Iterable[str], names: dict[str, Any]) -> None:
    """Write the values of ``outputs``; ends the process with one line where one is not there or cannot be written."""
    folder = os.environ.get("CUBE_RESULTS")
    if folder is None:
        _fail(f"nobody takes the results {', '.join(outputs)}: CUBE_RESULTS is not set")
    for name in outputs:
        if name not in names:
            _fail(f"the cell ended without a value for {name}")
        try:
            write_result(folder, name, names[name])
        except ERRORS as error:
            _fail(f"the result {name} cannot be handed back: {said(error)}")


def said(error: BaseException) -> str:
    """The error in one line."""
    return f"{type(error).__name__}: {error}".split("\n", 1)[0]


def _fail(message: str) -> NoReturn:
    sys.exit(f"jupyter-cube: {message}")


def write_result(folder: str, name: str, value: object) -> None:
    """Write a result by rename: a reader sees all of it or nothing.

    Raises:
        one of ``ERRORS``: it cannot be pickled, or not written.
    """
    temporary = os.path.join(folder, f".{name}.{os.getpid()}")
    os.makedirs(folder, exist_ok=True)
    try:
        with open(temporary, "wb") as file:
            try:
                PlainPickler(file).dump(value)
            except ERRORS:
                file.seek(0)
                file.truncate()
                _portable(file, value)
        os.replace(temporary, os.path.join(folder, name))
    except BaseException:
        with contextlib.suppress(FileNotFoundError):  # it could not even be opened, and that is to be said
            os.unlink(temporary)
        raise


def _portable(file: IO[bytes], value: object) -> None:
    try:
        from cloudpickle import Pickler
    except ImportError as error:
        raise pickle.PicklingError("it needs cloudpickle, which this Python does not have") from error
    Pickler(file, protocol=5).dump(value)
