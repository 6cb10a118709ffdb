"""What counts as activity of the server: what a person asks for, and a running job only where that is configured."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from test_server import Client, client
from test_server_socket import Connect, opened

from jupyter_cube import api

__all__ = ["client"]  # a fixture

pytest_plugins = ["pytest_jupyter.jupyter_server"]


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    extensions = {"jupyter_cube": True, "jupyter_server_terminals": False}
    return {"ServerApp": {"jpserver_extensions": extensions}, "CubeApp": {"keep_awake": True}}


async def test_a_page_that_follows_a_job_is_nobodys_activity(
    client: Client, jp_ws_fetch: Connect, jp_serverapp: ServerApp
) -> None:
    job = api.submit("echo one; sleep 0.2; echo two", shell=True)
    settings = jp_serverapp.web_app.settings
    settings.pop("api_last_activity", None)
    page = await opened(jp_ws_fetch)
    await page.say(subscribe="a", to="grew", job=job.id)
    await page.until_end("a")
    await client.get("jobs", job.id, "log")
    await client.get("machine")
    assert "api_last_activity" not in settings
    await client.get("jobs", job.id)
    assert "api_last_activity" in settings


async def test_a_running_job_keeps_the_server_awake(jp_serverapp: ServerApp) -> None:
    [app] = jp_serverapp.extension_manager.extension_apps["jupyter_cube"]
    times = jp_serverapp.web_app.settings["last_activity_times"]
    await app.awake.look()
    assert "jupyter_cube" not in times
    job = api.submit("sleep 30", shell=True)
    await app.awake.look()
    assert times["jupyter_cube"] <= jp_serverapp.web_app.last_activity()
    job.stop()
    job.wait(20)


@pytest.mark.parametrize("keep_awake", [False, True])
async def test_a_server_that_only_a_follower_uses_is_culled_unless_running_jobs_keep_it(
    jp_ws_fetch: Connect, jp_serverapp: ServerApp, monkeypatch: pytest.MonkeyPatch, keep_awake: bool
) -> None:
    [app] = jp_serverapp.extension_manager.extension_apps["jupyter_cube"]
    settings = jp_serverapp.web_app.settings
    settings["started"] = jp_serverapp.kernel_manager.last_kernel_activity = datetime.now(timezone.utc) - timedelta(
        hours=1
    )
    jp_serverapp.shutdown_no_activity_timeout = 600
    culled: list[bool] = []
    monkeypatch.setattr(jp_serverapp, "stop", lambda: culled.append(True))
    job = api.submit("while :; do echo line; sleep 0.05; done", shell=True)
    pages = [await opened(jp_ws_fetch) for _ in range(2)]
    for page, what in zip(pages, ("grew", "stream"), strict=True):
        await page.say(subscribe="a", to=what, job=job.id)
        await page.hear()
        await page.hear()  # and it goes on
    if keep_awake:
        await app.awake.look()
    jp_serverapp.shutdown_no_activity()
    assert bool(culled) is not keep_awake
    job.stop()
    for page in pages:
        await page.until_end("a")


@pytest.fixture
def no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody says where the store is; what the server sets is taken back afterwards."""
    monkeypatch.delenv("CUBE_STORE")


def variables_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/environ").read_text().split("\0")


async def test_kernels_get_the_servers_store(no_store: None, jp_data_dir: Path, jp_serverapp: ServerApp) -> None:
    manager = jp_serverapp.kernel_manager
    kernel = await manager.start_kernel()
    try:
        assert f"CUBE_STORE={jp_data_dir / 'cube'}" in variables_of(manager.get_kernel(kernel).provisioner.pid)
    finally:
        await manager.shutdown_kernel(kernel, now=True)
