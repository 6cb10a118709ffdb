"""A shell that sees what a local task sees: its folder, its variables, its mounts."""

from __future__ import annotations

import os
from collections.abc import Mapping

from jupyter_cube import hint, process
from jupyter_cube.backends.local import launch, mounts
from jupyter_cube.errors import ConflictError
from jupyter_cube.planning import wrapper
from jupyter_cube.store.folder import JobFolder

# Without the task's mark, so that the shell is not taken for a part of the task and does not end with it.
_SCRIPT = """\
. "$CUBE_JOB/private/base.env"
. "$CUBE_JOB/private/job.env"
eval "$CUBE_TASK_ENV"
unset CUBE_TASK_ENV CUBE_TASK
export PAI_WORK_DIR
cd "$PAI_WORK_DIR" || echo "the task's folder $PAI_WORK_DIR is not there"
exec bash --norc -i
"""


def shell(folder: JobFolder, name: str) -> tuple[list[str], Mapping[str, str], str]:
    """Words, environment and folder of the shell for the last attempt of a task.

    Raises:
        ConflictError: the job's environment has been deleted.
    """
    number = folder.task_names.index(name)
    task = folder.plan.tasks[number]
    attempt = max(folder.state().tasks[number].attempt, 1)
    if not os.path.exists(f"{folder.path}/private/job.env"):
        again = hint.command(f"submit {folder.path}/spec.yaml")
        advice = f"its log stays; run it again with: {again}"
        raise ConflictError("its environment has been deleted", place=str(folder.record["name"]), hint=advice)
    claim = folder.claim(name, attempt)
    exports = launch.task_exports(folder, task, attempt, claim.devices if claim else ())
    added = folder.attempt_file(name, attempt, "env")
    env = {
        **os.environ,
        "CUBE_JOB": str(folder.path),
        "CUBE_ENV": str(added),
        "CUBE_TASK_ENV": exports + wrapper.exports(_variables(added)),
        "PS1": f"{name} $ ",
        "PAI_WORK_DIR": launch.working_folder(folder, task.role) or str(folder.attempt_file(name, attempt, "work")),
    }
    words = ["bash", "-c", _SCRIPT]
    if launch.mounted(folder, task.role):
        spec = f"{folder.path}/private/{task.role.name}.mounts"
        if claim is not None and process.alive(claim.wrapper):
            words = [*mounts.command("enter", spec, str(claim.wrapper.pid)), *words]
        else:
            words = [*mounts.command("run", spec), *words]
    return words, env, str(folder.path)


def _variables(path: os.PathLike[str]) -> Mapping[str, str]:
    """The variables that prerequisites have handed on."""
    try:
        with open(path, errors="surrogateescape") as file:
            lines = file.read().split("\n")
    except FileNotFoundError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)
