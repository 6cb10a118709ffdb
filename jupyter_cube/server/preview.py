"""Looking before a submit: what it would run, and what is wrong with a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_cube.errors import UsageError
from jupyter_cube.server.handler import CubeHandler
from jupyter_cube.server.jobs import options_of
from jupyter_cube.server.origin import folder_of, origin_of


class Plan(CubeHandler):
    """``plan``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """What a submit would run; ``errors`` say why it cannot."""
        asked = self.body("file", "words", "options", "kernelspec", "cwd", "notebook")
        self.answer(await self.work(self._plan, asked))

    def _plan(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        from jupyter_cube import api
        from jupyter_cube.marketplace.reference import is_reference

        options, around = options_of(asked.get("options", {})), origin_of(self, asked)
        words, file = asked.get("words"), asked.get("file")
        if words is not None and file is None and isinstance(words, list):
            return api.plan_of([str(word) for word in words], options, around=around)
        if words is not None or not isinstance(file, str):
            raise UsageError("there must be one thing to plan", hint="send file or words")
        return api.plan_of(file if is_reference(file) else around.path(file), options, around=around)


class Check(CubeHandler):
    """``check``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """All that is wrong in a file, or in a text."""
        asked = self.body("path", "text")
        if ("path" in asked) == ("text" in asked) or not all(isinstance(value, str) for value in asked.values()):
            raise UsageError("there must be one thing to check", hint="send path or text")
        self.answer(await self.work(_check, folder_of(self), asked))


def _check(folder: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    from jupyter_cube.submitting import preview

    if "text" in asked:
        return preview.check_text(asked["text"].encode())
    [report] = preview.check_files([folder / asked["path"]])
    return report


ROUTES = [("/plan", Plan), ("/check", Check)]
