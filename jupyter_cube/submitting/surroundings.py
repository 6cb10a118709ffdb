"""Where a submit comes from: the interpreter, the environment and the folder that its tasks get."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What tasks inherit.

    Attributes:
        python: the interpreter that ``python`` and Python cells mean.
        environ: environment variables, before what is the kernel's own is left out.
        cwd: the working folder.
        notebook: its path, where the submit comes from one.
    """

    python: str
    environ: Mapping[str, str]
    cwd: str
    notebook: str = ""

    def path(self, typed: str) -> str:
        """A path as it is meant in the working folder."""
        return os.path.abspath(os.path.join(self.cwd, os.path.expanduser(typed)))


def here() -> Surroundings:
    """This process, as a kernel or a shell submits."""
    return Surroundings(sys.executable, dict(os.environ), os.getcwd(), os.environ.get("JPY_SESSION_NAME", ""))
