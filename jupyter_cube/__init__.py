"""Jobs from notebooks: submit a cell, follow its merged log, get its values back.

Everything here is imported at its first use, so that ``%load_ext jupyter_cube`` costs next to nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_cube.api import Job, job, jobs, submit
    from jupyter_cube.cells.results import result
    from jupyter_cube.curation.offers import items, publish, use
    from jupyter_cube.errors import CubeError
    from jupyter_cube.lifecycle.state import State

__version__ = "0.1.0"
__all__ = [
    "CubeError",
    "Job",
    "State",
    "items",
    "job",
    "jobs",
    "load_ipython_extension",
    "publish",
    "result",
    "submit",
    "use",
]

_HOMES = {
    "CubeError": "errors",
    "Job": "api",
    "State": "lifecycle.state",
    "items": "curation.offers",
    "job": "api",
    "jobs": "api",
    "publish": "curation.offers",
    "result": "cells.results",
    "submit": "api",
    "use": "curation.offers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__doc__", "__version__"])


def load_ipython_extension(shell: InteractiveShell) -> None:
    """What ``%load_ext jupyter_cube`` calls."""
    from jupyter_cube.notebook import magics

    if sys.platform == "win32":
        from jupyter_cube import errors, hint

        raise errors.BackendError(hint.wrong_system())
    magics.load_ipython_extension(shell)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """What Jupyter's server asks for."""
    from jupyter_cube.server import extension

    return extension.points()
