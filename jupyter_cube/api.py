"""What users import: submit, and find again what was submitted."""

from __future__ import annotations

import dataclasses
import os
import pwd
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_cube import files, hint, process
from jupyter_cube.backends.local import launch
from jupyter_cube.backends.registry import backend
from jupyter_cube.config import config, store_path
from jupyter_cube.errors import UsageError
from jupyter_cube.handle import Job
from jupyter_cube.lifecycle.state import State
from jupyter_cube.marketplace.reference import is_reference
from jupyter_cube.planning import wrapper
from jupyter_cube.retention import clean
from jupyter_cube.store import lookup
from jupyter_cube.store.folder import JobFolder
from jupyter_cube.store.index import Index, Summary
from jupyter_cube.store.store import Store
from jupyter_cube.submitting import compose
from jupyter_cube.submitting.compose import Composed
from jupyter_cube.submitting.fitting import fitted
from jupyter_cube.submitting.options import Options, settled
from jupyter_cube.submitting.preview import check_files, plan_of
from jupyter_cube.submitting.surroundings import Surroundings, here

__all__ = [
    "Job",
    "Options",
    "check_files",
    "clean",
    "job",
    "jobs",
    "plan_of",
    "submit",
    "submit_cell",
    "submit_file",
    "submit_words",
]


@files.disk_errors("the store")
def _commit(composed: Composed, around: Surroundings, *, source: str, detach: bool) -> Job:
    settings = config()
    parent = _parent()
    target = backend(composed.plan.backend)
    plan, warnings = fitted(composed.plan, composed.job)
    record = {
        "name": plan.name,
        "user": _user(),
        "uid": os.getuid(),
        "host": os.uname().nodename,
        "machine": process.machine_id(),
        "backend": plan.backend,
        "python": around.python,
        "owner_python": sys.executable,
        "package": str(Path(__file__).parents[1]),
        "cwd": plan.roles[0].cwd,
        "tags": list(plan.tags),
        "parent": "" if parent is None or detach else parent.id,
        "notebook": around.notebook,
        "log_limit_gb": settings.log_limit_gb,
        "keep_private_days": settings.keep_private_days,
        "host_limits": target.settings(plan),
        "source": source,
    }
    store = Store(store_path())
    if (size := store.measured() / 1e9) > settings.store_warning_gb:
        warnings = (
            *warnings,
            f"the store holds {size:.0f} GB; remove old jobs with: {hint.command('clean --keep 50')}",
            f"remove what jobs share with: {hint.command('clean --cache --older-than 30d')}",
        )
    if composed.shopping is not None:
        composed.shopping.keep(plan.items)
        warnings = (*warnings, *composed.shopping.allowed)
    folder = store.create(
        plan,
        record=record,
        spec=composed.spec,
        private=composed.private,
        owner_script=launch.owner_script(),
        wrapper=wrapper.WRAPPER,
    )
    if parent is not None and not detach:
        parent.note_child(os.environ["CUBE_TASK"].split("/")[1], folder.id)
    target.submit(folder)
    return Job(folder, notes=(*composed.notes, *warnings))


def _parent() -> JobFolder | None:
    """The job in one of whose tasks this process runs; what it submits runs within what that task was given."""
    path = os.environ.get("CUBE_JOB", "")
    if os.environ.get("CUBE_TASK") and os.path.exists(f"{path}/job.json"):
        return JobFolder(Path(path))
    return None


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without an entry
        return os.environ.get("USER") or str(os.getuid())


def submit_cell(
    text: str, options: Options, *, namespace: Mapping[str, Any], around: Surroundings | None = None
) -> Job:
    """Submit a cell's text.

    Args:
        namespace: where its names are looked up.
        around: what its tasks inherit; None: from this process.
    """
    around = around or here()
    composed = compose.cell(text, settled(options), namespace=namespace, around=around)
    return _commit(composed, around, source="cell", detach=options.detach)


def submit_file(path: str | Path, options: Options, *, around: Surroundings | None = None) -> Job:
    """Submit a .yaml, .py or .sh file, or a job template of the marketplace (``marketplace://name/NAME``)."""
    around = around or here()
    composed = compose.source(path, settled(options), around=around)
    return _commit(composed, around, source=str(path), detach=options.detach)


def submit_words(words: Sequence[str], options: Options, *, around: Surroundings | None = None) -> Job:
    """Submit a command given as words."""
    around = around or here()
    composed = compose.words(list(words), settled(options), around=around)
    return _commit(composed, around, source="words", detach=options.detach)


def submit(source: str | Path | Sequence[str], *, namespace: Mapping[str, Any] | None = None, **options: Any) -> Job:
    """Submit a file (a path), the text of a job, of Python or (``shell=True``) of shell, or a command as a list.

    Args:
        source: an existing file's path, ``marketplace://name/NAME`` of a job template, text, or the words of a command.
            Text of one line that ends like a file is taken for a path.
        namespace: where the free names of Python text are looked up.
        **options: the fields of ``Options``.

    Raises:
        UsageError: a mistake in the source or the options; nothing was started.
    """
    known = {option.name for option in dataclasses.fields(Options)}
    if unknown := options.keys() - known:
        raise UsageError(f"unknown option {min(unknown)!r}", hint=f"there are: {', '.join(sorted(known))}")
    chosen = Options(**options)
    if not isinstance(source, (str, Path)):
        if not isinstance(source, (list, tuple)) or not all(isinstance(word, str) for word in source):
            raise UsageError(f"{source!r:.50} is no job", hint="give a path, text, or the words of a command as a list")
        return submit_words(source, chosen)
    text = str(source)
    endings = (".yaml", ".yml", ".json", ".py", ".sh")
    if isinstance(source, Path) or ("\n" not in text and (text.endswith(endings) or is_reference(text))):
        return submit_file(source, chosen)
    return submit_cell(text, chosen, namespace=namespace or {})


def jobs(*, state: State | None = None, name: str = "", tag: str = "", limit: int | None = None) -> list[Summary]:
    """All jobs of the store, newest first."""
    found = [
        one
        for one in Index(Store(store_path())).summaries()
        if (state is None or one.state is state) and name in one.name and (not tag or tag in one.tags)
    ]
    return found[:limit]


def job(name: str) -> Job:
    """The job of that id, or the newest of that name, or the only one whose id begins so (3 characters or more).

    Raises:
        NotFoundError: there is none, or more than one id begins so.
    """
    return Job(lookup.find(Store(store_path()), name))
