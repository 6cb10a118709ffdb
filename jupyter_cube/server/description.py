"""The OpenAPI document of all this."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_cube.errors import NotFoundError
from jupyter_cube.server.handler import CubeHandler

FILE = Path(__file__).with_name("openapi.yaml")


class Description(CubeHandler):
    """The document, as it comes with the package."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """As YAML."""
        self.finish(await self.work(FILE.read_text, "utf-8"), set_content_type="application/yaml")


class Elsewhere(CubeHandler):
    """Addresses that the document does not have; below a server's root all other ones are pages."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """There is nothing."""
        raise NotFoundError(f"there is nothing at {self.request.path!r:.200}", hint="see cube/api/openapi.yaml")

    post = put = patch = delete = get


ROUTES = [("/openapi.yaml", Description)]
