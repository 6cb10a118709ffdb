"""Where items come from, and the volumes that jobs may mount."""

from __future__ import annotations

import dataclasses
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_cube.config import config
from jupyter_cube.errors import UsageError
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
        self.answer(await self.work(_added, name, uri), 201)


class Source(CubeHandler):
    """One source."""

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Remove it from the list."""
        await self.work(_remove, name)
        self.set_status(204)
        self.finish()


class Refresh(CubeHandler):
    """``sources refresh``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Fetch again; what cannot be reached is said in ``problems``."""
        self.body()
        self.answer(await self.work(_refreshed))


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


def _added(name: str, uri: str) -> dict[str, Any]:
    from jupyter_cube.marketplace.sources import settings

    settings.add(name, uri)
    return _states()


def _remove(name: str) -> None:
    from jupyter_cube.marketplace.sources import settings

    settings.remove(name)


def _refreshed() -> dict[str, Any]:
    from jupyter_cube.marketplace.catalog import catalog

    problems = catalog().refresh()
    return {**_states(), "problems": problems}


def _states() -> dict[str, Any]:
    from jupyter_cube.marketplace.sources import settings

    return {"sources": [dataclasses.asdict(state) for state in settings.states()]}


ROUTES = [
    ("/sources", Sources),
    ("/sources/refresh", Refresh),
    (r"/sources/([\w.-]{1,100})", Source),
    ("/storages", Storages),
]
