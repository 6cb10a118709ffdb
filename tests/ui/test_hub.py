"""Two users of a JupyterHub, each with jobs of the own, through its proxy."""

from __future__ import annotations

import contextlib
import json
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import live_hub
import pytest
import websocket
from live_hub import Hub, running_hub
from live_jupyter import Jupyter
from live_notebook import COUNT, LIVE, cells, grows

if TYPE_CHECKING:
    from playwright.sync_api import Page


pytestmark = pytest.mark.skipif(bool(live_hub.missing()), reason=live_hub.missing())


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="module")
def ann(hub: Hub) -> Jupyter:
    return hub.start("ann")


@pytest.fixture(scope="module")
def ben(hub: Hub) -> Jupyter:
    return hub.start("ben")


@pytest.fixture
def jupyter(ann: Jupyter) -> Jupyter:
    return ann


def ask(server: Jupyter, path: str, *, token: str = "", body: Any = None) -> Any:
    headers = {"Authorization": f"token {token or server.token}"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(
        urllib.request.Request(f"{server.address}/{path}", data, headers), timeout=20
    ) as answer:
        return json.loads(answer.read())


@contextlib.contextmanager
def page_socket(server: Jupyter, *, token: str = "") -> Iterator[websocket.WebSocket]:
    place = urlsplit(server.address)
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        yield websocket.create_connection(
            f"ws://{place.netloc}{place.path}/cube/api/socket",
            header=[f"Authorization: token {token or server.token}"],
            timeout=20,
            socket=connection,  # which is closed also where the server refuses
        )


def test_each_user_has_jobs_of_the_own(ann: Jupyter, ben: Jupyter, gate: Path) -> None:
    options = {"shell": True, "name": "mine"}
    job = ask(ann, "cube/api/jobs", body={"text": COUNT.format(gate=gate), "options": options})
    assert [one["id"] for one in ask(ann, "cube/api/jobs")["jobs"]] == [job["id"]]
    assert job["cwd"] == str(ann.root)
    assert ask(ben, "cube/api/jobs")["jobs"] == []
    with page_socket(ann) as page:
        page.send(json.dumps({"subscribe": "a", "to": "stream", "job": job["id"]}))
        lines: list[str] = []
        while "line 3" not in lines:  # they come through the proxy while the job runs
            lines += [line for chunk in json.loads(page.recv())["chunks"] for line in chunk["lines"]]
        assert lines[:3] == ["line 1", "line 2", "line 3"]
        ask(ann, f"cube/api/jobs/{job['id']}/stop", body={})
        while "state" not in (message := json.loads(page.recv())):
            pass
        assert message["state"]["state"] == "STOPPED"


def refusal(server: Jupyter, path: str, **asked: Any) -> int:
    with pytest.raises(HTTPError) as refused:
        ask(server, path, **asked)
    refused.value.close()
    return refused.value.code


def test_the_token_of_one_opens_nothing_of_another(ann: Jupyter, ben: Jupyter) -> None:
    for token in (ben.token, "wrong"):
        for path in ("cube/api/jobs", "cube/api/machine", "cube/api/openapi.yaml"):
            assert refusal(ann, path, token=token) == 403
        assert refusal(ann, "cube/api/jobs", token=token, body={"words": ["true"]}) == 403
        with pytest.raises(websocket.WebSocketBadStatusException) as closed, page_socket(ann, token=token):
            pass
        assert closed.value.status_code == 403


def test_a_card_is_live_through_the_proxy(
    open_in: Callable[[str, str], Page], run_all: Callable[[Page], None], page: Page, hub: Hub, ann: Jupyter, gate: Path
) -> None:
    path = ann.write("hub.ipynb", cells("hub", COUNT.format(gate=gate)), kernel=True)
    page.goto(f"{hub.address}/hub/login")
    page.locator("#username_input").fill("ann")
    page.locator("#password_input").fill(hub.password)
    page.locator("#login_submit").click()
    page.wait_for_url("**/user/ann/lab**")
    open_in("lab", path)
    run_all(page)
    running = page.locator(f"{LIVE}[data-state=RUNNING]")
    running.wait_for()
    grows(page)
    running.get_by_role("button", name="Stop").click()  # as the page's cookie and its XSRF token allow
    page.locator(f"{LIVE}[data-state=STOPPED]").wait_for()
