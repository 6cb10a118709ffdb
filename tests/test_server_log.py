"""The log on a server: windows as records and as columns, searches that are bounded, and who gives up waiting."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from test_server import Client, client, jp_server_config

from jupyter_cube import api
from jupyter_cube.handle import Job
from jupyter_cube.lifecycle.state import State
from jupyter_cube.log import window as windows
from jupyter_cube.server import log as server_log

__all__ = ["client", "jp_server_config"]  # fixtures

pytest_plugins = ["pytest_jupyter.jupyter_server"]

SCRIPT = r"""
for i in $(seq 1 300); do echo step $i; done
echo 'ValueError: no data'
printf '\033[31mred\033[0m\n'
head -c 5000 /dev/zero | tr '\0' x; echo
echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!
echo step last
"""


@pytest.fixture
def job(jp_environ: None) -> Job:
    made = api.submit(SCRIPT, shell=True, name="talk")
    assert made.wait(20) is State.SUCCEEDED
    return made


def unpacked(answer: Any) -> list[tuple[int, int, str, int, str | None]]:
    """Columns as rows: cursor, time, task, attempt, text."""
    rows, cursor, when = [], 0, 0
    for row in zip(*(answer["columns"][name] for name in ("cursors", "times", "sources", "texts")), strict=True):
        cursor, when = cursor + row[0], when + row[1]
        rows.append((cursor, when, *answer["names"][row[2]], row[3]))
    return rows


async def test_columns_are_the_records_in_little_more_than_their_text(client: Client, job: Job) -> None:
    records = (await client.get("jobs", job.id, "log", lines="1000"))["lines"]
    answer = await client.get("jobs", job.id, "log", lines="1000", form="columns")
    assert [(row[0], row[2], row[3], row[4]) for row in unpacked(answer)] == [
        (one["cursor"], f"{one['role']}-{one['index']}", one["attempt"], one["line"]) for one in records
    ]
    body = (await client.raw("jobs", job.id, "log", lines="300", form="columns")).body
    text = sum(len(one["line"]) for one in records[:300])
    assert len(body) - text < 300 * 15 + 300


async def test_a_long_line_is_cut_and_can_be_asked_for_alone(client: Client, job: Job) -> None:
    answer = await client.get("jobs", job.id, "log", lines="1000", form="columns", width="50")
    [[row, whole]] = answer["cut"]
    assert (whole, answer["columns"]["texts"][row]) == (5000, "x" * 50)
    cursor = unpacked(answer)[row][0]
    alone = await client.get("jobs", job.id, "log", cursor=str(cursor), direction="back", lines="1", width="9000")
    assert [one["line"] for one in alone["lines"]] == ["x" * 5000]


async def test_lines_are_chosen_here_and_not_there(client: Client, job: Job) -> None:
    errors = await client.get("jobs", job.id, "log", alarms="true")
    assert [one["line"] for one in errors["lines"]] == ["ValueError: no data"]
    assert errors["end"] == errors["size"]
    hits = await client.get("jobs", job.id, "log", text="STEP 30", ignore_case="true", direction="back", lines="1")
    assert [one["line"] for one in hits["lines"]] == ["step 300"]
    both = await client.get("jobs", job.id, "log", text="^Value.*data$", regex="true", alarms="true", attempt="1")
    assert len(both["lines"]) == 1
    assert (await client.get("jobs", job.id, "log", attempt="2"))["lines"] == []
    found = await client.get("jobs", job.id, "log", "places", text="step")
    assert (len(found["places"]), found["count"], found["end"]) == (301, 305, found["size"])
    counted = await client.get("jobs", job.id, "log", "places", cursor=str(hits["lines"][0]["cursor"]))
    assert (counted["places"], counted["count"]) == ([], 5)


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"text": "(", "regex": "true"}, 400, "not a regular expression"),
        ({"text": "(a+)+$", "regex": "true"}, 400, "takes more than"),
        ({"tasks": "nobody-0"}, 404, "no task 'nobody-0'"),
        ({"alarms": "perhaps"}, 400, "unknown value 'perhaps'"),
        ({"form": "table"}, 400, "unknown value 'table'"),
        ({"time": "noon"}, 400, "'noon' is no time"),
        ({"width": "-1"}, 400, "no whole number"),
    ],
)
async def test_what_cannot_be_looked_for_is_said_in_one_line(
    client: Client, job: Job, params: dict[str, str], code: int, message: str
) -> None:
    status, body = await client.refused("jobs", job.id, "log", **params)
    assert (status, message in body["message"], "\n" in body["message"]) == (code, True, False), body


async def test_a_look_that_nobody_waits_for_ends(
    client: Client, job: Job, jp_base_url: str, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def endless(_log: Any, cursor: int, _wanted: Any, bounds: windows.Bounds) -> windows.Places:
        while not bounds.late():
            time.sleep(0.01)
        loop.call_soon_threadsafe(ended.set)
        return windows.Places([], [], 0, cursor, cursor)

    monkeypatch.setattr(server_log, "_SLICE", 600.0)
    monkeypatch.setattr(windows, "places", endless)
    _, writer = await asyncio.open_connection("127.0.0.1", jp_serverapp.port)
    path = f"{jp_base_url}cube/api/jobs/{job.id}/log/places?token={jp_serverapp.identity_provider.token}"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    await writer.drain()
    await client.get("jobs", job.id)  # others are served meanwhile
    assert not ended.is_set()
    writer.close()
    await asyncio.wait_for(ended.wait(), 60)


async def test_many_searches_leave_windows_alone(
    client: Client, job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"

    def waiting(_log: Any, cursor: int, _wanted: Any, _bounds: windows.Bounds) -> windows.Places:
        while not gate.exists():
            time.sleep(0.01)
        return windows.Places([], [], 0, cursor, cursor)

    monkeypatch.setattr(windows, "places", waiting)
    searches = [
        asyncio.ensure_future(client.raw("jobs", job.id, "log", "places", text="x")) for _ in range(8)
    ]  # more than a small machine's server has threads
    window = await asyncio.wait_for(client.get("jobs", job.id, "log", lines="1"), 60)
    assert window["lines"][0]["line"] == "step 1"
    gate.touch()
    assert {json.loads(one.body)["count"] for one in await asyncio.gather(*searches)} == {0}
