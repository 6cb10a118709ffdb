"""JupyterLab and Notebook 7 as one running server, every folder of it in a temporary place."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

START = 60.0  # seconds until a server that does not answer counts as not started
SETTINGS = {  # no news from the net, no questions at the start
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
FOLDERS = {
    "CUBE_LOCKS": "locks",
    "CUBE_STORE": "store",
    "HOME": "home",
    "IPYTHONDIR": "ipython",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
}


@dataclass(frozen=True)
class Jupyter:
    """A running server.

    Attributes:
        root: the folder that it shows.
        env: the environment in which it runs.
    """

    address: str
    token: str
    root: Path
    env: Mapping[str, str]

    def url(self, front_end: str, path: str) -> str:
        """The address of a notebook in ``lab``, there with an empty workspace, or in ``notebook``."""
        if front_end == "lab":
            return f"{self.address}/lab/tree/{path}?token={self.token}&reset"
        return f"{self.address}/notebooks/{path}?token={self.token}"

    def write(self, name: str, cells: list[dict[str, Any]], *, kernel: bool = False) -> str:
        """Write a notebook, which nobody has trusted yet; its path."""
        spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        book = {"nbformat": 4, "nbformat_minor": 5, "metadata": spec if kernel else {}, "cells": cells}
        (self.root / name).write_text(json.dumps(book), "utf-8")
        return name


@contextlib.contextmanager
def running(place: Path, *, base: str = "/") -> Iterator[Jupyter]:
    """A server on a port and with a token of its own, which keeps all that it writes in ``place``.

    Args:
        base: the path below which it serves everything.
    """
    root = place / "work"
    root.mkdir()
    for name, values in SETTINGS.items():
        file = place / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CUBE_", "JUPYTER", "PAI_"))}
    env = inherited | {name: str(place / folder) for name, folder in FOLDERS.items()}
    port, token = free_port(), secrets.token_hex(16)
    options = [
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.base_url={base}",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={root}",
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
        *(["--allow-root"] if os.getuid() == 0 else []),
    ]
    with (place / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        process = subprocess.Popen(command, env=env, cwd=root, stdout=log, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}{base}".rstrip("/")
        await_answer(f"{address}/api?token={token}", process, place / "server.log")
        yield Jupyter(address, token, root, env)
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end; what does not is killed."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def await_answer(
    url: str,
    process: subprocess.Popen[bytes] | None = None,
    log: Path | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Until something answers there; the log tells why nothing did."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers or {})), timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"nothing answers at {url}:\n{log.read_text(errors='replace') if log else ''}")
