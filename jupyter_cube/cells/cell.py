"""A Python cell as a job: checked, and made into files and the command that runs them."""

from __future__ import annotations

import builtins
import functools
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_cube.cells import kernel, names, syntax, values
from jupyter_cube.errors import Fault, near
from jupyter_cube.lifecycle.plan import File
from jupyter_cube.task import task

_OUR_FILES = ("task", "worker", "pickling", "shim")
_IN_TASKS = ("display", "get_ipython")  # names that every cell has


@dataclass(frozen=True, slots=True)
class CellJob:
    """A cell made ready.

    Attributes:
        files: below ``files/`` of the job folder: the cell and what runs it.
        private: files below ``private/`` that only the tasks may read, name to bytes.
        command: a bash line that runs the cell, in any working folder.
        inputs: names of the values and modules that go along.
        needs_ipython: magics, as written, for which the task's Python must have IPython.
        notes: lines for the person who submits.
        faults: what is wrong; where there are any, the rest is empty.
    """

    files: tuple[File, ...] = ()
    private: Mapping[str, bytes] = field(default_factory=dict)
    command: str = ""
    inputs: tuple[str, ...] = ()
    needs_ipython: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def check(text: str, *, outputs: Iterable[str] = ()) -> tuple[Fault, ...]:
    """What is wrong with a cell's text, without running it; ``outputs`` are names that it is to hand back."""
    code = syntax.translate(text)
    return code.faults or _output_faults(names.analyse(code.tree), outputs)


def prepare(
    text: str,
    namespace: Mapping[str, Any],
    *,
    inputs: Iterable[str] | None = None,
    outputs: Iterable[str] = (),
    name: str = "",
) -> CellJob:
    """Make a cell into a job's files and command.

    Args:
        text: the cell, with an empty line where a magic's line stood, so that the lines keep their numbers.
        namespace: the notebook's names.
        inputs: names whose values go along, besides the modules that the cell uses; None: all that it uses.
        outputs: names whose values come back.
        name: what tracebacks call the cell's file, where that is a plain word.
    """
    outputs = tuple(outputs)
    code = syntax.translate(text)
    if code.faults:
        return CellJob(faults=code.faults)
    if not code.tree.body:
        return CellJob(faults=(Fault("the cell is empty", hint="write Python below the magic", file="cell"),))
    used = names.analyse(code.tree)
    sent = values.inputs(used, namespace, names=inputs)
    faults = (*_output_faults(used, outputs), *sent.faults)
    if faults:
        return CellJob(faults=faults)
    stem = name if re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) and name not in _OUR_FILES else "cell"
    ours = ["task", "worker"] + ["pickling"] * bool(sent.blob or outputs) + ["shim"] * code.shim
    path = kernel.search_path(sys.path, cwd=os.getcwd())
    private = {"path": os.fsencode("\0".join((f"{sys.version_info[0]}.{sys.version_info[1]}", sys.prefix, *path)))}
    if sent.blob:
        private["inputs"] = sent.blob
    return CellJob(
        files=(File(f"{stem}.py", code.text), *(File(f"{one}.py", _source(one, f"{stem}.py")) for one in ours)),
        private=private,
        command=" ".join(['exec "${CUBE_PYTHON:-python3}" -u "$CUBE_JOB/files/task.py"', *outputs]),
        inputs=sent.names,
        needs_ipython=code.needs_ipython,
        notes=(*code.notes, *sent.notes, *_unknown(used, namespace)),
    )


def _output_faults(used: names.Names, outputs: Iterable[str]) -> tuple[Fault, ...]:
    faults = []
    for name in outputs:
        if not name.isidentifier():
            faults.append(Fault(f"{name!r} is no name", path="--out"))
        elif name not in used.assigned and name not in used.free and not used.star:
            faults.append(
                Fault(f"the cell never assigns {name!r}", path="--out", hint=near(name, sorted(used.assigned)))
            )
    return tuple(faults)


def _unknown(used: names.Names, namespace: Mapping[str, Any]) -> list[str]:
    """Notes on names that neither the cell nor the notebook has; the cell may still know better."""
    if used.star or "globals" in used.free:
        return []
    found = []
    public = [name for name in namespace if not name.startswith("_")]
    for name, line in used.free.items():
        known = name in used.assigned or name in namespace or hasattr(builtins, name) or name in _IN_TASKS
        if line and not known and not (name.startswith("__") and name.endswith("__")):
            hint = near(name, sorted({*used.assigned, *public}))
            found.append(str(Fault(f"{name} is not defined in this notebook", line, hint=hint, file="cell")))
    return found


@functools.cache
def _source(module: str, cell: str) -> str:
    """A file of ours as it is laid into the job."""
    text = (Path(__file__).parents[1] / "task" / f"{module}.py").read_text("utf-8")
    return text.replace(f'CELL = "{task.CELL}"', f'CELL = "{cell}"', 1) if module == "task" else text
