"""Fetching from servers that are slow, broken or hostile."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from web import files, send, serving

from jupyter_cube.task import connection, fetch
from jupyter_cube.task.fetch import FetchError, Unreachable

DATA = bytes(range(256)) * 4000
SHA = hashlib.sha256(DATA).hexdigest()


def of(address: str) -> str:
    """How the record of a cut download names its address."""
    return hashlib.sha256(address.encode()).hexdigest()


def test_a_file_is_fetched_and_compared(tmp_path: Path) -> None:
    with serving(files({"/x": DATA})) as web:
        found = fetch.download(f"{web}/x", tmp_path / "x", limit=10**7, sha256=SHA.upper())
    assert (tmp_path / "x").read_bytes() == DATA
    assert (found.size, found.sha256) == (len(DATA), SHA)
    assert {path.name for path in tmp_path.iterdir()} == {"x", "x.lock"}


def test_another_checksum_leaves_nothing(tmp_path: Path) -> None:
    with serving(files({"/x": DATA})) as web, pytest.raises(FetchError, match=f"has the checksum {SHA}, not 00"):
        fetch.download(f"{web}/x", tmp_path / "x", limit=10**7, sha256="0" * 64)
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "x.part").exists()


def test_a_cut_download_is_gone_on_with(tmp_path: Path) -> None:
    ranges: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range", "")
        ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-") or 0)
        assert not wanted or handler.headers["If-Range"] == '"v1"'
        handler.send_response(206 if wanted else 200)
        handler.send_header("ETag", '"v1"')
        handler.send_header("Content-Length", str(len(DATA) - start))
        if wanted:
            handler.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        handler.end_headers()
        handler.wfile.write(DATA[start:] if len(ranges) == 3 else DATA[start : start + 300_000])
        handler.close_connection = True

    with serving(answer) as web:
        found = fetch.download(f"{web}/x", tmp_path / "x", limit=10**7)
    assert found.sha256 == SHA
    assert ranges == ["", "bytes=300000-", "bytes=600000-"]


def test_a_file_that_changed_meanwhile_is_fetched_anew(tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(b"old start")
    with serving(files({"/x": DATA})) as web:
        (tmp_path / "x.part.json").write_text(json.dumps({"of": of(f"{web}/x"), "etag": '"old"'}))
        assert fetch.download(f"{web}/x", tmp_path / "x", limit=10**7).sha256 == SHA


def test_an_endless_answer_is_stopped_at_the_limit(tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        try:
            while True:
                handler.wfile.write(bytes(100_000))
        except OSError:  # the client has left
            return

    with serving(answer) as web:
        with pytest.raises(FetchError, match="more than 1,000,000 bytes"):
            fetch.read(f"{web}/x", limit=10**6)
        with pytest.raises(FetchError, match="more than 1,000,000 bytes"):
            fetch.download(f"{web}/x", tmp_path / "x", limit=10**6)


def test_a_size_that_is_announced_is_refused_before_it_arrives() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        send(handler, b"", Content_Length=str(2**40))

    with serving(answer) as web, pytest.raises(FetchError, match="more than 1,000"):
        fetch.read(f"{web}/x", limit=1000)


def test_what_has_no_room_is_refused_before_it_arrives(tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        send(handler, b"", Content_Length=str(2**60))

    with serving(answer) as web, pytest.raises(FetchError, match=r"has 1,152,.* bytes, and the disk of .*/x has room"):
        fetch.download(f"{web}/x", tmp_path / "x", limit=2**61)
    assert {path.name for path in tmp_path.iterdir()} <= {"x.lock"}


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    leave = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        leave.wait(20)
        handler.close_connection = True

    with serving(answer) as web:
        with pytest.raises(FetchError, match="timed out"):
            fetch.read(f"{web}/x", limit=1000, timeout=0.2)
        leave.set()


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
        *("224.0.0.1", "::1", "::", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254"),
        *(
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "ff02::1",
            "fec0::1",
            "::7f00:1",
            "64:ff9b:1::1",
            "255.255.255.255",
            "2001:0:1::8000:0:80ff:fefe",
        ),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert connection.internal(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_that_are_public(address: str) -> None:
    assert not connection.internal(address)


def moved(to: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/secret":
            send(handler, b"secret")
        else:
            send(handler, b"", status=302, Location=to)

    return answer


def test_a_public_address_does_not_lead_inside(tmp_path: Path) -> None:
    # the first question of a name is whether it is public, the second one is for the connection
    with serving(moved("/secret")) as web:
        port = web.rsplit(":", 1)[1]
        looked_up: list[str] = []

        def resolve(host: str, number: int | None, **_: Any) -> Any:
            looked_up.append(host)
            place = "8.8.8.8" if host == "public.test" and number is None else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, number or 0))]

        for address in (f"http://public.test:{port}/a",):
            with pytest.raises(FetchError, match=r"leads to public\.test at 127\.0\.0\.1, which is no public address"):
                fetch.read(address, limit=100, resolve=resolve)
    assert looked_up


@pytest.mark.parametrize("to", ["http://169.254.169.254/latest", "http://[::1]:9/", "http://127.0.0.1:9/"])
def test_numbers_are_refused_without_a_connection(to: str) -> None:
    with serving(moved(to)) as web:
        port = web.rsplit(":", 1)[1]

        def resolve(host: str, number: int | None, **_: Any) -> Any:
            assert host == "public.test", "it was about to connect"
            places = ["8.8.8.8", "127.0.0.1"] if number is None else ["127.0.0.1"]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, number or 0)) for place in places]

        with pytest.raises(FetchError, match="which is no public address"):
            fetch.read(f"http://public.test:{port}/a", limit=100, resolve=resolve)


def test_an_address_of_this_machine_may_lead_to_this_machine() -> None:
    with serving(moved("/secret")) as web:
        answer = fetch.read(f"{web}/a", limit=100)
    assert (answer.body, answer.url) == (b"secret", f"{web}/secret")


def test_redirects_end_and_stay_where_they_must() -> None:
    with serving(moved("/a")) as web:
        with pytest.raises(FetchError, match="redirects more than 5 times"):
            fetch.read(f"{web}/a", limit=100)
        with (
            serving(moved(f"{web}/secret")) as other,
            pytest.raises(FetchError, match="redirects to another host"),
        ):
            fetch.read(f"{other}/a", limit=100, same_host=True)
    with serving(moved("file:///etc/passwd")) as web, pytest.raises(FetchError, match="is no http or https address"):
        fetch.read(f"{web}/a", limit=100)


def test_a_body_that_is_cut_off_is_no_answer() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"a" * 10)
        handler.close_connection = True

    with serving(answer) as web, pytest.raises(Unreachable, match="cut off after 10 bytes, 990 are missing"):
        fetch.read(f"{web}/x", limit=10**6)


def endless_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()


def endless_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")


def endless_trailers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Long: ")


@pytest.mark.parametrize("begin", [endless_body, endless_headers, endless_trailers])
def test_a_server_that_only_drips_is_given_up(
    begin: Callable[[BaseHTTPRequestHandler], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_SLOW", (0.3, 60_000))  # seconds; the real ones are for people's patience
    left = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        try:
            begin(handler)
            while not left.wait(0.02):
                handler.wfile.write(b"x")
        except OSError:
            return

    with serving(answer) as web:
        began = time.monotonic()
        with pytest.raises(Unreachable, match=r"too slow|cannot be reached"):
            fetch.read(f"{web}/x", limit=10**6, timeout=10)
        assert time.monotonic() - began < 5
        left.set()


def test_a_download_that_was_whole_when_its_process_died_is_not_stuck(tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Range"):
            send(handler, b"", status=416)
        else:
            send(handler, DATA, ETag='"v1"')

    with serving(answer) as web:
        (tmp_path / "x.part").write_bytes(DATA)
        (tmp_path / "x.part.json").write_text(json.dumps({"of": of(f"{web}/x"), "etag": '"v1"'}))
        assert fetch.download(f"{web}/x", tmp_path / "x", limit=10**7).sha256 == SHA


def test_many_cuts_do_not_matter_while_it_grows(tmp_path: Path) -> None:
    data, asked = bytes(10_000_000), []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        start = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        asked.append(start)
        handler.send_response(206 if start else 200)
        handler.send_header("ETag", '"v1"')
        handler.send_header("Content-Length", str(len(data) - start))
        handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        handler.end_headers()
        handler.wfile.write(data[start : start + 1_500_000])
        handler.close_connection = True

    with serving(answer) as web:
        assert fetch.download(f"{web}/x", tmp_path / "x", limit=10**8).size == len(data)
    assert len(asked) == 7


def test_a_server_that_always_cuts_is_given_up(tmp_path: Path) -> None:
    asked: list[int] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:  # now longer, now shorter, and never from where it was cut
        asked.append(1_500_000 * (1 + len(asked) % 2))
        handler.send_response(200)
        handler.send_header("Content-Length", "9000000")
        handler.end_headers()
        handler.wfile.write(bytes(asked[-1]))
        handler.close_connection = True

    with serving(answer) as web, pytest.raises(Unreachable, match="are missing"):
        fetch.download(f"{web}/x", tmp_path / "x", limit=10**8)
    assert len(asked) < 10


@pytest.mark.parametrize("name", ["my file.csv", "grün?a=b c", "a%20b", "a+b&c"])
def test_addresses_are_taken_as_people_copy_them(name: str) -> None:
    seen: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.path)
        if len(seen) == 2:
            send(handler, b"", status=302, Location="/" + name.encode().decode("latin-1"))
        else:
            send(handler, b"data")

    with serving(answer) as web:
        assert fetch.read(f"{web}/{name}#part", limit=10).body == b"data"
        assert fetch.read(f"{web}/old", limit=10).body == b"data"
    wanted = {"my file.csv": "/my%20file.csv", "grün?a=b c": "/gr%C3%BCn?a=b%20c"}.get(name, f"/{name}")
    assert seen == [wanted, "/old", wanted]


def test_what_is_too_large_leaves_nothing(tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(DATA)
        handler.close_connection = True

    with serving(answer) as web, pytest.raises(FetchError, match="more than 500,000 bytes"):
        fetch.download(f"{web}/x", tmp_path / "x", limit=500_000)
    assert not (tmp_path / "x.part").exists()


def test_another_host_sees_no_header_of_the_first_one() -> None:
    seen: list[Any] = []

    def other(handler: BaseHTTPRequestHandler) -> None:
        seen.append((handler.headers.get("Authorization"), handler.headers.get("If-None-Match")))
        send(handler, b"data")

    headers = {"Authorization": "Bearer secret", "If-None-Match": '"v1"'}
    with serving(other) as there, serving(moved(f"{there}/x")) as web:
        fetch.read(f"{web}/x", limit=100, headers=headers)
        fetch.read(f"{there}/x", limit=100, headers=headers)
    assert seen == [(None, '"v1"'), ("Bearer secret", '"v1"')]


def test_messages_hold_no_secret_of_an_address(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"^an address of 127\.0\.0\.1 has a name or password in it") as error:
        fetch.read("http://me:secret@127.0.0.1:9/x", limit=1)
    assert "secret" not in str(error.value)
    with serving(files({})) as web, pytest.raises(FetchError, match=r"/x\?\.\.\. answered 404") as error:
        fetch.download(f"{web}/x?token=secret", tmp_path / "x", limit=1)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("address", ["http://[::1", "http://x:port/", "//x", "file:///etc/passwd", "http:///x"])
def test_what_is_no_address_is_said(address: str) -> None:
    with pytest.raises(FetchError, match="is no http or https address"):
        fetch.read(address, limit=1)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "a.localhost", "[::1]"])
def test_a_proxy_is_not_asked_for_addresses_of_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def proxy(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        send(handler, b"", status=302, Location=f"http://{host}/secret")

    def resolve(name: str, number: int | None, **_: Any) -> Any:
        place = "8.8.8.8" if name == "public.test" else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, number or 0))]

    with serving(proxy) as web:
        monkeypatch.setenv("http_proxy", web)
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(FetchError, match="which is no public address"):
            fetch.read("http://public.test/a", limit=1, resolve=resolve)
    assert asked == ["http://public.test/a"]
