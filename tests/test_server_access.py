"""Who may ask the server for what: every route and verb, without a token, with a wrong one, refused by the rules."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.serverapp import ServerApp
from test_server import jp_server_config
from tornado.httpclient import HTTPClientError, HTTPResponse

from jupyter_cube import api
from jupyter_cube.server.extension import ROUTES
from jupyter_cube.server.job import ID

__all__ = ["jp_server_config"]  # a fixture

pytest_plugins = ["pytest_jupyter.jupyter_server"]

VERBS = [
    (pattern.replace(ID, "/jobs/x").replace("(.+)", "results/a").replace(r"([\w.-]{1,100})", "x"), verb)
    for pattern, handler in ROUTES
    for verb in ("GET", "POST", "PUT", "PATCH", "DELETE")
    if verb.lower() in vars(handler)
] + [("/nothing/here", "GET"), ("/nothing", "POST")]


@pytest.fixture(params=["/", "/user/me/"], ids=["root", "prefix"])
def jp_base_url(request: pytest.FixtureRequest) -> str:
    """Everything holds at the root of an address and below a prefix, as behind a proxy."""
    return str(request.param)


class Nobody(Authorizer):
    """A rule by which nobody may do anything with jobs."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:  # noqa: ARG002
        return resource != "cube"


async def _code(fetch: Callable[..., Awaitable[HTTPResponse]], url: str, verb: str, headers: dict[str, str]) -> int:
    body = "{}" if verb in ("POST", "PUT", "PATCH") else None
    try:
        return int((await fetch(url, method=verb, body=body, headers=headers, follow_redirects=False)).code)
    except HTTPClientError as error:
        return error.code


async def test_all_is_there_with_the_token(
    jp_serverapp: ServerApp, http_server_client: Any, jp_base_url: str, jp_auth_header: dict[str, str]
) -> None:
    job = api.submit("echo hello", shell=True)
    await asyncio.get_running_loop().run_in_executor(None, job.wait, 20)
    found = await http_server_client.fetch(f"{jp_base_url}cube/api/jobs/{job.id}/log", headers=jp_auth_header)
    assert [line["line"] for line in json.loads(found.body)["lines"]] == ["hello"]
    for path, verb in VERBS:  # nothing here is unknown to the router, or answers with a failure of ours
        url = f"{jp_base_url}cube/api{path}"
        code = await _code(http_server_client.fetch, url, verb, jp_auth_header)
        assert code in ((400,) if path == "/socket" else (200, 400, 404, 409)), (path, verb, code)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "token wrong"}], ids=["none", "wrong"])
async def test_nothing_is_told_without_the_token(
    headers: dict[str, str], jp_serverapp: ServerApp, http_server_client: Any, jp_base_url: str
) -> None:
    assert len(VERBS) >= len(ROUTES)
    for path, verb in VERBS:
        url = f"{jp_base_url}cube/api{path}"
        assert await _code(http_server_client.fetch, url, verb, headers) == 403, (path, verb)


async def test_nothing_is_done_for_whom_the_rules_refuse(
    jp_serverapp: ServerApp, http_server_client: Any, jp_base_url: str, jp_auth_header: dict[str, str]
) -> None:
    jp_serverapp.web_app.settings["authorizer"] = Nobody()
    for path, verb in VERBS:
        url = f"{jp_base_url}cube/api{path}"
        assert await _code(http_server_client.fetch, url, verb, jp_auth_header) == 403, (path, verb)


async def test_a_cookie_alone_orders_nothing(
    jp_serverapp: ServerApp, http_server_client: Any, jp_base_url: str
) -> None:
    """A browser sends its cookie along with what a page of another site asks; our pages know the XSRF token, too."""
    token = jp_serverapp.identity_provider.token
    with pytest.raises(HTTPClientError) as caught:
        await http_server_client.fetch(f"{jp_base_url}login?token={token}", follow_redirects=False)
    assert caught.value.response is not None
    cookies = [word.partition(";")[0] for word in caught.value.response.headers.get_list("Set-Cookie")]
    assert any(word.startswith("username") for word in cookies)
    headers = {"Cookie": "; ".join(cookies)}
    url = f"{jp_base_url}cube/api/jobs"
    assert await _code(http_server_client.fetch, url, "GET", headers) == 200
    assert await _code(http_server_client.fetch, url, "POST", headers) == 403
