"""The local backend: jobs are processes of this machine, owned by a runner each."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from jupyter_cube import process
from jupyter_cube.backends.base import Backend, Capacity
from jupyter_cube.backends.local import debug, launch, mounts, needs, start
from jupyter_cube.config import cache_path, config, store_path
from jupyter_cube.errors import BackendError, CapacityError, StoreError, UsageError
from jupyter_cube.host import allotment, devices
from jupyter_cube.host.allotment import Demand
from jupyter_cube.lifecycle.plan import Plan
from jupyter_cube.store.folder import JobFolder


class LocalBackend(Backend):
    """Processes on this machine's CPUs and GPUs."""

    name: ClassVar[str] = "local"

    def check(self, plan: Plan) -> tuple[Plan, tuple[str, ...]]:
        if os.name != "posix":
            raise BackendError("jobs on this machine need Linux or macOS", hint="submit from WSL")
        needs_gpus = any(role.resources.gpu for role in plan.roles)
        here = start.machine(_settings(), gpus=needs_gpus)
        if needs_gpus and not here.devices and (missing := devices.missing_library()):
            raise CapacityError("no GPU can be found", hint=missing)
        _, warnings = allotment.clamp(Demand(start.first_wave(plan), plan.gang, here.devices), here)
        warnings += needs.check(plan)
        given = mounts.settings(plan, config().storages, cache_path())
        warnings += mounts.check(plan, given, store_path())
        roles = []
        for role in plan.roles:
            if role.cwd and not mounts.covers(role, role.cwd) and not os.path.isdir(role.cwd):
                raise UsageError(f"there is no folder {role.cwd}", place="--cwd", hint="make it, or name another one")
            asked = role.resources
            clamped = replace(asked, cpu=min(asked.cpu, here.cpus), memory_mb=min(asked.memory_mb, here.memory_mb))
            roles.append(replace(role, resources=clamped))
        if not needs_gpus and (there := devices.discover(config().devices)):
            warnings.append(f"0 of {len(there)} GPUs given, add --gpu 1")
        return replace(plan, roles=tuple(roles)), tuple(warnings)

    def settings(self, plan: Plan) -> Mapping[str, object]:
        found = {**_settings(), **mounts.settings(plan, config().storages, cache_path())}
        if any(role.resources.gpu for role in plan.roles):
            # Owners run without site packages, where they could not ask the driver.
            found["devices"] = [device.id for device in devices.discover(config().devices)]
        return found

    def submit(self, folder: JobFolder) -> None:
        try:
            start.start_or_queue(folder, start.first_attempts(folder))
        except StoreError:
            # The job is there already: its owner tries once more and says in its states how that went.
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
        return debug.shell(folder, task)

    def capacity(self) -> Capacity:
        here = start.host(_settings(), gpus=True)
        holders = here.holders()
        busy = {name for holder in holders for name in holder.devices}
        given = here.limits
        return Capacity(
            cpus=given.tokens,
            free_cpus=max(0, given.tokens - sum(holder.request.cpu for holder in holders)),
            memory_mb=given.memory_mb,
            free_memory_mb=max(0, given.memory_mb - sum(holder.request.memory_mb for holder in holders)),
            devices=given.devices,
            free_devices=tuple(name for name in given.devices if name not in busy),
        )

    def waiting(self, folder: JobFolder) -> str:
        if folder.elsewhere:
            return f"on {folder.elsewhere}"
        return start.waits_for(folder)


def _settings() -> dict[str, object]:
    settings = config()
    return {"cpus": settings.cpus, "memory_mb": settings.memory_mb, "devices": settings.devices}


def _just_ordered(folder: JobFolder) -> bool:
    """Whoever ordered the attempt lives and is about to start it."""
    order = folder.attempts()[-1]
    return time.time() - order.time < 0.5 and process.alive(order.by)
