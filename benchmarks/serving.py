"""A real Jupyter server of this interpreter, and what its clients do: requests, sockets, cells of a kernel."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, final

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

UNDELAYED = "--ServerApp.kernel_websocket_connection_class=jupyter_cube.server.nodelay.Undelayed"
UNLIMITED = "--ZMQChannelsWebsocketConnection.limit_rate=False"
_START = 60.0  # seconds


@final
class Server:
    """A server with some extensions and no configuration but its own. Use it as a context manager."""

    def __init__(self, *options: str, extensions: Collection[str] = ("jupyter_cube",)) -> None:
        self.token = secrets.token_hex(16)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        self._words = [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--ip=127.0.0.1", "--allow-root"),
            f"--port={self.address.partition(':')[2]}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.jpserver_extensions={dict.fromkeys(extensions, True)}",
            *options,
        ]

    def __enter__(self) -> Server:
        self._place = tempfile.TemporaryDirectory()
        self.root = Path(self._place.name)
        env = {**os.environ, "JUPYTER_NO_CONFIG": "1"}
        with (self.root / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*self._words, f"--ServerApp.root_dir={self.root}"],
                cwd=self.root,
                env=env,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.pid = self._process.pid
        deadline = time.monotonic() + _START
        while True:
            try:
                self.ask("api")
                return self
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.root / "log").read_text()) from None
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._place.cleanup()

    def ask(self, path: str, body: Any = None) -> Any:
        """The answer's JSON; with a body it is a POST."""
        headers = {"Authorization": f"token {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"http://{self.address}/{path}", data, headers)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.loads(answer.read() or b"null")


@final
class Wire:
    """A WebSocket of a server, for code that waits. Use it as a context manager."""

    def __init__(self, server: Server, path: str) -> None:
        headers = {"Authorization": f"token {server.token}"}
        self._request = HTTPRequest(f"ws://{server.address}/{path}", headers=headers)

    def __enter__(self) -> Wire:
        self._loop = asyncio.new_event_loop()
        self._connection = self._loop.run_until_complete(self._connect())
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._loop.run_until_complete(asyncio.sleep(0.1))
        self._loop.close()

    async def _connect(self) -> WebSocketClientConnection:
        return await websocket_connect(self._request, max_message_size=1 << 28)

    def say(self, message: Any) -> None:
        """Send it as JSON."""

        async def send() -> None:
            await self._connection.write_message(json.dumps(message))

        self._loop.run_until_complete(send())

    def hear(self) -> tuple[int, Any]:
        """The next message: how long it was, and what it says."""

        async def receive() -> str | bytes | None:
            return await self._connection.read_message()

        text = self._loop.run_until_complete(receive())
        if text is None:
            raise RuntimeError("the server has closed the socket")
        return len(text), json.loads(text)


@final
class Cells:
    """A kernel of a server, as a browser has it: by its WebSocket. Use it as a context manager."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __enter__(self) -> Cells:
        kernel = self._server.ask("api/kernels", {})["id"]
        self._wire = Wire(self._server, f"api/kernels/{kernel}/channels").__enter__()
        for _ in self.run("pass"):
            pass
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.__exit__()

    def run(self, code: str) -> Iterator[str]:
        """What a cell prints, piece by piece as it comes, until it is done."""
        number = uuid.uuid4().hex
        header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": number, "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        whole = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self._wire.say({**whole, "channel": "shell", "buffers": []})
        while True:
            message = self._wire.hear()[1]
            kind, content = message["header"]["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != number:
                continue
            if kind == "stream":
                yield content["text"]
            elif kind == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            elif kind == "status" and content["execution_state"] == "idle":
                return
