"""A small web server for tests, on an address of this machine."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer, address: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """``http://ADDRESS:PORT`` of a server that answers every GET with ``answer(handler)``; with ``tls``, ``https``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(ssl.SSLError):  # the client does not believe the certificate
                super().handle()

    server = ThreadingHTTPServer((address, 0), Handler)
    server.daemon_threads = True
    if tls is not None:  # the handshake is for the thread of each connection, not for the one that accepts
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://{address}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, data: bytes, *, status: int = 200, **headers: str) -> None:
    """A whole answer; ``_`` in header names stands for ``-``."""
    handler.send_response(status)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in {"Content-Length": str(len(data)), **named}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)


def files(content: dict[str, bytes], asked: list[str] | None = None) -> Answer:
    """Answers from a dict of path to content, with ETag and Range; ``asked`` collects the paths."""
    import hashlib

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if asked is not None:
            asked.append(handler.path)
        data = content.get(handler.path.partition("?")[0])
        if data is None:
            send(handler, b"", status=404)
            return
        etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if handler.headers.get("If-None-Match") == etag:
            send(handler, b"", status=304, ETag=etag)
            return
        wanted = handler.headers.get("Range", "")
        if wanted and handler.headers.get("If-Range", etag) == etag:
            start = int(wanted.removeprefix("bytes=").split("-")[0])
            end = int(wanted.split("-")[1] or len(data) - 1) + 1
            part = data[start:end]
            span = f"bytes {start}-{start + len(part) - 1}/{len(data)}"
            send(handler, part, status=206, ETag=etag, Content_Range=span)
            return
        send(handler, data, ETag=etag)

    return answer
