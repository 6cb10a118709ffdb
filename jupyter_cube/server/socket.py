"""One WebSocket a page, with any number of subscriptions.

A page sends ``{"subscribe": ID, "to": "grew", "job": JOB}``, ``{"subscribe": ID, "to": "stream", "job": JOB, "cursor":
N, "tasks": [...]}``, ``{"subscribe": ID, "to": "jobs"}`` and ``{"unsubscribe": ID}``; ``ID`` is of its choosing. It
gets messages ``{"id": ID, ...}``, of an end ``{"id": ID, "end": true}``, of a mistake ``{"id": ID, "error": {...}}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jupyter_cube.errors import CubeError, UsageError
from jupyter_cube.server import feed
from jupyter_cube.server.handler import error_record

_MOST = 1000  # subscriptions of one page


class Socket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """The socket of one page."""

    auth_resource = "cube"

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Become a socket, for whom the rules let read."""
        allowed = self.authorizer.is_authorized(self, self.current_user, "read", self.auth_resource)
        if not await ensure_async(allowed):
            raise web.HTTPError(403)
        await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """A page is there."""
        super().open(*args, **kwargs)
        self.set_nodelay(True)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def on_message(self, message: str | bytes) -> None:
        """Begin or end a subscription."""
        name = ""
        try:
            asked = _parsed(message)
            name = str(asked.get("subscribe", asked.get("unsubscribe", "")))[:100]
            if "unsubscribe" in asked:
                self._end(name)
                return
            self._begin(name, _feed(asked))
        except CubeError as error:
            await self._say({"id": name, "error": error_record(error)})

    def on_close(self) -> None:
        """The page is gone."""
        super().on_close()
        for name in list(self._tasks):
            self._end(name)

    def _begin(self, name: str, messages: AsyncGenerator[feed.Message, None]) -> None:
        if not name or name in self._tasks:
            raise UsageError(f"the subscription {name!r} has begun already" if name else "a subscription needs an id")
        if len(self._tasks) >= _MOST:
            raise UsageError(f"more than {_MOST} subscriptions", hint="end some")
        self._tasks[name] = asyncio.get_running_loop().create_task(self._run(name, messages))

    def _end(self, name: str) -> None:
        if task := self._tasks.pop(name, None):
            task.cancel()

    async def _run(self, name: str, messages: AsyncGenerator[feed.Message, None]) -> None:
        with contextlib.suppress(WebSocketClosedError):  # on_close sees to the rest
            async with contextlib.aclosing(messages):  # what it watches is given back now
                last = await self._told(name, messages)
            if self._tasks.get(name) is asyncio.current_task():
                del self._tasks[name]
            await self._say({"id": name, **last})

    async def _told(self, name: str, messages: AsyncGenerator[feed.Message, None]) -> feed.Message:
        """Tell all of it; the last message, which says how it ended."""
        try:
            async for message in messages:
                await self._say({"id": name, **message})
        except CubeError as error:
            return {"error": error_record(error)}
        except WebSocketClosedError:
            raise
        except Exception:  # a subscription's root: the others go on
            self.log.exception("jupyter-cube: the subscription %s has failed", name)
            return {"error": {"message": "the server has failed here, see its log"}}
        return {"end": True}

    async def _say(self, message: Mapping[str, Any]) -> None:
        """Returns when the network has taken it: that holds back whoever makes the next one."""
        await self.write_message(json.dumps(message, ensure_ascii=False, separators=(",", ":")))


def _parsed(message: str | bytes) -> dict[str, Any]:
    try:
        asked = json.loads(message)
    except ValueError:
        raise UsageError("a message is no JSON") from None
    if not isinstance(asked, dict) or not {"subscribe", "unsubscribe"} & asked.keys():
        raise UsageError("a message is no order", hint="send subscribe or unsubscribe with an id")
    return asked


def _feed(asked: Mapping[str, Any]) -> AsyncGenerator[feed.Message, None]:
    what, job = asked.get("to"), asked.get("job", "")
    if what == "jobs":
        return feed.jobs()
    if not isinstance(job, str) or not job:
        raise UsageError("the job is missing", place="job")
    if what == "grew":
        return feed.grew(job)
    if what != "stream":
        raise UsageError(f"nobody can subscribe to {what!r:.50}", place="to", hint="one of grew, stream, jobs")
    cursor, tasks = asked.get("cursor", 0), asked.get("tasks")
    if not isinstance(cursor, int) or isinstance(cursor, bool) or cursor < 0:
        raise UsageError("the cursor is no whole number", place="cursor")
    if tasks is not None and not (isinstance(tasks, list) and all(isinstance(task, str) for task in tasks)):
        raise UsageError("tasks must be a list of texts", place="tasks")
    return feed.stream(job, cursor, tasks)


ROUTES = [("/socket", Socket)]
