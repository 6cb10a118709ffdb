"""The notebook's values that a cell takes along: which, and pickled.

Modules are imported again in the task. Functions and classes of the notebook travel with cloudpickle, and what they
use from the notebook travels as if the cell used it, so that nothing goes along unseen.
"""

from __future__ import annotations

import builtins
import io
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

from jupyter_cube.cells.names import Names, global_names
from jupyter_cube.errors import Fault, near
from jupyter_cube.task import pickling

LIMIT = 200_000_000  # bytes in total, where nobody named what to send

_SHOWN_SIZE = 1_000_000  # bytes from which on a value's size is worth showing
_TOKEN_LENGTH = 4000  # characters; private keys are the longest

_IPYTHONS_OWN = re.compile(r"_{1,3}|_i{1,3}|_i?\d+|_[doi]h|_exit_code|In|Out|exit|quit|get_ipython|__\w*__")
_SECRET_NAME = re.compile(r".*(password|secret|api_?key)", re.IGNORECASE)
_TOKEN = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS
    r"|\b(gh[opusr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[\w-]{20,})"
    r"|\b(sk-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|AIza[\w-]{35})"  # OpenAI and others, Hugging Face, Google
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"  # a JSON web token
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What goes along with a cell.

    Attributes:
        blob: for ``pickling.read_inputs``; empty where there is nothing to send.
        names: of the values and modules in it.
        notes: lines for the person who submits.
    """

    blob: bytes = b""
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class _Wanted:
    """Names to send, with the line of the cell that needs each, and what uses it where that is not the cell."""

    lines: dict[str, int] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)


def inputs(cell: Names, namespace: Mapping[str, Any], *, names: Iterable[str] | None = None) -> Inputs:
    """The values that a cell gets.

    Args:
        cell: its names.
        namespace: the notebook's names.
        names: what to send, besides the modules that the cell uses; None: all that it uses, but no secrets.
    """
    used = {name: line for name, line in cell.free.items() if _is_notebooks(name, namespace)}
    modules = {name: line for name, line in used.items() if isinstance(namespace[name], ModuleType)}
    if names is None:
        wanted = _closure(used, namespace)
        faults = _secret_faults(wanted, namespace)
    else:
        wanted = _Wanted({name: 0 for name in names if name in namespace})
        faults = [
            Fault(f"the notebook has no {name!r}", path="--in", hint=near(name, _public(namespace)))
            for name in names
            if name not in namespace
        ]
        modules |= {name: 0 for name in wanted.lines if isinstance(namespace[name], ModuleType)}
    if faults:
        return Inputs(faults=tuple(faults))
    left_out = [name for name in used if name not in wanted.lines and name not in modules]
    modules |= {name: line for name, line in wanted.lines.items() if isinstance(namespace[name], ModuleType)}
    imports, notes = _imports(modules, namespace)
    values = {name: namespace[name] for name in wanted.lines if name not in modules}
    header = {"modules": imports, "submodules": _submodules(cell, imports, namespace)}
    sent = _pickled(values, namespace, header=header, limit=LIMIT if names is None else math.inf)
    if names is None:
        faults += _size_faults(sent.sizes, cell)
    else:
        faults += [Fault(f"{name} cannot be pickled: {why}", path="--in") for name, why in sent.failures.items()]
    if faults:
        return Inputs(faults=tuple(faults))
    notes = [*_summary(sent.sizes, imports), *notes]
    notes += [f"not sent: {name} (cannot be pickled: {why})" for name, why in sent.failures.items()]
    notes += [f"not sent: {name} (the cell uses it, and --in does not name it)" for name in left_out]
    return Inputs(sent.data if sent.sizes or imports else b"", (*sent.sizes, *imports), tuple(notes))


def _is_notebooks(name: str, namespace: Mapping[str, Any]) -> bool:
    """The name is the notebook's, not IPython's or Python's."""
    if name not in namespace or _IPYTHONS_OWN.fullmatch(name):
        return False
    value = namespace[name]
    made_in = getattr(value, "__globals__", {}).get("__name__", "")  # its __module__ is that of what it wraps
    if name in ("display", "open") and str(made_in).startswith("IPython"):
        return False
    return not (hasattr(builtins, name) and getattr(builtins, name) is value)


def _public(namespace: Mapping[str, Any]) -> list[str]:
    return [name for name in namespace if not name.startswith("_") and _is_notebooks(name, namespace)]


def _closure(used: Mapping[str, int], namespace: Mapping[str, Any]) -> _Wanted:
    """The used names and, again and again, those that their functions and classes use."""
    wanted = _Wanted(dict(used))
    todo = list(used)
    while todo:
        user = todo.pop(0)
        for name in _needed_by(namespace[user], namespace):
            if name not in wanted.lines and _is_notebooks(name, namespace):
                wanted.lines[name] = wanted.lines[user]
                wanted.users[name] = user
                todo.append(name)
    return wanted


def _needed_by(value: Any, namespace: Mapping[str, Any]) -> Iterator[str]:
    kind = type(value)
    if kind.__module__ == "__main__" and namespace.get(kind.__name__) is kind:
        yield kind.__name__
    if isinstance(value, type) and value.__module__ == "__main__":
        for member in vars(value).values():
            for function in (member, *(getattr(member, name, None) for name in ("__func__", "fget", "fset", "fdel"))):
                yield from _needed_by(function, namespace) if isinstance(function, FunctionType) else ()
        for base in value.__bases__:
            yield from _needed_by(base, namespace)
    elif isinstance(value, FunctionType) and value.__module__ == "__main__":
        yield from sorted(global_names(value.__code__)[0])


def _secret_faults(wanted: _Wanted, namespace: Mapping[str, Any]) -> list[Fault]:
    secret = [name for name in wanted.lines if _is_secret(name, namespace[name])]
    everything = ",".join(name for name in wanted.lines if not isinstance(namespace[name], ModuleType))
    found = []
    for name in secret:
        user = f"{wanted.users[name]} uses {name}, which" if name in wanted.users else name
        message = f"{user} looks like a secret and is not sent unless you name it"
        found.append(Fault(message, wanted.lines[name], hint=f"add --in {everything}", file="cell"))
    return found


def _is_secret(name: str, value: object) -> bool:
    if not isinstance(value, (str, bytes)):
        return False
    text = value if isinstance(value, str) else value[:_TOKEN_LENGTH].decode(errors="replace")
    # A whole document is not withheld for a token that is an example in it.
    found = _TOKEN.search(text) if len(value) <= _TOKEN_LENGTH else _TOKEN.match(text)
    return bool(value) and bool(found or _SECRET_NAME.fullmatch(name))


def _imports(modules: Iterable[str], namespace: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """The modules that the task imports, by the notebook's names for them, and notes on those that it cannot."""
    imports, notes = {}, []
    for name in modules:
        module = namespace[name].__name__
        if sys.modules.get(module) is namespace[name] and module != "__main__":
            imports[name] = module
        else:
            notes.append(f"not sent: {name} (a module that cannot be imported by its name)")
    return imports, notes


def _submodules(cell: Names, imports: Mapping[str, str], namespace: Mapping[str, Any]) -> list[str]:
    """Modules below the imported ones that the cell names, such as ``scipy.stats`` where ``scipy`` is imported."""
    found: dict[str, None] = {}
    for chain in cell.dotted:
        first, *parts = chain.split(".")
        if first not in imports:
            continue
        value = namespace[first]
        for part in parts:
            value = vars(value).get(part)
            name = getattr(value, "__name__", None)
            if not isinstance(value, ModuleType) or sys.modules.get(str(name)) is not value:
                break
            found[str(name)] = None
    return sorted(found)


def _size_faults(sizes: Mapping[str, int], cell: Names) -> list[Fault]:
    total = sum(sizes.values())
    if total <= LIMIT:
        return []
    name = max(sizes, key=lambda each: sizes[each])
    message = f"{name} has {_size(sizes[name])}, and values of more than {_size(LIMIT)} in all are not sent unasked"
    hint = f"save it to a file that the cell reads, or send it all the same: --in {','.join(sizes)}"
    return [Fault(message, cell.free.get(name, 0), hint=hint, file="cell")]


def _summary(sizes: Mapping[str, int], imports: Mapping[str, str]) -> list[str]:
    values = ", ".join(name if size < _SHOWN_SIZE else f"{name} ({_size(size)})" for name, size in sizes.items())
    parts = [f"sends {values}"] if sizes else []
    parts += [f"imports {', '.join(imports)}"] if imports else []
    return ["; ".join(parts)] if parts else []


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


@dataclass(slots=True)
class _Pickled:
    data: bytes
    sizes: dict[str, int]
    failures: dict[str, str]


class _Sink:
    """Takes a pickle and counts; beyond the limit it only counts, so that a huge value fills no memory."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.size = 0
        self.buffer = io.BytesIO()

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self.size += size
        if self.size <= self.limit:
            self.buffer.write(data)
        return size


class _MainNamespace:
    """Stands for the notebook's global names in a pickle and becomes the task's, so that functions share them."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return vars, (sys.modules["__main__"],)


def _portable(sink: Any, namespace: Mapping[str, Any]) -> Any:
    import cloudpickle

    pickler = cloudpickle.Pickler(sink, protocol=5)
    pickler.globals_ref.update({id(names): _MainNamespace() for names in (namespace, vars(sys.modules["__main__"]))})
    return pickler


def _pickled(
    values: Mapping[str, Any], namespace: Mapping[str, Any], *, header: Mapping[str, Any], limit: float
) -> _Pickled:
    """The values one after the other from one pickler, so that objects they share stay shared."""
    failures: dict[str, str] = {}
    plain = True
    while True:
        sink = _Sink(limit)
        pickler = pickling.PlainPickler(sink) if plain else _portable(sink, namespace)
        names = [name for name in values if name not in failures]
        pickler.dump({"python": pickling.python_version(), **header, "values": names})
        sizes = {}
        try:
            for name in names:
                before = sink.size
                pickler.dump(values[name])
                sizes[name] = sink.size - before
        except pickling.ERRORS as error:
            # Half a value lies in the pickle and the pickler remembers objects that are not in it: begin again.
            if not plain:
                failures[name] = pickling.said(error)
            plain = False
            continue
        return _Pickled(sink.buffer.getvalue(), sizes, failures)
