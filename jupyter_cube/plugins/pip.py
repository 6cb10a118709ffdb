"""The plugin ``pip``: Python packages, in an environment that is built once and shared by jobs."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from jupyter_cube.plan import File
from jupyter_cube.plugins.base import Made, Plugin
from jupyter_cube.record import Written, key
from jupyter_cube.shape import NAMES, Flag


@dataclass(frozen=True, kw_only=True)
class PipParameters(Written):
    """What is installed, and how."""

    packages: tuple[str, ...] = key("packages", NAMES, default=(), about="as on pip's command line")
    requirements: tuple[str, ...] = key("requirements", NAMES, default=(), about="lines of a requirements file")
    options: tuple[str, ...] = key("pip_options", NAMES, default=(), about="options of pip install")
    inherit: bool = key("inherit", Flag(), default=True, about="the submitter's packages can be imported, too")


class PipPlugin(Plugin):
    """Later prerequisites and the command use the environment: PATH, VIRTUAL_ENV and CUBE_PYTHON are its own."""

    name: ClassVar[str] = "pip"
    parameters: ClassVar[type[Written]] = PipParameters

    def make(self, parameters: Any) -> Made:
        if not parameters.packages and not parameters.requirements:
            raise ValueError("there is nothing to install; write packages or requirements")
        for package in parameters.packages:
            if package.startswith("-"):
                raise ValueError(f"{package!r:.100} is no package; options stand under pip_options")
        words = ["--bare"] if not parameters.inherit else []
        words += [f"--option={option}" for option in parameters.options]
        words += [f"--line={line}" for line in parameters.requirements]
        asked = shlex.join([*words, "--", *parameters.packages])
        ours = (
            '"${CUBE_PYTHON:-python3}" "$CUBE_JOB/files/cube/environments.py" --cache "$CUBE_CACHE" --env "$CUBE_ENV"'
        )
        text = (Path(__file__).parents[1] / "environments.py").read_text("utf-8")
        return Made({"taskStarts": f"{ours} {asked}"}, files=(File("cube/environments.py", text),))
