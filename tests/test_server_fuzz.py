"""The server asked all that its document allows, and much that it does not: no answer is a failure of the server, and
each is as the document says."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from jupyter_cube import api
from jupyter_cube.server.description import FILE

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
START = 60.0
SOCKET = "/cube/api/socket"  # asked for without an upgrade it is a page's mistake
SCHEMA = schemathesis.openapi.from_path(FILE).exclude(path=SOCKET)
TOKEN = secrets.token_hex(16)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own process and folders: what is asked for here may add sources and publish items."""
    place = tmp_path_factory.mktemp("fuzz")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    names = ("HOME", "CUBE_STORE", "CUBE_LOCKS", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setenv(name, str(place / name))
        job = api.submit("for n in 1 2 3; do echo line $n; done", shell=True, name="train", instances=2)
        job.wait(30)
        api.submit("sleep 60", shell=True, name="long")
        (place / "work").mkdir()
        options = [
            "--no-browser",
            "--ip=127.0.0.1",
            f"--port={port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={place / 'work'}",
            "--ServerApp.jpserver_extensions={'jupyter_cube': True}",
            "--allow-root",
        ]
        with (place / "log").open("wb") as log:
            server = subprocess.Popen([sys.executable, "-m", "jupyter_server", *options], stdout=log, stderr=log)
        try:
            _await(f"http://127.0.0.1:{port}/api?token={TOKEN}", server, place / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)
            for one in api.jobs():
                if not one.state.final:
                    api.job(one.id).stop()
                    api.job(one.id).wait(30)


def _await(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text(errors='replace')}")


@SCHEMA.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_the_document_says(case: schemathesis.Case, address: str) -> None:
    path = case.path_parameters
    if "job" in path and len(path["job"]) % 2:  # half of them of a job that is there
        path["job"] = ("train", "long")[len(path["job"]) % 3 % 2]
    case.call_and_validate(base_url=address, headers={"Authorization": f"token {TOKEN}"}, checks=CHECKS)
