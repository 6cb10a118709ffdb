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
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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


TOGETHER = ("@jupyter/collaboration-extension", "@jupyter/docprovider-extension")  # of jupyter-collaboration


@dataclass
class Jupyter:
    """A server on a port and with a token of its own, which keeps all that it writes in ``place``.

    Attributes:
        root: the folder that it shows.
        env: the environment in which it runs.
    """

    place: Path
    address: str
    token: str
    root: Path
    env: Mapping[str, str]
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

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

    def start(self) -> None:
        """Start it, on the port that it had before; returns when it answers."""
        place = urllib.parse.urlsplit(self.address)
        options = [
            "--no-browser",
            "--ip=127.0.0.1",
            f"--port={place.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.base_url={place.path or '/'}",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.root}",
            "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",
            *(["--allow-root"] if os.getuid() == 0 else []),
        ]
        with (self.place / "server.log").open("ab") as log:
            command = [sys.executable, "-m", "jupyterlab", *options]
            self._process = subprocess.Popen(command, env=self.env, cwd=self.root, stdout=log, stderr=subprocess.STDOUT)
        await_answer(f"{self.address}/api?token={self.token}", self._process, self.place / "server.log")

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it as its user does."""
        if self._process is not None:
            end(self._process)
            self._process = None


@contextlib.contextmanager
def running(place: Path, *, base: str = "/", together: bool = False) -> Iterator[Jupyter]:
    """A server on a port and with a token of its own, which keeps all that it writes in ``place``.

    Args:
        base: the path below which it serves everything.
        together: several people edit a notebook at once (jupyter-collaboration).
    """
    root = place / "work"
    root.mkdir()
    for name, values in SETTINGS.items():
        _write(place / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings", values)
    # a task counts as a CPU, and some tests need more of them than the machine has
    _write(place / "config" / "jupyter_cube_config.json", {"cpus": 200})
    extensions = {"ServerApp": {"jpserver_extensions": {"jupyter_server_ydoc": together}}}
    _write(place / "config" / "jupyter_server_config.json", extensions)
    disabled = {"disabledExtensions": {} if together else dict.fromkeys(TOGETHER, True)}
    _write(place / "config" / "labconfig" / "page_config.json", disabled)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CUBE_", "JUPYTER", "PAI_"))}
    env = inherited | {name: str(place / folder) for name, folder in FOLDERS.items()}
    server = Jupyter(place, f"http://127.0.0.1:{free_port()}{base}".rstrip("/"), secrets.token_hex(16), root, env)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _write(file: Path, values: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values), "utf-8")


def end(process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    """Ask it to end; what does not is killed."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(seconds)
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
