"""Where items come from, and the volumes that jobs may mount."""

from __future__ import annotations

import dataclasses
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_cube.config import config
from jupyter_cube.errors import UsageError
from jupyter_cube.marketplace.catalog import catalog
from jupyter_cube.marketplace.sources import settings
from jupyter_cube.server.handler import CubeHandler


class Sources(CubeHandler):
    """The list of sources."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Each with how it is."""
        self.answer(await self.work(_states))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Add one."""
        asked = self.body("name", "uri")
        name, uri = asked.get("name"), asked.get("uri")
        if not isinstance(name, str) or not isinstance(uri, str) or not name or not uri:
            raise UsageError("a source needs a name and a place", hint="send name and uri")
        await self.work(settings.add, name, uri)
        self.answer(await self.work(_states), 201)


class Source(CubeHandler):
    """One source."""

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Remove it from the list."""
        await self.work(settings.remove, name)
        self.set_status(204)
        self.finish()


class Refresh(CubeHandler):
    """``sources refresh``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Fetch again; what cannot be reached is said in ``problems``."""
        self.body()
        problems = await self.work(lambda: catalog().refresh())
        self.answer({**await self.work(_states), "problems": problems})


class Storages(CubeHandler):
    """The volumes of the configuration."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Their names, and whether they are read-only; where they lie is the machine's affair."""
        found = [
            {"name": name, "read_only": bool(about.get("readOnly")) if isinstance(about, dict) else False}
            for name, about in sorted((await self.work(config)).storages.items())
        ]
        self.answer({"storages": found})


def _states() -> dict[str, Any]:
    return {"sources": [dataclasses.asdict(state) for state in settings.states()]}


ROUTES = [
    ("/sources", Sources),
    ("/sources/refresh", Refresh),
    (r"/sources/([\w.-]{1,100})", Source),
    ("/storages", Storages),
]
