"""The local backend: jobs are processes of this machine, owned by a runner each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from jupyter_cube import files, launch, process, start
from jupyter_cube.backends.base import Backend, Capacity
from jupyter_cube.errors import BackendError, ConflictError
from jupyter_cube.plan import Plan, Resources
from jupyter_cube.store import JobFolder


class LocalBackend(Backend):
    """Processes on this machine's CPUs and GPUs."""

    name: ClassVar[str] = "local"

    def check(self, plan: Plan) -> tuple[Plan, tuple[str, ...]]:
        if os.name != "posix":
            raise BackendError("jobs on this machine need Linux or macOS", hint="submit from WSL")
        host = start.host()
        warnings: dict[str, None] = {}
        roles = []
        for role in plan.roles:
            asked = role.resources
            given = Resources(
                min(asked.cpu, host.cpus), min(asked.memory_mb, host.memory_mb), asked.gpu, asked.shm_mb
            )
            if given.cpu < asked.cpu:
                warnings[f"{role.name} asks for {asked.cpu} CPUs, this machine has {host.cpus}"] = None
            if given.memory_mb < asked.memory_mb:
                warnings[f"{role.name} asks for {asked.memory_mb} MiB, this machine has {host.memory_mb}"] = None
            roles.append(replace(role, resources=given))
        clamped = replace(plan, roles=tuple(roles))
        start.check_gpus(clamped, host)
        return clamped, tuple(warnings)

    def submit(self, folder: JobFolder) -> None:
        order = folder.attempts()[-1]
        tasks = folder.state().tasks
        numbers = range(len(tasks)) if order.tasks is None else order.tasks
        first = {
            number: tasks[number].attempt + 1
            for number in numbers
            if not folder.plan.tasks[number].role.after
        }
        started = start.start_some(folder, first) if not folder.plan.gang else start.start_whole(folder, first)
        if started:
            launch.spawn_owner(folder)

    def own(self, folder: JobFolder) -> None:
        owner = folder.owner()
        if owner is not None and owner.alive:
            return
        if folder.elsewhere or (owner is not None and not owner.here and not owner.gone):
            return
        if start.ticket_of(folder) is not None:
            start.see_to_queue(folder)
        elif not _just_ordered(folder):
            launch.spawn_owner(folder)

    def stop(self, folder: JobFolder) -> None:
        owner = folder.owner()
        if owner is None or not owner.alive:
            launch.spawn_owner(folder)

    def debug(self, folder: JobFolder, task: str) -> tuple[list[str], Mapping[str, str], str]:
        number = folder.task_names.index(task)
        attempt = max(folder.state().tasks[number].attempt, 1)
        role = folder.plan.tasks[number].role
        variables = files.read_json(folder.path / "private" / "environment.json")
        if variables is None:
            raise ConflictError("the job's environment has been deleted", place=folder.id)
        cwd = role.cwd or str(folder.attempt_file(task, attempt, "work"))
        line = '. "$CUBE_JOB/private/job.env"; exec bash --norc -i'
        env = {**variables, "CUBE_JOB": str(folder.path), "PS1": f"{task} $ ", "PAI_WORK_DIR": cwd}
        return ["bash", "-c", line], env, cwd if os.path.isdir(cwd) else str(folder.path)

    def capacity(self) -> Capacity:
        return start.capacity()

    def waiting(self, folder: JobFolder) -> str:
        if folder.elsewhere:
            return f"on {folder.elsewhere}"
        return start.waits_for(folder)


def _just_ordered(folder: JobFolder) -> bool:
    """Whoever ordered the attempt lives and is about to start it."""
    import time

    order = folder.attempts()[-1]
    return time.time() - order.time < 0.5 and process.alive(order.by)
