"""What a cell defines: the part of it that a process of multiprocessing may run again.

Kept are imports, functions, classes and assignments without calls (but for a few that only make a value). Everything
else has been done by the cell and must not be done twice, so a cell needs no ``if __name__ == "__main__"``.
This file is laid into the job and read by ``task.py``, so it imports nothing that is not built in.
"""

from __future__ import annotations

import _ast

TYPE_CHECKING = False  # as in task.py
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

_DEFINITIONS = ("Import", "ImportFrom", "FunctionDef", "AsyncFunctionDef", "ClassDef", "TypeAlias")
_MAKERS = (
    *("bool", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "range", "set", "str", "tuple"),
    *("namedtuple", "NewType", "TypeVar", "ParamSpec", "Enum", "partial"),
    *("Path", "PurePath", "compile", "getLogger", "device", "dtype"),
)


def definitions(tree: Any) -> Any:
    """The syntax tree of a cell with its definitions only."""
    return _ast.Module(_kept(tree.body), [])


def words(code: CodeType) -> set[str]:
    """Every name in the code, functions included."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            found |= words(constant)
    return found


def _kept(body: list[Any]) -> list[Any]:
    kept = []
    for node in body:
        kind = type(node).__name__
        if kind in _DEFINITIONS:
            kept.append(node)
        elif kind in ("Assign", "AnnAssign", "AugAssign"):
            if _is_harmless(node):
                kept.append(node)
        elif kind in ("Try", "TryStar") or (kind == "If" and _is_harmless(node.test)):
            for block in (node, *getattr(node, "handlers", ())):
                block.body = _kept(block.body) or [_ast.Pass(lineno=node.lineno, col_offset=0)]
                for other in ("orelse", "finalbody"):
                    setattr(block, other, _kept(getattr(block, other, [])))
            kept.append(node)
    return kept


def _is_harmless(node: Any) -> bool:
    """Nothing in it calls anything but a maker of values, and nothing waits."""
    kind = type(node).__name__
    if kind == "Lambda":
        return True
    if kind in ("Await", "Yield", "YieldFrom"):
        return False
    if kind == "Call" and getattr(node.func, "id", getattr(node.func, "attr", "")) not in _MAKERS:
        return False
    return all(_is_harmless(child) for child in _children(node))


def _children(node: Any) -> list[Any]:
    found: list[Any] = []
    for field in node._fields:
        value = getattr(node, field, None)
        found += value if isinstance(value, list) else [value]
    return [child for child in found if isinstance(child, _ast.AST)]
