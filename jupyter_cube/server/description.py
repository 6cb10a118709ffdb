"""The OpenAPI document of all this."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_cube.server.handler import CubeHandler

FILE = Path(__file__).with_name("openapi.yaml")


class Description(CubeHandler):
    """The document, as it comes with the package."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """As YAML."""
        self.finish(await self.work(FILE.read_text, "utf-8"), set_content_type="application/yaml")


ROUTES = [("/openapi.yaml", Description)]
