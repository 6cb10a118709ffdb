"""The server extension: jobs and their logs by requests, to a real server in this process."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest
import yaml
from tornado.httpclient import HTTPClientError, HTTPResponse

import jupyter_cube.config
from jupyter_cube import api
from jupyter_cube.lifecycle.state import State
from jupyter_cube.server.description import FILE
from jupyter_cube.server.extension import ROOT, ROUTES
from jupyter_cube.server.job import ID

pytest_plugins = ["pytest_jupyter.jupyter_server"]

Fetch = Callable[..., Awaitable[HTTPResponse]]


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"jupyter_cube": True, "jupyter_server_terminals": False},
            "allow_unauthenticated_access": False,
        },
    }


DOCUMENT = yaml.safe_load(FILE.read_text("utf-8"))


def described(answer: HTTPResponse, verb: str, path: tuple[str, ...]) -> Any:
    """The answer's JSON, which must be as the document says."""
    place = "/".join(["/cube/api", *path])
    found = [each for each in DOCUMENT["paths"] if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(each)), place)]
    exact = min(found, key=lambda each: each.count("{"))  # bulk is no job
    responses = DOCUMENT["paths"][exact][verb]["responses"]
    response = responses.get(str(answer.code)) or DOCUMENT["components"]["responses"]["Error"]
    schema = response["content"]["application/json"]["schema"]
    value = json.loads(answer.body)
    jsonschema.validate(value, {"components": DOCUMENT["components"], **schema})
    return value


class Client:
    """Requests below ``/cube/api``."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def get(self, *path: str, **params: str) -> Any:
        answer = await self._fetch("cube", "api", *path, params=params)
        return described(answer, "get", path)

    async def raw(self, *path: str, **params: str) -> HTTPResponse:
        return await self._fetch("cube", "api", *path, params=params)

    async def post(self, *path: str, code: int = 0, **body: Any) -> Any:
        answer = await self._fetch("cube", "api", *path, method="POST", body=json.dumps(body), raise_error=False)
        assert answer.code == (code or 200), answer.body
        return described(answer, "post", path)

    async def refused(self, *path: str, method: str = "GET", **params: str) -> tuple[int, Any]:
        with pytest.raises(HTTPClientError) as caught:
            await self._fetch("cube", "api", *path, method=method, params=params)
        assert caught.value.response is not None
        return caught.value.code, json.loads(caught.value.response.body)


@pytest.fixture
def client(jp_fetch: Fetch) -> Client:
    return Client(jp_fetch)


async def test_a_job_from_its_submit_to_its_deletion(client: Client) -> None:
    made = await client.post("jobs", text="echo hello; echo more", options={"shell": True, "name": "hi"}, code=201)
    job = api.job(made["id"])
    assert job.wait(20) is State.SUCCEEDED
    about = await client.get("jobs", made["id"])
    assert (about["name"], about["state"]) == ("hi", "SUCCEEDED")
    listed = await client.get("jobs", name="h", sort="name", order="asc")
    assert (listed["total"], listed["jobs"][0]["id"]) == (1, made["id"])
    window = await client.get("jobs", made["id"], "log")
    assert [line["line"] for line in window["lines"]] == ["hello", "more"]
    assert window["end"] == window["size"]
    last = await client.get("jobs", made["id"], "log", direction="back", lines="1")
    assert [line["line"] for line in last["lines"]] == ["more"]
    found = await client.get("jobs", made["id"], "log", text="ell")
    assert [line["line"] for line in found["lines"]] == ["hello"]
    assert (await client.raw("jobs", made["id"], "log", "file")).body == b"hello\nmore\n"
    lines = (await client.raw("jobs", made["id"], "log", "file", format="ndjson")).body.splitlines()
    assert [json.loads(line)["line"] for line in lines] == ["hello", "more"]
    assert "protocolVersion" in (await client.raw("jobs", made["id"], "spec")).body.decode()
    assert (await client.get("jobs", made["id"], "plan"))["name"] == "hi"
    assert (await client.get("jobs", made["id"], "environment"))["roles"]["worker"] is not None
    output = await client.get("jobs", made["id"], "output")
    record = output["application/vnd.jupyter-cube.job+json"]
    assert (record["id"], record["state"], record["tail"]) == (made["id"], "SUCCEEDED", ["hello", "more"])
    assert record["next"] == [f"%cube logs {made['id'][:6]}"]  # as it is typed where the output is read
    again = await client.post("jobs", made["id"], "retry", code=409)
    assert "deleted" in again["message"]
    gone = await client.post("jobs", "bulk", order="delete", ids=[made["id"], "nothing"])
    assert [one["ok"] for one in gone["results"]] == [True, False]
    assert await client.refused("jobs", made["id"]) == (
        404,
        {"message": f"no job '{made['id']}'", "place": "", "hint": gone["results"][1]["error"]["hint"]},
    )


async def test_tasks_get_a_kernelspec_and_a_folder_and_not_the_servers(
    client: Client, jp_root_dir: Path, jp_data_dir: Path, tmp_path: Path
) -> None:
    other = tmp_path / "env" / "bin" / "python"
    other.parent.mkdir(parents=True)
    other.symlink_to(sys.executable)
    spec = jp_data_dir / "kernels" / "other"
    spec.mkdir(parents=True)
    words = [str(other), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": words, "display_name": "Other", "language": "python", "env": {"MARK": "other"}})
    )
    notebook = jp_root_dir / "sub" / "a.ipynb"
    notebook.parent.mkdir()
    notebook.write_text(json.dumps({"metadata": {"kernelspec": {"name": "other"}}}))
    text = "echo $MARK; pwd; command -v python"
    made = await client.post("jobs", text=text, options={"shell": True}, notebook="sub/a.ipynb", code=201)
    job = api.job(made["id"])
    assert job.wait(20) is State.SUCCEEDED
    assert [line.line for line in job.log.tail(3)] == ["other", str(notebook.parent), str(other)]
    assert made["notebook"] == str(notebook)
    refused = await client.post("jobs", text="true", kernelspec="othre", code=404)
    assert refused["hint"] == "did you mean 'other'?"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({}, 400, "there must be one thing to submit"),
        ({"text": "x", "words": ["y"]}, 400, "there must be one thing to submit"),
        ({"text": 5}, 400, "this must be text"),
        ({"words": "true"}, 400, "words must be a list of texts"),
        ({"text": "echo", "options": {"gpus": 1}}, 400, "unknown option 'gpus'"),
        ({"text": "echo", "options": {"gpu": "1"}}, 400, "'1' is no int"),
        ({"text": "echo", "nme": "x"}, 400, "unknown key 'nme' in the body"),
        ({"text": "echo", "cwd": "nowhere"}, 400, "there is no such folder"),
        ({"text": "echo", "notebook": "../../a.ipynb"}, 400, "the notebook is not below the server's root folder"),
        ({"file": "nothing.yaml"}, 400, "there is no such file"),
        ({"file": "marketplace://name/nothing"}, 404, "there is no item 'nothing'"),
        ({"text": "protocolVersion: 2\nname: x\n"}, 400, "the key 'type' is missing"),
    ],
)
async def test_what_cannot_be_submitted_is_said(client: Client, body: Any, code: int, message: str) -> None:
    assert message in (await client.post("jobs", code=code, **body))["message"]
    assert api.jobs() == []


async def test_only_files_of_the_job_are_served_and_as_attachments(client: Client, tmp_path: Path) -> None:
    job = api.submit("mkdir -p $CUBE_RESULTS; echo '<script>' > $CUBE_RESULTS/a.html", shell=True)
    assert job.wait(20) is State.SUCCEEDED
    (job.folder / "results" / "link").symlink_to("/etc/passwd")
    paths = [one["path"] for one in (await client.get("jobs", job.id, "artifacts"))["files"]]
    [page] = [path for path in paths if path.endswith("a.html")]
    answer = await client.raw("jobs", job.id, "artifacts", page)
    assert answer.body == b"<script>\n"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert not any("link" in path or path.startswith("private") for path in paths)
    for path in ("results/link", "private/base.env", "results/../private/base.env", "job.json", "results"):
        assert (await client.refused("jobs", job.id, "artifacts", path))[0] == 404


async def test_the_machine_and_its_queue(client: Client, jp_config_dir: Path) -> None:
    (jp_config_dir / "jupyter_cube_config.json").write_text('{"devices": ["a0"]}')
    jupyter_cube.config._config.cache_clear()
    job = api.submit("sleep 30", shell=True, gpu=1, name="first")
    waiting = api.submit("true", shell=True, gpu=1, name="second")
    about = await client.get("machine")
    assert [(one["id"], one["held_by"]) for one in about["gpus"]] == [("a0", "first")]
    assert [one["name"] for one in about["queue"]] == ["second"]
    await client.post("jobs", job.id, "stop", reason="enough", code=202)
    assert job.wait(20) is State.STOPPED
    assert waiting.wait(20) is State.SUCCEEDED


async def test_the_document_describes_all_there_is_and_nothing_else(client: Client) -> None:
    openapi_spec_validator.validate(DOCUMENT)
    served = await client.raw("openapi.yaml")
    assert yaml.safe_load(served.body) == DOCUMENT
    there = {
        (
            ROOT + pattern.replace(ID, "/jobs/{job}").replace("(.+)", "{path}").replace(r"([\w.-]{1,100})", "{source}"),
            verb,
        )
        for pattern, handler in ROUTES
        for verb in ("get", "post", "put", "patch", "delete")
        if verb in vars(handler)
    }
    verbs = ("get", "post", "put", "patch", "delete")
    assert {(path, verb) for path, about in DOCUMENT["paths"].items() for verb in about if verb in verbs} == there


async def test_an_address_that_the_document_does_not_have_is_an_error_as_json(client: Client) -> None:
    code, error = await client.refused("nothing", "here")
    assert code == 404
    assert "/cube/api/nothing/here" in error["message"]
    assert error["hint"] == "see cube/api/openapi.yaml"
