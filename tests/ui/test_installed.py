"""The front end as the wheel brings it."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

from live_jupyter import Jupyter

import jupyter_cube

SIZE = 250_000  # bytes of all scripts of the front end; what Jupyter has anyway must not be in it again
BUILT = Path(sysconfig.get_path("data"), "share", "jupyter", "labextensions", "jupyter-cube")


def test_what_is_tested_is_the_wheel() -> None:
    assert Path(jupyter_cube.__file__).is_relative_to(sysconfig.get_path("purelib"))
    assert not BUILT.is_symlink()


def test_jupyterlab_finds_it_compatible(jupyter: Jupyter) -> None:
    words = [sys.executable, "-m", "jupyter", "labextension", "list"]
    listed = subprocess.run(words, check=True, capture_output=True, text=True, env=jupyter.env)
    assert re.search(r"jupyter-cube v\S+ .*enabled.*OK", listed.stdout + listed.stderr)


def test_it_is_small() -> None:
    scripts = list(BUILT.glob("static/*.js"))
    assert scripts
    assert sum(script.stat().st_size for script in scripts) < SIZE
