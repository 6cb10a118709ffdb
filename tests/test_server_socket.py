"""The socket of a page: lines, ends and states come by themselves, and go on from a cursor."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from test_server import jp_server_config
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClientConnection

from jupyter_cube import api
from jupyter_cube.lifecycle.state import State
from jupyter_cube.log.follow import Follower
from jupyter_cube.server import feed
from jupyter_cube.submitting.options import Options

__all__ = ["jp_server_config"]  # a fixture

pytest_plugins = ["pytest_jupyter.jupyter_server"]

Connect = Callable[..., Awaitable[WebSocketClientConnection]]


class Page:
    """A page's end of the socket."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self._connection = connection

    async def say(self, **message: Any) -> None:
        await self._connection.write_message(json.dumps(message))

    async def hear(self) -> Any:
        text = await asyncio.wait_for(asyncio.ensure_future(self._connection.read_message()), 20)
        assert text is not None, "the server has closed the socket"
        return json.loads(text)

    async def until_end(self, name: str) -> list[Any]:
        heard = []
        while True:
            message = await self.hear()
            assert message["id"] == name
            if "end" in message and message["end"] is True:
                return heard
            heard.append(message)


async def opened(connect: Connect) -> Page:
    return Page(await connect("cube", "api", "socket"))


def texts(messages: list[Any]) -> list[str]:
    return [line for message in messages for chunk in message.get("chunks", ()) for line in chunk.get("lines", ())]


async def test_lines_come_while_the_job_runs_and_go_on_from_any_of_them(jp_ws_fetch: Connect, tmp_path: Path) -> None:
    page, gate = await opened(jp_ws_fetch), tmp_path / "gate"
    job = api.submit(f"echo one; echo two; until [ -e {gate} ]; do sleep 0.02; done; echo three", shell=True)
    await page.say(subscribe="a", to="stream", job=job.id)
    heard: list[Any] = []
    while len(texts(heard)) < 2:
        heard.append(await page.hear())
    last = heard[-1]["chunks"][-1]["cursor"]
    gate.touch()
    heard += await page.until_end("a")
    assert texts(heard) == ["one", "two", "three"]
    assert heard[-1]["state"]["state"] == "SUCCEEDED"
    await page.say(subscribe="b", to="stream", job=job.id, cursor=last)
    assert texts(await page.until_end("b")) == ["three"]


async def test_a_view_hears_that_a_job_grew_and_how_it_ended(jp_ws_fetch: Connect) -> None:
    page = await opened(jp_ws_fetch)
    job = api.submit("echo one; sleep 0.3; echo two", shell=True)
    await page.say(subscribe="a", to="grew", job=job.id)
    heard = await page.until_end("a")
    ends = [message["end"] for message in heard if "end" in message]
    assert ends == sorted(ends)
    assert ends[-1] == job.log.end == len("one\ntwo\n")
    states = [message["state"] for message in heard if "state" in message]
    assert states[-1]["state"] == "SUCCEEDED"
    assert all(one != other for one, other in itertools.pairwise(states)), "only what has changed is told"
    assert len(heard) < 20, "not a message for each look"


async def test_a_view_hears_of_the_first_lines_before_anybody_has_recorded_them(
    jp_fetch: Any, jp_ws_fetch: Connect, until: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_START", 1000)
    job = api.submit("echo first; sleep 60", shell=True)
    until(lambda: job.log.end)
    os.truncate(job.folder / "timeline", 0)  # as it is until the job's owner has come up
    page = await opened(jp_ws_fetch)
    await page.say(subscribe="a", to="grew", job=job.id)
    assert (await page.hear())["begun"] is True
    shown = json.loads((await jp_fetch("cube", "api", "jobs", job.id, "output")).body)
    assert shown["application/vnd.jupyter-cube.job+json"]["tail"] == ["first"]
    job.stop()
    await page.until_end("a")


async def test_the_list_of_jobs_says_only_what_has_changed(jp_ws_fetch: Connect) -> None:
    page = await opened(jp_ws_fetch)
    await page.say(subscribe="l", to="jobs")
    first = await page.hear()
    assert first == {"id": "l", "jobs": [], "gone": [], "time": pytest.approx(time.time(), abs=5)}
    job = await asyncio.get_running_loop().run_in_executor(None, lambda: api.submit("exit 3", shell=True, name="j"))
    seen = []
    while not seen or seen[-1]["state"] != "FAILED":
        [one] = (await page.hear())["jobs"]
        seen.append(one)
    assert {one["id"] for one in seen} == {job.id}
    assert job.wait(5) is State.FAILED
    job.delete()
    last = await page.hear()
    assert (last["jobs"], last["gone"]) == ([], [job.id])
    await page.say(unsubscribe="l")


async def test_the_list_of_jobs_says_what_a_job_waits_for(jp_ws_fetch: Connect) -> None:
    page = await opened(jp_ws_fetch)
    loop = asyncio.get_running_loop()
    options = Options(shell=True, name="hog", cpu=1_000)  # all that there are; twice as many are given

    def submit() -> list[api.Job]:
        return [api.submit_cell("sleep 60", options, namespace={}) for _ in range(3)]

    *hogs, waiting = await loop.run_in_executor(None, submit)
    await page.say(subscribe="l", to="jobs")
    reason = ""
    while not reason:
        listed = {one["id"]: one for one in (await page.hear())["jobs"]}
        reason = listed.get(waiting.id, {}).get("reason", "")
    assert "needs" in reason
    assert "hog holds" in reason
    for job in (waiting, *hogs):
        await loop.run_in_executor(None, job.stop)
        await job.async_wait(20)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"subscribe": "a", "to": "grew", "job": "nothing"}, "no job 'nothing'"),
        ({"subscribe": "a", "to": "everything", "job": "x"}, "nobody can subscribe to 'everything'"),
        ({"subscribe": "a", "to": "stream"}, "the job is missing"),
        ({"subscribe": "a", "to": "stream", "job": "x", "cursor": "1"}, "the cursor is no whole number"),
        ({"subscribe": "", "to": "jobs"}, "a subscription needs an id"),
        ({"hello": 1}, "a message is no order"),
    ],
)
async def test_mistakes_are_said_and_the_socket_stays(jp_ws_fetch: Connect, message: Any, said: str) -> None:
    page = await opened(jp_ws_fetch)
    await page.say(**message)
    assert (await page.hear())["error"]["message"] == said
    await page.say(subscribe="l", to="jobs")
    assert (await page.hear())["id"] == "l"


async def test_a_reader_that_pauses_holds_up_nobody(jp_ws_fetch: Connect) -> None:
    page, slow = await opened(jp_ws_fetch), await opened(jp_ws_fetch)
    lines = 200_000
    job = api.submit(f"yes 0123456789012345678901234567890123456789 | head -n {lines}", shell=True)
    await slow.say(subscribe="s", to="stream", job=job.id)
    await page.say(subscribe="f", to="stream", job=job.id)
    assert len(texts(await page.until_end("f"))) == lines
    assert job.wait(20) is State.SUCCEEDED
    assert len(texts(await slow.until_end("s"))) == lines


async def test_a_disk_that_hangs_holds_up_nobody_else(jp_ws_fetch: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    job = api.submit("echo one", shell=True)
    job.wait(20)
    hangs, answers, look = threading.Event(), threading.Event(), Follower.next

    def slow(follower: Follower, **more: Any) -> Any:
        hangs.set()
        assert answers.wait(20)
        return look(follower, **more)

    monkeypatch.setattr(Follower, "next", slow)
    page = await opened(jp_ws_fetch)
    for name in ("a", "b"):
        await page.say(subscribe=name, to="stream", job=job.id)
    await asyncio.get_running_loop().run_in_executor(None, hangs.wait, 20)
    await page.say(unsubscribe="b")  # closes what hangs
    await page.say(subscribe="l", to="jobs")
    assert [one["id"] for one in (await page.hear())["jobs"]] == [job.id]
    await page.say(unsubscribe="l")
    answers.set()
    assert texts(await page.until_end("a")) == ["one"]


async def test_nobody_listens_without_the_token(jp_ws_fetch: Connect) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await jp_ws_fetch("cube", "api", "socket", headers={"Authorization": "token wrong"})
    assert caught.value.code == 403


async def test_an_id_can_be_used_again_and_the_first_subscription_is_over(jp_ws_fetch: Connect) -> None:
    page = await opened(jp_ws_fetch)
    slow = api.submit("sleep 30", shell=True)
    done = api.submit("echo done", shell=True)
    done.wait(20)
    await page.say(subscribe="a", to="grew", job=slow.id)
    assert (await page.hear())["state"]["id"] == slow.id
    await page.say(unsubscribe="a")
    await page.say(subscribe="a", to="grew", job=done.id)
    heard = await page.until_end("a")
    assert {message["state"]["id"] for message in heard if "state" in message} == {done.id}
    await page.say(subscribe="b", to="grew", job=slow.id)
    assert (await page.hear())["id"] == "b"
    await page.say(subscribe="b", to="grew", job=slow.id)
    assert "has begun already" in (await page.hear())["error"]["message"]
    slow.stop()
    slow.wait(20)


async def test_who_is_far_behind_jumps_ahead_and_hears_what_was_skipped(
    jp_ws_fetch: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "BEHIND", 100_000)
    job = api.submit("seq 1 100000", shell=True)
    assert job.wait(20) is State.SUCCEEDED
    page = await opened(jp_ws_fetch)
    await page.say(subscribe="a", to="stream", job=job.id)
    heard = await page.until_end("a")
    [gap] = [chunk for message in heard for chunk in message.get("chunks", ()) if "gap" in chunk]
    skipped, lines = gap["gap"]["bytes"], texts(heard)
    assert skipped + sum(len(line) + 1 for line in lines) == job.log.end
    assert lines[-1] == "100000"
