"""The command to type, as it runs where the message is read: in a notebook or in a shell."""

from __future__ import annotations

import functools
import shutil
import sys
from pathlib import Path


def wrong_system() -> str:
    """Why nothing can run on this system; empty where it can."""
    return "jupyter-cube runs on Linux and macOS; on Windows use it inside WSL" if sys.platform == "win32" else ""


def in_notebook() -> bool:
    """This process is an IPython session: magics can be typed."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


@functools.cache
def shell_prefix() -> str:
    """``jupyter cube`` where the shell finds this installation by it, else the interpreter's full path."""
    script = shutil.which("jupyter-cube")
    if script is not None and Path(script).parent == Path(sys.executable).parent:
        return "jupyter cube"
    return f"{sys.executable} -m jupyter_cube"


def prefix() -> str:
    """What stands before a verb."""
    return "%cube" if in_notebook() else shell_prefix()


def command(words: str) -> str:
    """The command that does ``words``, such as ``logs train --follow``."""
    return f"{prefix()} {words}"
