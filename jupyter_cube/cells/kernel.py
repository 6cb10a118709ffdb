"""What a task inherits from the notebook's process: its environment and where it looks for modules."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

# What Jupyter, its debugger and ipykernel set for the kernel alone, and what belongs to the job around this one.
_KERNELS_OWN = re.compile(
    r"JPY_.*|JUPYTERHUB_.*|JUPYTER_TOKEN|JUPYTER_SERVER_.*|PYDEVD_.*"
    r"|FORCE_COLOR|CLICOLOR.*|PAGER|GIT_PAGER|CUBE_TASK|CUBE_ENV"
)
_INLINE_BACKENDS = ("module://matplotlib_inline", "module://ipykernel", "inline")


def task_environment(environ: Mapping[str, str], *, executable: str) -> dict[str, str]:
    """The environment of a task.

    Args:
        environ: of the notebook's process.
        executable: its interpreter, whose folder comes first in PATH, so that ``python`` and ``pip`` are its own.
    """
    env = {
        name: value
        for name, value in environ.items()
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and not _KERNELS_OWN.fullmatch(name)
    }
    # Another interpreter's matplotlib fails on ipykernel's backend.
    if env.get("MPLBACKEND", "").startswith(_INLINE_BACKENDS):
        del env["MPLBACKEND"]
    folder = os.path.dirname(executable)
    others = [part for part in env.get("PATH", os.defpath).split(os.pathsep) if part != folder]
    env["PATH"] = os.pathsep.join([folder, *others])
    prefix = os.path.dirname(folder)
    for name, mark in (("VIRTUAL_ENV", "pyvenv.cfg"), ("CONDA_PREFIX", "conda-meta")):
        if os.path.exists(os.path.join(prefix, mark)):
            env[name] = prefix
        else:
            env.pop(name, None)
    return env


def search_path(entries: Iterable[object], *, cwd: str) -> tuple[str, ...]:
    """``sys.path`` as it means the same in another folder; entries that are no paths are left out."""
    paths = [entry for entry in entries if isinstance(entry, str) and "\0" not in entry]
    return tuple(dict.fromkeys(os.path.join(cwd, path) if path else cwd for path in paths))
