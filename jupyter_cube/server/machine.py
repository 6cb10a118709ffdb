"""What this machine has, who holds it, and who waits."""

from __future__ import annotations

import os
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_cube.backends.local import start
from jupyter_cube.config import config
from jupyter_cube.host import devices
from jupyter_cube.server.handler import CubeHandler


class Machine(CubeHandler):
    """The machine, its GPUs and its queue."""

    _track_activity = False

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """As it is now; of other users' jobs only what everybody may see."""
        self.answer(await self.work(_machine))


def _machine() -> dict[str, Any]:
    settings = config()
    found = devices.discover(settings.devices)  # once: it may ask a driver
    chosen = {"cpus": settings.cpus, "memory_mb": settings.memory_mb, "devices": [one.id for one in found]}
    here = start.host(chosen, gpus=True)
    holders = here.holders()
    return {
        "host": os.uname().nodename,
        "cpus": here.limits.cpus,
        "memory_mb": here.limits.memory_mb,
        "gpus": [
            {
                "id": device.id,
                "name": device.name,
                "memory_mb": device.memory_mb,
                "busy": list(device.busy),
                "held_by": next((one.name or f"uid {one.uid}" for one in holders if device.id in one.devices), ""),
            }
            for device in found
        ],
        "held": [
            {"name": one.name, "uid": one.uid, "cpus": one.request.cpu, "gpus": list(one.devices), "since": one.since}
            for one in holders
        ],
        "queue": [
            {"name": one.name, "uid": one.uid, "job": os.path.basename(one.job), "since": one.since}
            for one in here.tickets()
        ],
    }


ROUTES = [("/machine", Machine)]
