"""IPython syntax in a cell: turned into plain Python that calls ``get_ipython()``, line by line.

Every line keeps its number, so that a traceback shows the cell's own. Text that is plain Python already is passed
through without importing IPython.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from jupyter_cube.errors import Fault
from jupyter_cube.task.shim import LINE_MAGICS, SCRIPT_MAGICS

_EXPANDED = re.compile(r"\{([^{}]*)\}|\$([A-Za-z_]\w*)")
_WORD = re.compile(r"(?<![\w.])(?<!\s-)(?<!^-)[A-Za-z_]\w*")  # -n is an option of the magic
_COMMANDS = re.compile(r"(pip3?|conda|mamba|cd|ls|pwd|mkdir|rm|cp|mv|cat|git|wget|curl)(\s+[\w./~-]|$)")
_PYTHON_MAGICS = frozenset({"capture", "debug", "lprun", "memit", "memray", "mprun", "prun", "time", "timeit"})
_SHIM_METHODS = frozenset({"getoutput", "start_timer", "system"})


@dataclass(frozen=True, slots=True)
class Translated:
    """A cell as plain Python.

    Attributes:
        text: as many lines as the cell; the cell's own text where there are faults.
        tree: its syntax tree, empty where there are faults.
        shim: it calls ``get_ipython()``.
        needs_ipython: magics that only IPython itself can run, such as ``%timeit``, as written.
        notes: what works otherwise than in a notebook.
    """

    text: str
    tree: ast.Module
    shim: bool = False
    needs_ipython: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def translate(text: str) -> Translated:
    """The cell as plain Python, or its faults; nothing is run."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        plain_error = error
        try:
            text = _without_magics(text)
            tree = ast.parse(text)
        except (SyntaxError, ValueError) as other:
            own = isinstance(other, SyntaxError) and other.lineno
            return Translated(text, _EMPTY, faults=(_fault(other if own else plain_error, text),))
        except ImportError:
            hint = "remove the lines with % and !, or install ipython"
            return Translated(text, _EMPTY, faults=(Fault("IPython syntax needs IPython here", hint=hint),))
    try:
        # Found here and not by the parser: return outside a function, an unused nonlocal and their like.
        compile(text, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return Translated(text, _EMPTY, faults=(_fault(error, text),))
    needs, notes = [], []
    for call, method in ipython_calls(tree):
        magic = _magic(call, method)
        name = magic.lstrip("%")
        if not _shimmed(call, method, name):
            needs.append(magic or f"get_ipython().{method}")
        if method == "run_line_magic" and name in ("matplotlib", "pylab"):
            notes.append(f"cell:{call.lineno}: figures of a job are not shown, save them with savefig")
    return Translated(text, tree, "get_ipython" in text, tuple(dict.fromkeys(needs)), tuple(notes))


_EMPTY = ast.Module([], [])


def _without_magics(text: str) -> str:
    ipython: Any = import_module("IPython.core.inputtransformer2")
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    blank, lines = lines[:first], lines[first:]
    for strip in (ipython.leading_indent, ipython.classic_prompt, ipython.ipython_prompt):
        lines = strip(lines)
    if lines and re.fullmatch(r"%%time\s*", lines[0]):
        # The body stays code, so that its names, its last value and its line numbers are found.
        lines[0] = "get_ipython().start_timer()\n"
    else:
        lines = _padded(lines, ipython.cell_magic(lines))
    manager = ipython.TransformerManager()
    for _ in lines:
        changed, after = manager.do_one_token_transform(lines)
        if not changed:
            break
        lines = _padded(lines, after)
    return "".join(blank + lines)


def _padded(before: list[str], after: list[str]) -> list[str]:
    """``after`` with empty lines where a statement of several lines became one."""
    missing = len(before) - len(after)
    if missing <= 0:
        return after
    changed = next((n for n, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), len(after) - 1)
    return after[: changed + 1] + ["\n"] * missing + after[changed + 1 :]


def _fault(error: SyntaxError | ValueError, text: str) -> Fault:
    if not isinstance(error, SyntaxError):
        return Fault(str(error), file="cell")  # a NUL in the text
    line = error.lineno or 0
    lines = text.splitlines()
    written = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    hint = ""
    if command := _COMMANDS.match(written):
        mark = "%" if command[1] in ("pip", "conda", "mamba", "cd") else "!"
        hint = f"write {mark}{written}"
    return Fault(error.msg, line, error.offset or 0, hint=hint, file="cell")


def ipython_calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """The calls ``get_ipython().METHOD(...)`` of a cell, with the method."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (method := _method(node)):
            yield node, method


def hidden_words(call: ast.Call) -> list[str]:
    """Names inside the strings of a ``get_ipython()`` call: ``{x}`` and ``$x``, or all words of Python code."""
    method = _method(call)
    if method not in ("system", "getoutput", "run_line_magic", "run_cell_magic"):
        return []
    python = list(python_texts(call))
    found = [word for text in python for word in _WORD.findall(text)]
    texts = _texts(call)
    # IPython expands the first line of a cell magic only.
    for text in texts[:2] if method == "run_cell_magic" else texts:
        for expression, name in _EXPANDED.findall(text):
            found += [name] if name else _WORD.findall(expression)
    return found


def python_texts(call: ast.Call) -> Iterator[str]:
    """Python code in the strings of a magic that runs it, such as ``%time``; the cell's body first."""
    texts = _texts(call)
    if _method(call) in ("run_line_magic", "run_cell_magic") and texts and texts[0] in _PYTHON_MAGICS:
        yield from (text for text in reversed(texts[1:]) if text)


def _texts(call: ast.Call) -> list[str]:
    return [part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def _method(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call):
        owner = function.value.func
        if isinstance(owner, ast.Name) and owner.id == "get_ipython":
            return function.attr
    return ""


def _magic(call: ast.Call, method: str) -> str:
    marks = {"run_line_magic": "%", "run_cell_magic": "%%"}.get(method, "")
    return marks + (_texts(call) or [""])[0] if marks else ""


def _shimmed(call: ast.Call, method: str, name: str) -> bool:
    if method == "run_line_magic":
        return name in LINE_MAGICS
    if method == "run_cell_magic":
        return name in SCRIPT_MAGICS and not "".join(_texts(call)[1:2]).strip()
    return method in _SHIM_METHODS
