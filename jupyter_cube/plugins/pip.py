"""The plugin ``pip``: Python packages, in an environment that is built once and shared by jobs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from jupyter_cube.lifecycle.plan import File
from jupyter_cube.plugins.base import Made, Plugin
from jupyter_cube.text.document import Node
from jupyter_cube.text.document import Path as Place
from jupyter_cube.text.record import Written, key
from jupyter_cube.text.shape import NAMES, Flag, Items, Reader, Schema, Text


class _Lines(Items):
    """Lines, as a list or as the text of a file."""

    def read(self, node: Node, path: Place, reader: Reader) -> tuple[Any, ...]:
        return tuple(node.value.splitlines()) if isinstance(node.value, str) else super().read(node, path, reader)

    def schema(self) -> Schema:
        return {**super().schema(), "type": ["array", "string"]}


@dataclass(frozen=True, kw_only=True)
class PipParameters(Written):
    """What is installed, and how."""

    packages: tuple[str, ...] = key("packages", NAMES, default=(), about="as on pip's command line")
    requirements: tuple[str, ...] = key(
        "requirements", _Lines(Text()), default=(), about="lines of a requirements file, a list or a text"
    )
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
        # no quoted words, for a secret in them may hold a quote
        words = [
            *(f"package {word}" for word in parameters.packages),
            *(f"line {word}" for word in parameters.requirements),
            *(f"option {word}" for word in parameters.options),
        ]
        if wrong := next((word for word in words if "\n" in word), ""):
            raise ValueError(f"{wrong.partition(' ')[2]!r:.100} is more than one line")
        bare = "" if parameters.inherit else " --bare"
        ours = f'"${{CUBE_PYTHON:-python3}}" "$CUBE_JOB/files/cube/environments.py" "$CUBE_CACHE" "$CUBE_ENV"{bare}'
        script = "\n".join([f"{ours} << 'end'", *words, "end"])
        text = (Path(__file__).parents[1] / "task" / "environments.py").read_text("utf-8")
        return Made({"taskStarts": script}, files=(File("cube/environments.py", text),))
