"""Changes of jobs' states as events of the server."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from test_server import jp_server_config
from test_server_socket import Connect
from tornado.websocket import WebSocketClientConnection

from jupyter_cube import api
from jupyter_cube.lifecycle.state import State
from jupyter_cube.server import feed
from jupyter_cube.server.events import ID, Events

__all__ = ["jp_server_config"]  # a fixture

pytest_plugins = ["pytest_jupyter.jupyter_server"]


@pytest.fixture
def events(jp_serverapp: ServerApp) -> Iterator[Events]:
    [app] = jp_serverapp.extension_manager.extension_apps["jupyter_cube"]
    return app.events


async def soon(condition: Callable[[], object]) -> None:
    deadline = asyncio.get_running_loop().time() + 20
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)


async def heard(connection: WebSocketClientConnection) -> dict[str, Any]:
    """The next of our events."""
    while True:
        text = await asyncio.wait_for(asyncio.ensure_future(connection.read_message()), 20)
        assert text is not None
        message: dict[str, Any] = json.loads(text)
        if message["schema_id"] == ID:
            return {name: value for name, value in message.items() if not name.startswith(("__", "schema"))}


async def test_each_change_of_a_state_is_one_event(jp_ws_fetch: Connect, events: Events) -> None:
    before = api.submit("sleep 60", shell=True, name="before")
    listener = await jp_ws_fetch("api", "events", "subscribe")
    await soon(lambda: events.ready)
    before.stop("enough")
    assert before.wait(20) is State.STOPPED
    seen = [await heard(listener)]
    while seen[-1]["state"] != "STOPPED":
        seen.append(await heard(listener))
    for one, following in itertools.pairwise(seen):
        assert following["previous"] == one["state"] != following["state"]
    assert seen[0]["previous"] in ("WAITING", "RUNNING")
    assert (seen[-1]["id"], seen[-1]["name"]) == (before.id, "before")
    job = await asyncio.get_running_loop().run_in_executor(None, lambda: api.submit("exit 3", shell=True, name="new"))
    seen = [await heard(listener)]
    assert "previous" not in seen[0], "it was not known"
    while seen[-1]["state"] != "FAILED":
        seen.append(await heard(listener))
    assert {one["id"] for one in seen} == {job.id}
    listener.close()


async def test_what_was_known_before_a_failure_is_no_news(
    jp_ws_fetch: Connect, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looks = feed.jobs, 0

    async def jobs() -> AsyncIterator[feed.Message]:
        nonlocal looks
        looks += 1
        first = looks == 1
        async with contextlib.aclosing(real()) as messages:
            async for message in messages:
                yield message
                if first:
                    raise OSError("the disk is away")

    monkeypatch.setattr(feed, "jobs", jobs)
    before = api.submit("true", shell=True, name="before")
    assert before.wait(20) is State.SUCCEEDED
    listener = await jp_ws_fetch("api", "events", "subscribe")
    await soon(lambda: looks == 2 and events.ready)
    job = await asyncio.get_running_loop().run_in_executor(None, lambda: api.submit("true", shell=True, name="new"))
    assert (await heard(listener))["id"] == job.id
    listener.close()


async def test_nobody_looks_while_nobody_listens(jp_ws_fetch: Connect, events: Events) -> None:
    assert not events._heard()
    listener = await jp_ws_fetch("api", "events", "subscribe")
    await soon(lambda: events.ready)
    listener.close()
    await soon(lambda: not events.ready)
    assert events._task is None
