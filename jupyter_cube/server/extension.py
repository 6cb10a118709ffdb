"""The extension that Jupyter's server loads."""

from __future__ import annotations

import os
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool

from jupyter_cube.config import store_path
from jupyter_cube.server import description, items, job, jobs, log, machine, preview, socket, sources
from jupyter_cube.server.awake import Awake
from jupyter_cube.server.events import Events

ROOT = "/cube/api"
ROUTES: list[tuple[str, Any]] = [
    route for part in (description, jobs, job, log, items, sources, preview, machine, socket) for route in part.ROUTES
]


class CubeApp(ExtensionApp):
    """jupyter-cube in a Jupyter server."""

    name = "jupyter_cube"
    extension_url = ROOT
    load_other_extensions = True

    keep_awake = Bool(False, help="A running job counts as activity, so that no culler of idle servers ends it.").tag(
        config=True
    )

    awake: Awake | None = None
    events: Events | None = None

    def initialize_settings(self) -> None:
        """Let kernels find the same store, whose data folders may differ; begin what goes on by itself."""
        os.environ.setdefault("CUBE_STORE", str(store_path()))
        if self.serverapp is not None and self.serverapp.event_logger is not None:
            self.events = Events(self.serverapp.event_logger)
            self.events.start()
        if self.keep_awake:
            self.awake = Awake(self.settings["last_activity_times"])
            self.awake.start()

    async def stop_extension(self) -> None:
        """The server ends; jobs do not."""
        if self.awake is not None:
            self.awake.stop()
        if self.events is not None:
            await self.events.stop()

    def initialize_handlers(self) -> None:
        """All routes below ``ROOT``."""
        self.handlers.extend((ROOT + pattern, handler) for pattern, handler in ROUTES)
        self.handlers.append((f"{ROOT}/.*", description.Elsewhere))


def points() -> list[dict[str, Any]]:
    """What the server asks an extension's package for."""
    return [{"module": "jupyter_cube", "app": CubeApp}]
