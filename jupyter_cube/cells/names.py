"""Names in a cell: which it needs from outside, which it assigns.

The cell is read in the order in which it runs. A name that every path assigns before it is read does not come from
outside; where that depends on a branch or a loop, it counts as needed. A function's body counts where the function is
first used.
"""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import cast

from jupyter_cube.cells import syntax

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_TRY = (ast.Try, getattr(ast, "TryStar", ast.Try))


@dataclass(frozen=True, slots=True)
class Names:
    """What a cell needs and what it makes.

    Attributes:
        free: names read that the cell does not surely assign before, with the line of the first reading (0: read
            from inside a string, such as a shell line).
        assigned: names that the cell assigns somewhere.
        dotted: chains of attributes on names, such as ``scipy.stats.norm``.
        star: the cell has a ``from x import *``, so any name may come from there.
    """

    free: Mapping[str, int]
    assigned: frozenset[str]
    dotted: frozenset[str]
    star: bool


def analyse(tree: ast.Module) -> Names:
    """The names of a cell."""
    scan = _Scan()
    known: set[str] = set()
    scan.block(tree.body, known)
    for name in list(scan.pending):
        scan.use_function(name, known)
    return Names(dict(scan.free), frozenset(scan.assigned), frozenset(scan.dotted), scan.star)


def global_names(code: CodeType) -> tuple[frozenset[str], frozenset[str]]:
    """The global names that a function's code reads, and those that it assigns, inner functions included."""
    loads: set[str] = set()
    stores: set[str] = set()
    local: set[str] = set()
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        if name in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            stores.add(instruction.argval)
        elif name == "STORE_NAME":
            local.add(instruction.argval)
        elif name in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
            loads.add(instruction.argval)
    for inner in _inner(code):
        inner_loads, inner_stores = global_names(inner)
        loads |= inner_loads
        stores |= inner_stores
    return frozenset(loads - local), frozenset(stores)


def _inner(code: CodeType) -> Iterator[CodeType]:
    return (constant for constant in code.co_consts if isinstance(constant, CodeType))


class _Scan:
    """One pass over statements in the order in which they run.

    ``known`` are the names that are surely assigned at this point. Methods that take a block return whether its end
    is reached.
    """

    def __init__(self) -> None:
        self.free: dict[str, int] = {}
        self.assigned: set[str] = set()
        self.dotted: set[str] = set()
        self.star = False
        self.pending: dict[str, dict[str, int]] = {}

    def block(self, body: Iterable[ast.stmt], known: set[str]) -> bool:
        return all(self.statement(statement, known) for statement in body)

    def statement(self, node: ast.stmt, known: set[str]) -> bool:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            self._definition(node, known)
        elif isinstance(node, (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Match, *_TRY)):
            return self._branches(node, known)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                self.expression(item.context_expr, known)
                self._target(item.optional_vars, known)
            before = set(known)
            # A context manager may swallow an exception, so what follows is reached in any case.
            if not self.block(node.body, known):
                _become(known, before)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                self.star |= alias.name == "*"
                self._store(alias.asname or alias.name.partition(".")[0], known)
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            self._assignment(node, known)
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                self.expression(target, known)
                if isinstance(target, ast.Name):
                    known.discard(target.id)
        else:
            self._children(node, known)
        return not isinstance(node, (ast.Raise, ast.Break, ast.Continue, ast.Return))

    def use_function(self, name: str, known: set[str]) -> None:
        """The function or class ``name`` of the cell is used here: what it reads must be there now."""
        for needed, line in self.pending.pop(name, {}).items():
            self._load(needed, line, known)

    def _load(self, name: str, line: int, known: set[str]) -> None:
        if name in self.pending:
            self.use_function(name, known)
        if name not in known:
            self.free.setdefault(name, line)

    def _store(self, name: str, known: set[str]) -> None:
        self.pending.pop(name, None)
        known.add(name)
        self.assigned.add(name)

    def _target(self, node: ast.expr | None, known: set[str]) -> None:
        if node is not None:
            self.expression(node, known)

    def _assignment(self, node: ast.Assign | ast.AugAssign | ast.AnnAssign, known: set[str]) -> None:
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self._load(node.target.id, node.lineno, known)
        if isinstance(node, ast.AnnAssign):
            self.expression(node.annotation, known)
        if node.value is not None:
            self.expression(node.value, known)
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                self._target(target, known)

    def _branches(self, node: ast.stmt, known: set[str]) -> bool:
        """Statements with several ways through: known afterwards is what all ways assign."""
        ends: list[set[str]] = []

        def way(body: Sequence[ast.stmt], before: set[str]) -> bool:
            after = set(before)
            reached = self.block(body, after)
            if reached:
                ends.append(after)
            return reached

        if isinstance(node, ast.If):
            self.expression(node.test, known)
            way(node.body, known)
            way(node.orelse, known)
        elif isinstance(node, ast.Match):
            self.expression(node.subject, known)
            for case in node.cases:
                inside = set(known)
                self._pattern(case, inside)
                way(case.body, inside)
            ends.append(set(known))
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            self.expression(node.test if isinstance(node, ast.While) else node.iter, known)
            inside = set(known)
            if not isinstance(node, ast.While):
                self._target(node.target, inside)
            self.block(node.body, inside)
            self.block(node.orelse, set(known))
            ends.append(set(known))
        else:
            attempt = cast(ast.Try, node)
            way([*attempt.body, *attempt.orelse], known)
            for handler in attempt.handlers:
                inside = set(known)
                if handler.type is not None:
                    self.expression(handler.type, inside)
                if handler.name:
                    self._store(handler.name, inside)
                way(handler.body, inside)
            _become(known, set.intersection(*ends) if ends else known)
            return self.block(attempt.finalbody, known) and bool(ends)
        if ends:
            _become(known, set.intersection(*ends))
        return bool(ends)

    def _pattern(self, case: ast.match_case, known: set[str]) -> None:
        for node in ast.walk(case.pattern):
            name = getattr(node, "name", None) or getattr(node, "rest", None)
            if isinstance(name, str):
                self._store(name, known)
            elif isinstance(node, ast.expr):
                self.expression(node, known)
        if case.guard is not None:
            self.expression(case.guard, known)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, known: set[str]) -> None:
        """A function's body is put off until it is used; a class's body runs at once, its methods later."""
        around = known | {parameter.name for parameter in getattr(node, "type_params", ())}
        for decorator in node.decorator_list:
            self.expression(decorator, around)
        later: dict[str, int] = {}
        if isinstance(node, ast.ClassDef):
            for expression in (*node.bases, *(word.value for word in node.keywords)):
                self.expression(expression, around)
            inner = _Scan()
            inner.block(node.body, set(around))
            for name, line in inner.free.items():
                self._load(name, line, around)
            for names in inner.pending.values():
                later.update(names)
            self.dotted |= inner.dotted
        else:
            self.expression(node.args, around)
            self.expression(node.returns, around)
            later = self._body_names(ast.Module([node], []), "exec", node)
        self._store(node.name, known)
        self.pending[node.name] = later

    def _body_names(self, tree: ast.Module | ast.Expression, mode: str, node: ast.AST) -> dict[str, int]:
        """The global names that the functions inside ``node`` read, with their lines."""
        lines: dict[str, int] = {}
        hidden: dict[str, int] = {}
        for inner in ast.walk(node):
            self.dotted.update(_chain(inner))
            if isinstance(inner, ast.Name):
                lines.setdefault(inner.id, inner.lineno)
            elif isinstance(inner, ast.Call):
                hidden.update(dict.fromkeys(syntax.hidden_words(inner), 0))
        for code in _inner(compile(tree, "cell", mode, dont_inherit=True)):
            loads, stores = global_names(code)
            self.assigned |= stores
            hidden.update({name: lines.get(name, 0) for name in sorted(loads)})
        return hidden

    def expression(self, node: ast.AST | None, known: set[str]) -> None:
        """Everything that is read, and what ``:=`` assigns, in an expression or a target."""
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                self._store(node.id, known)
            else:
                self._load(node.id, node.lineno, known)
        elif isinstance(node, ast.Lambda):
            self.expression(node.args, known)
            for name, line in self._body_names(ast.Expression(node), "eval", node).items():
                self._load(name, line, known)
        elif isinstance(node, _COMPREHENSIONS):
            inside = set(known)
            for generator in node.generators:
                self.expression(generator.iter, inside)
                inside |= {name.id for name in ast.walk(generator.target) if isinstance(name, ast.Name)}
                for test in generator.ifs:
                    self.expression(test, inside)
            for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                self.expression(part, inside)
        elif isinstance(node, ast.NamedExpr):
            self.expression(node.value, known)
            self.expression(node.target, known)
        elif node is not None:
            self.dotted.update(_chain(node))
            self._children(node, known)
            if isinstance(node, ast.Call):
                self._hidden(node, known)

    def _children(self, node: ast.AST, known: set[str]) -> None:
        for child in ast.iter_child_nodes(node):
            self.expression(child, known)

    def _hidden(self, call: ast.Call, known: set[str]) -> None:
        """Python code in the string of a magic; where it is not plain Python, its words."""
        for text in syntax.python_texts(call):
            try:
                body = ast.parse(text.strip()).body
            except SyntaxError:
                continue
            self.block(body, known)
            return
        for name in syntax.hidden_words(call):
            self._load(name, 0, known)


def _chain(node: ast.AST) -> Iterator[str]:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if parts and isinstance(node, ast.Name):
        yield ".".join([node.id, *reversed(parts)])


def _become(known: set[str], other: set[str]) -> None:
    if known is not other:
        known.clear()
        known.update(other)
