"""The server extension: the marketplace by requests."""

from __future__ import annotations

from pathlib import Path

import pytest
from item_folder import lay
from test_server import Client, client, jp_server_config
from tornado.httpclient import HTTPClientError

from jupyter_cube import api
from jupyter_cube.lifecycle.state import State

__all__ = ["client", "jp_server_config"]  # fixtures

pytest_plugins = ["pytest_jupyter.jupyter_server"]

GREET = "name: greet\nsummary: says hello\nplugin: cmd\ncallbacks:\n- {event: taskStarts, commands: [echo hello]}\n"


async def test_an_item_is_published_found_used_and_run(client: Client) -> None:
    made = await client.post("items", text=GREET, code=201)
    assert made["published"][0]["name"] == "greet"
    found = await client.get("items", query="hello")
    assert [one["name"] for one in found["items"]] == ["greet"]
    about = await client.get("item", name="greet")
    assert (about["source"], about["trusted"], about["uses"]) == ("mine", True, 0)
    ready = await client.post("item", "use", name="greet", values={})
    assert ready["cell"].startswith("%%cube submit --require greet@1.0.0")
    plan = await client.post("plan", words=["true"], options={"require": ["greet"]})
    assert [node["name"] for node in plan["graph"]["worker"]] == ["greet", "greet"]
    job = api.job((await client.post("jobs", words=["true"], options={"require": ["greet"]}, code=201))["id"])
    assert job.wait(20) is State.SUCCEEDED
    assert [line.line for line in job.log.tail(1)] == ["hello"]
    assert (await client.get("item", name="greet"))["uses"] == 1
    uses = {one["name"]: one["uses"] for one in (await client.get("items"))["items"]}
    assert (uses["greet"], uses["digits"]) == (1, 0)


async def test_the_copy_of_a_notebook_template_is_named_as_the_browser_opens_it(
    client: Client, jp_root_dir: Path
) -> None:
    (jp_root_dir / "begin.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    (jp_root_dir / "my work").mkdir()
    await client.post("item", "new", kind="notebook", name="start", path="begin.ipynb", publish=True, code=201)
    ready = await client.post("item", "use", name="start", folder="my work")
    assert ready["path"] == "my work/start.ipynb"
    assert (jp_root_dir / ready["path"]).is_file()
    refused = await client.post("item", "use", name="start", folder="../elsewhere", code=400)
    assert "not below" in refused["message"]


async def test_an_item_of_others_is_allowed_by_its_digest(client: Client, tmp_path: Path) -> None:
    lay(tmp_path / "team", "theirs")
    sources = await client.post("sources", name="team", uri=str(tmp_path / "team"), code=201)
    assert [one["name"] for one in sources["sources"]] == ["mine", "team", "builtin"]
    about = await client.get("item", name="team/theirs")
    assert not about["trusted"]
    refused = await client.post("jobs", words=["true"], options={"require": ["theirs"]}, code=400)
    assert "is not trusted" in refused["message"]
    await client.post("item", "trust", name="team/theirs", digest=about["digest"])
    assert (await client.get("item", name="team/theirs"))["trusted"]
    assert [one["name"] for one in (await client.get("item", "trust"))["allowed"]] == ["theirs"]
    gone = await client.post("item", "trust", "withdraw", name="team/theirs")
    assert [one["name"] for one in gone["withdrawn"]] == ["theirs"]
    assert not (await client.get("item", name="team/theirs"))["trusted"]
    assert (await client.post("item", "trust", "withdraw", name="team/theirs", code=404))["hint"] is not None
    assert (await client.refused("sources", "team2", method="DELETE"))[0] == 404


async def test_a_dataset_of_a_file_and_what_is_wrong_in_a_text(client: Client, jp_root_dir: Path) -> None:
    (jp_root_dir / "numbers.csv").write_text("a\n1\n")
    draft = await client.post("item", "new", kind="dataset", name="numbers", path="numbers.csv")
    assert "name: numbers" in draft["text"]
    made = await client.post("item", "new", kind="dataset", name="numbers", path="numbers.csv", publish=True, code=201)
    assert made["published"][0]["source"] == "mine"
    report = await client.post("check", text="protocolVersion: 2\nname: x\n")
    assert not report["ok"]
    assert any("type" in fault["message"] for fault in report["errors"])
    assert (await client.get("storages"))["storages"] == []
    refused = await client.post("items", text="nmae: x\n", code=400)
    assert refused["faults"][0]["line"] == 1


async def test_mistakes_are_said(client: Client) -> None:
    code, said = await client.refused("item", name="gret")
    assert (code, "there is no item 'gret'" in said["message"]) == (404, True)
    assert (await client.post("item", "use", code=400))["place"] == "name"
    assert "send path or text" in (await client.post("items", code=400))["hint"]
    with pytest.raises(HTTPClientError):
        await client.raw("item")
