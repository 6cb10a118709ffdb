"""Web servers of items for the tests, on an address of this machine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Handler = type[BaseHTTPRequestHandler]


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that has had enough is no error here."""


class Server:
    """A web server on this machine, with what was asked of it."""

    def __init__(self, handler: Handler) -> None:
        self._server = Quiet(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def files_of(root: Path, log: list[str]) -> Handler:
    """Static files with an ETag, as any web server has them."""

    class Static(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(root))

        def do_GET(self) -> None:
            path = Path(self.translate_path(self.path))
            tag = f'"{hashlib.sha256(path.read_bytes()).hexdigest()}"' if path.is_file() else ""
            log.append(self.path)
            if tag and self.headers.get("If-None-Match") == tag:
                log.append("304")
                self.send_response(304)
                self.end_headers()
                return
            self._tag = tag
            super().do_GET()

        def end_headers(self) -> None:
            if getattr(self, "_tag", ""):
                self.send_header("ETag", self._tag)
            super().end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Static


def answers(answer: Callable[[BaseHTTPRequestHandler], None]) -> Handler:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    return Answering
