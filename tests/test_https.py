"""Fetching by https: whom it believes, where it may be led, and through a proxy."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from web import files, send, serving

from jupyter_cube.task import fetch
from jupyter_cube.task.fetch import FetchError, Unreachable

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that nobody knows, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    words = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    words += ["-keyout", str(key), "-out", str(made), "-days", "2", "-subj", "/CN=test"]
    subprocess.run([*words, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return made, key


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """What makes a server one of https."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine knows the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


def leading(to: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: send(handler, b"", status=302, Location=to)


@pytest.mark.usefixtures("trusted")
def test_a_file_is_fetched(tls: ssl.SSLContext, tmp_path: Path) -> None:
    with serving(files({"/x": b"data"}), tls=tls) as web:
        assert web.startswith("https://")
        assert fetch.read(f"{web}/x", limit=10).body == b"data"
        assert fetch.download(f"{web}/x", tmp_path / "x", limit=10).size == 4


def test_a_certificate_that_nobody_knows_is_refused(tls: ssl.SSLContext) -> None:
    asked: list[str] = []
    refused = pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED")
    with serving(files({"/x": b"data"}, asked), tls=tls) as web, refused:
        fetch.read(f"{web}/x", limit=10)
    assert asked == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_host_is_refused(tls: ssl.SSLContext) -> None:
    refused = pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED")
    with serving(files({"/x": b"data"}), tls=tls) as web, refused:
        fetch.read(f"{web.replace('127.0.0.1', 'localhost')}/x", limit=10)


@pytest.mark.usefixtures("trusted")
def test_a_redirect_may_lead_to_https_and_not_back(tls: ssl.SSLContext) -> None:
    asked: list[str] = []
    refused = pytest.raises(FetchError, match=r"^https://.* redirects from https to http://")
    with serving(files({"/x": b"data"}, asked)) as plain, serving(leading(f"{plain}/x"), tls=tls) as secure, refused:
        fetch.read(f"{secure}/x", limit=10)
    assert asked == []
    with serving(files({"/x": b"data"}), tls=tls) as secure, serving(leading(f"{secure}/x")) as plain:
        assert fetch.read(f"{plain}/x", limit=10).url == f"{secure}/x"


def carry(source: socket.socket, to: socket.socket) -> None:
    """Pass on what comes until it ends."""
    while data := source.recv(1 << 16):
        to.sendall(data)
    to.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A proxy that the environment names; the first lines that it was sent."""
    asked: list[str] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = listening.accept()
        with client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            asked.append(head.split(b"\r\n")[0].decode())
            host, _, port = asked[-1].split()[1].rpartition(":")
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=carry, args=(server, client))
                back.start()
                carry(client, server)
                back.join()

    thread = threading.Thread(target=serve)
    thread.start()
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{listening.getsockname()[1]}")
    monkeypatch.setenv("no_proxy", "")
    yield asked
    thread.join(20)
    listening.close()
    assert not thread.is_alive()


@pytest.mark.usefixtures("trusted")
def test_a_proxy_of_the_environment_is_used(tls: ssl.SSLContext, proxy: list[str]) -> None:
    with serving(files({"/x": b"data"}), tls=tls) as web:
        assert fetch.read(f"{web}/x", limit=10).body == b"data"
        assert [line.split()[:2] for line in proxy] == [["CONNECT", web.removeprefix("https://")]]


@pytest.mark.usefixtures("trusted")
def test_what_does_not_speak_tls_is_said(tmp_path: Path) -> None:
    with serving(files({"/x": b"data"})) as web, pytest.raises(Unreachable, match=r"cannot be reached: .*SSL"):
        fetch.read(f"{web.replace('http', 'https')}/x", limit=10)
