"""A running JupyterHub: a proxy, a hub, and for each user a server of the own in a folder of the own."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from live_jupyter import SETTINGS, Jupyter, await_answer, end, free_port

PROXY = Path(__file__).parents[2] / "labextension/node_modules/.bin/configurable-http-proxy"
CONFIGURATION = """
import os
c.JupyterHub.bind_url = {address!r}
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.DummyAuthenticator.password = {password!r}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.args = {args!r}
c.Spawner.environment = {{"CUBE_LOCKS": {locks!r}}}
c.LocalProcessSpawner.interrupt_timeout = 1  # Jupyter's server asks then whether it is meant
c.LocalProcessSpawner.term_timeout = 30  # it ends its kernels first
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = c.Spawner.http_timeout = 60
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.services = [{{"name": "tests", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "tests", "services": ["tests"], "scopes": ["admin:users", "admin:servers", "tokens"]}}
]
"""


@dataclass(frozen=True)
class Hub:
    """A running hub.

    Attributes:
        password: that of everybody.
    """

    address: str
    password: str
    homes: Path
    _token: str

    def start(self, user: str) -> Jupyter:
        """Start the server of a new user; what it says to the token of that user."""
        home = self.homes / user
        for name, values in SETTINGS.items():
            file = home / ".jupyter/lab/user-settings/@jupyterlab" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(values))
        self._post(f"users/{user}")
        token = self._post(f"users/{user}/tokens")["token"]
        self._post(f"users/{user}/server")
        server = Jupyter(home, f"{self.address}/user/{user}", token, home, {})
        await_answer(f"{server.address}/api", headers={"Authorization": f"token {token}"})
        return server

    def _post(self, path: str) -> Any:
        headers = {"Authorization": f"token {self._token}"}
        asked = urllib.request.Request(f"{self.address}/hub/api/{path}", b"", headers)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.loads(answer.read() or b"null")


@contextlib.contextmanager
def running_hub(place: Path) -> Iterator[Hub]:
    """A hub on ports of its own, which keeps all that it writes in ``place``."""
    homes = place / "homes"
    homes.mkdir()
    token, password = secrets.token_hex(16), secrets.token_hex(8)
    address = f"http://127.0.0.1:{free_port()}"
    (place / "hub.py").write_text(
        CONFIGURATION.format(
            address=address,
            hub_port=free_port(),
            proxy_port=free_port(),
            password=password,
            homes=str(homes),
            locks=str(place / "locks"),
            args=["--LabApp.expose_app_in_browser=True", *(["--allow-root"] if os.getuid() == 0 else [])],
            proxy=str(PROXY),
            token=token,
        )
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CUBE_", "JUPYTER", "PAI_"))}
    # its servers are those of this environment
    env = inherited | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with (place / "hub.log").open("wb") as log:
        command = [sys.executable, "-m", "jupyterhub", "--config", "hub.py"]
        process = subprocess.Popen(command, env=env, cwd=place, stdout=log, stderr=subprocess.STDOUT)
    try:
        await_answer(f"{address}/hub/api", process, place / "hub.log")
        yield Hub(address, password, homes, token)
    finally:
        end(process, 60)


def missing() -> str:
    """Why there can be no hub here; empty where there can."""
    if importlib.util.find_spec("jupyterhub") is None:
        return "no jupyterhub here; scripts/ui runs these tests"
    if not PROXY.exists() or not shutil.which("node"):
        return "no configurable-http-proxy here; scripts/ui lays it into labextension/node_modules"
    return ""
