"""The plugin ``tensorboard``: TensorBoard beside the first task of the first role, as long as that runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from jupyter_cube.plugins.base import Made, Plugin
from jupyter_cube.text.record import Written, key
from jupyter_cube.text.shape import Integer, Table, Text

_SCRIPT = """\
if [ "$PAI_CURRENT_TASK_ROLE_NAME" != "${{PAI_TASK_ROLE_LIST%%,*}}" ] || [ "$PAI_TASK_INDEX" != 0 ]; then exit 0; fi
if command -v tensorboard > /dev/null; then
    set -- tensorboard
elif "${{CUBE_PYTHON:-python3}}" -c 'import tensorboard' 2> /dev/null; then
    set -- "${{CUBE_PYTHON:-python3}}" -m tensorboard.main
else
    echo "tensorboard is not installed: require python_packages:packages=[tensorboard], or pip install tensorboard"
    exit 0
fi
port={port}
while (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do port=$((port + 1)); done
echo "TensorBoard: http://127.0.0.1:$port/"
{{
    said=$("$@" --logdir_spec {logs} --port "$port" --host 127.0.0.1 2>&1) || [ $? -gt 128 ] ||
        echo "tensorboard has ended: ${{said##*$'\\n'}}"
}} &
"""


@dataclass(frozen=True, kw_only=True)
class TensorboardParameters(Written):
    """Where TensorBoard listens, and what it shows."""

    port: int = key("port", Integer(1), default=6006, about="on 127.0.0.1; where it is taken, the next free one")
    logs: Mapping[str, str] = key("logdir", Table(Text()), default={}, about="name: folder with events")


class TensorboardPlugin(Plugin):
    """It ends with the task; where it is not installed, a line of the log says so and the task goes on."""

    name: ClassVar[str] = "tensorboard"
    parameters: ClassVar[type[Written]] = TensorboardParameters
    scope: ClassVar[str] = "task"

    def make(self, parameters: Any) -> Made:
        if not parameters.logs:
            return Made(notes=("tensorboard has nothing to show: write logdir, name: folder",))
        if parameters.port > 65535:
            raise ValueError(f"{parameters.port} is no port")
        for name, folder in parameters.logs.items():
            if "," in name + folder or ":" in name:
                raise ValueError(f"{f'{name}: {folder}'!r:.100}: tensorboard takes no comma, and no colon in a name")
        logs = ",".join(f"{name}:{folder}" for name, folder in parameters.logs.items())
        return Made({"taskStarts": _SCRIPT.format(port=parameters.port, logs=shlex.quote(logs))})
