"""Runs a notebook's cell in a task: ``python -u task.py [NAME ...]``; the values of NAMEs become results.

This file is laid into the job beside the cell. It imports the standard library only, and before the cell nothing that
Python has not loaded already; what few cells need lies in files beside it: a cell starts as fast as a script.
Processes that multiprocessing starts afresh import it as their main module, ``__mp_main__``, and get what the cell
defines (``worker.py``) without running the cell again.
"""

import _ast
import builtins
import os
import sys

# Importing typing would double the time to the cell's first line, and __future__ adds a tenth.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType, TracebackType
    from typing import Any, NoReturn

CELL = "cell.py"  # the name of the cell's file

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_PRIVATE = os.path.join(os.path.dirname(_FOLDER), "private")
_INPUTS = os.path.join(_PRIVATE, "inputs")
_PATH = os.path.join(_FOLDER, CELL)

# The numbers of ast.PyCF_ONLY_AST and inspect.CO_COROUTINE and their like; importing ast would cost 3 ms.
_ONLY_AST, _TOP_LEVEL_AWAIT, _COROUTINE, _FUTURE_ANNOTATIONS = 0x400, 0x2000, 0x80, 0x1000000


def main() -> "NoReturn":
    """Run the cell as the main module and end the process with its exit code."""
    # A line shows at once, in one write; unbuffered, print would make two of each.
    sys.stdout.reconfigure(line_buffering=True, write_through=False)  # type: ignore[union-attr]
    outputs = sys.argv[1:]
    del sys.argv[1:]  # a cell that reads arguments finds none, and one that starts itself again makes no results
    names = _new_main("__main__")
    _adopt_path()
    ending = SystemExit(0)
    try:
        if os.path.exists(_INPUTS):
            _beside("pickling.py")["read_inputs"](_INPUTS, names)
        _run(_parts(_text()), names)
    except SystemExit as error:
        if error.code not in (None, 0):
            raise
        ending = error
    except BaseException as error:  # noqa: BLE001 (the root of the task: it is shown, and the task ends)
        error.__traceback__ = _cells_own(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)
    if outputs:
        _beside("pickling.py")["write_results"](outputs, names)
    raise ending


def define() -> "dict[str, Any]":
    """What the cell defines, for a process that is to call it: see ``worker.py``."""
    names = _new_main("__mp_main__")
    worker = _beside("worker.py")
    tree = worker["definitions"](compile(_text(), _PATH, "exec", _ONLY_AST | _TOP_LEVEL_AWAIT, dont_inherit=True))
    whole = compile(tree, _PATH, "exec", _TOP_LEVEL_AWAIT, dont_inherit=True)
    if os.path.exists(_INPUTS):
        _beside("pickling.py")["read_inputs"](_INPUTS, names, worker["words"](whole))
    flags = whole.co_flags & _FUTURE_ANNOTATIONS
    for statement in tree.body:
        try:
            exec(compile(_ast.Module([statement], []), _PATH, "exec", flags, dont_inherit=True), names)
        except Exception:  # noqa: BLE001 (a pool replaces a worker that fails here by the next, for ever)
            continue
    return {name: value for name, value in names.items() if not name.startswith("__")}


def _new_main(name: str) -> "dict[str, Any]":
    """A fresh main module, so that the cell does not see the names of this file; its names."""
    module = type(sys)(name)
    module.__file__ = __file__  # multiprocessing and launchers start the cell's Python again by this
    sys.modules["__main__"] = module
    builtins.display = _display  # type: ignore[attr-defined]
    if os.path.exists(os.path.join(_FOLDER, "shim.py")):
        builtins.get_ipython = lambda: _shim(module)  # type: ignore[attr-defined]
    return module.__dict__


def _display(*values: object, **options: object) -> None:  # noqa: ARG001 (IPython's options are accepted)
    """IPython's ``display`` as text: there is nobody here to show more."""
    for value in values:
        sys.stdout.write(repr(value) + "\n")


def _beside(file: str) -> "dict[str, Any]":
    """The names of a file of ours that lies beside this one."""
    path = os.path.join(_FOLDER, file)
    names = {"__name__": "jupyter_cube_" + file[:-3]}
    with open(path, "rb") as source:
        exec(compile(source.read(), path, "exec", dont_inherit=True), names)
    return names


def _shim(module: "ModuleType") -> "Any":
    shim = _beside("shim.py")["Shim"](module)
    builtins.get_ipython = lambda: shim  # type: ignore[attr-defined]
    return shim


def _text() -> bytes:
    with open(_PATH, "rb") as file:
        return file.read()


def _adopt_path() -> None:
    """Look for modules where the notebook does, if this is its Python or an environment on top of it."""
    try:
        with open(os.path.join(_PRIVATE, "path"), "rb") as file:
            version, prefix, *path = os.fsdecode(file.read()).split("\0")
    except FileNotFoundError:  # the job was submitted again from its spec
        version = prefix = ""
        path = []
    if (version, prefix) == (f"{sys.version_info[0]}.{sys.version_info[1]}", sys.prefix):
        sys.path[:] = path
        return
    if sys.path[:1] == [_FOLDER]:
        sys.path[0] = os.getcwd()
    # An environment that was made for the job and shows the notebook's packages behind its own.
    if any(folder.endswith("-packages") and folder in path for folder in sys.path):
        sys.path += [folder for folder in path if folder not in sys.path]


def _parts(text: bytes) -> "list[CodeType]":
    """The cell as code: all of it, or all but a last expression and that, whose value Python then shows."""
    tree: Any = compile(text, _PATH, "exec", _ONLY_AST | _TOP_LEVEL_AWAIT, dont_inherit=True)
    shown = []
    if tree.body and isinstance(tree.body[-1], _ast.Expr) and not _silenced(text, tree.body[-1]):
        shown = [tree.body.pop()]
    parts = [compile(tree, _PATH, "exec", _TOP_LEVEL_AWAIT, dont_inherit=True)]
    if shown:
        parts.append(compile(_ast.Interactive(shown), _PATH, "single", _TOP_LEVEL_AWAIT, dont_inherit=True))
    return parts


def _silenced(text: bytes, last: "Any") -> bool:
    """A semicolon after the last expression keeps its value from being shown, as in IPython."""
    line = text.splitlines()[last.end_lineno - 1]
    rest: bytes = line[last.end_col_offset :]
    return rest.lstrip(b") \t").startswith(b";")


def _run(parts: "list[CodeType]", names: "dict[str, Any]") -> None:
    if any(code.co_flags & _COROUTINE for code in parts):
        import asyncio

        asyncio.run(_run_awaiting(parts, names))
    else:
        for code in parts:
            exec(code, names)


async def _run_awaiting(parts: "list[CodeType]", names: "dict[str, Any]") -> None:
    for code in parts:
        value = eval(code, names)
        if code.co_flags & _COROUTINE:
            await value


def _cells_own(trace: "TracebackType | None") -> "TracebackType | None":
    """The traceback from the cell's first frame on, without the frames of our files."""
    frames: list[tuple[TracebackType, str]] = []
    while trace is not None:
        frames.append((trace, trace.tb_frame.f_code.co_filename))
        trace = trace.tb_next
    ours = (os.path.abspath(__file__), os.path.join(_FOLDER, "shim.py"))
    first = next((number for number, (_, file) in enumerate(frames) if file == _PATH), 0)
    kept = [frame for frame, file in frames[first:] if file not in ours]
    for frame, following in zip(kept, [*kept[1:], None]):  # noqa: B905 (strict is newer than some tasks' Python)
        frame.tb_next = following
    return kept[0] if kept else None


if __name__ == "__main__":
    main()
elif __name__ == "__mp_main__":
    globals().update(define())
