"""Fetching files by HTTP, with resume, checksums and a cache that jobs share.

Runs in tasks as a file of its own, too: the standard library only, and Python 3.8 or newer. A redirect reaches
loopback, private and link-local addresses only where the first address is itself one; what is checked is the address
that is connected to. Through a proxy of the environment only addresses written as numbers can be checked.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import http.client
import ipaddress
import json
import os
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, NamedTuple

TIMEOUT = 30.0  # seconds without a byte
_REDIRECTS = 5
_PAUSES = (0.2, 1.0, 3.0)  # seconds before another try
_CHUNK = 1 << 18
_SLOW = (60.0, 1000)  # after so many seconds fewer bytes a second are too few
_AGENT = "jupyter-cube"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Resolve = Callable[..., Any]  # as socket.getaddrinfo


class FetchError(Exception):
    """Something cannot be fetched; the message is one sentence."""


class Answer(NamedTuple):
    """What a server said; header names are in lower case, ``url`` is where the last redirect led."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Download(NamedTuple):
    """A file that was fetched."""

    size: int
    sha256: str
    etag: str
    url: str


def internal(address: str) -> bool:
    """Whether an IP address is not one of the public net, however it is written."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return internal(str(inner))
    return not ip.is_global or ip.is_multicast


def read(
    address: str,
    *,
    limit: int,
    timeout: float = TIMEOUT,
    headers: Mapping[str, str] | None = None,
    same_host: bool = False,
    resolve: Resolve = socket.getaddrinfo,
) -> Answer:
    """What is at an address, whole.

    Args:
        limit: bytes; more are an error while they arrive.
        timeout: seconds without a byte.
        same_host: redirects to another host are an error.

    Raises:
        FetchError: it cannot be reached, is too large, or redirects where it may not.
    """
    with _opened(address, headers or {}, timeout, same_host, resolve) as (response, url):
        found = {name.lower(): value for name, value in response.headers.items()}
        if (announced := _length(response)) > limit:
            raise FetchError(f"{address} has {announced:,} bytes, more than {limit:,}")
        body = b"".join(_chunks(response, address, limit))
        return Answer(int(response.status), found, body, url)


def ask(address: str, *, headers: Mapping[str, str], timeout: float = TIMEOUT) -> Answer:
    """What a server answers, without its body.

    Raises:
        FetchError: it cannot be reached.
    """
    with _opened(address, headers, timeout, False, socket.getaddrinfo) as (response, url):
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(int(response.status), found, b"", url)


def download(
    address: str,
    path: str | os.PathLike[str],
    *,
    limit: int,
    sha256: str = "",
    timeout: float = TIMEOUT,
    same_host: bool = False,
    resolve: Resolve = socket.getaddrinfo,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Download:
    """Fetch a file; a cut-off one is gone on with. It appears at ``path`` when it is whole.

    Args:
        sha256: its checksum, in hexadecimal digits; empty: whatever it is.
        progress: called with the bytes so far and the bytes in all (0: unknown).

    Raises:
        FetchError: as ``read``, or the checksum is another one.
    """
    path = os.fspath(path)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with locked(f"{path}.lock"):
        last = FetchError(f"{address} cannot be fetched")
        for pause in (0.0, *_PAUSES):
            time.sleep(pause)
            try:
                found = _attempt(address, path, limit, timeout, same_host, resolve, progress)
            except _Again as error:
                last = error
                continue
            if sha256 and found.sha256 != sha256.lower():
                os.unlink(f"{path}.part")
                message = f"{address} has the checksum {found.sha256}, not {sha256}"
                raise FetchError(message)
            os.replace(f"{path}.part", path)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{path}.part.json")
            return found
        raise FetchError(str(last))


@contextlib.contextmanager
def locked(path: str) -> Iterator[None]:
    """Nobody else holds that lock meanwhile; the kernel frees it when its holder is gone."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


class _Again(FetchError):  # noqa: N818 (it is one for who reads it)
    """It may go better the next time."""


def _attempt(
    address: str, path: str, limit: int, timeout: float, same_host: bool, resolve: Resolve, progress: Any
) -> Download:
    part, about = f"{path}.part", f"{path}.part.json"
    have, etag = _left(part, about, address)
    asked: dict[str, str] = {"Range": f"bytes={have}-", "If-Range": etag} if have else {}
    with _opened(address, asked, timeout, same_host, resolve) as (response, url):
        status = int(response.status)
        if status not in (200, 206):
            raise (_Again if status >= 500 else FetchError)(f"{address} answered {status} {response.reason}")
        if status == 206 and not str(response.headers.get("Content-Range", "")).startswith(f"bytes {have}-"):
            raise _Again(f"{address} sent another part than was asked for")
        have = have if status == 206 else 0
        length = _length(response)
        whole = have + length if length else 0
        if whole > limit:
            raise FetchError(f"{address} has {whole:,} bytes, more than {limit:,}")
        found = str(response.headers.get("ETag", ""))
        with open(about, "w") as file:
            json.dump({"url": address, "etag": "" if found.startswith("W/") else found}, file)
        digest = hashlib.sha256()
        with open(part, "r+b" if have else "wb") as file_:
            while have and file_.tell() < have:
                digest.update(file_.read(min(_CHUNK, have - file_.tell())))
            file_.truncate()
            got = have
            for data in _chunks(response, address, limit - have):
                digest.update(data)
                file_.write(data)
                got += len(data)
                progress(got, whole)
        if whole and got != whole:
            raise _Again(f"{address} was cut off after {got:,} of {whole:,} bytes")
        return Download(got, digest.hexdigest(), found, url)


def _length(response: Any) -> int:
    """The size that a server announces; 0: it announces none."""
    text = str(response.headers.get("Content-Length", ""))
    return int(text) if text.isdigit() else 0


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def _left(part: str, about: str, address: str) -> tuple[int, str]:
    """Bytes of an earlier try that can be gone on with, and what the server called that version."""
    try:
        with open(about) as file:
            record = json.load(file)
        size = os.path.getsize(part)
    except (OSError, ValueError):
        return 0, ""
    if record.get("url") != address or not record.get("etag"):
        return 0, ""
    return size, str(record["etag"])


def _chunks(response: Any, address: str, limit: int) -> Iterator[bytes]:
    got, began = 0, time.monotonic()
    while True:
        try:
            data = response.read(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise _Again(f"{address} was cut off: {_said(error)}") from error
        if not data:
            return
        got += len(data)
        if got > limit:
            raise FetchError(f"{address} has more than {limit:,} bytes")
        yield data
        seconds = time.monotonic() - began
        if seconds > _SLOW[0] and got / seconds < _SLOW[1]:
            raise FetchError(f"{address} is too slow: {got:,} bytes in {seconds:.0f} s")


@contextlib.contextmanager
def _opened(
    address: str, headers: Mapping[str, str], timeout: float, same_host: bool, resolve: Resolve
) -> Iterator[tuple[Any, str]]:
    """The response of an address after its redirects, and where they led."""
    url, may_enter = address, _starts_inside(address, resolve)
    for hop in range(_REDIRECTS + 1):
        response = _request(url, headers, timeout, resolve, may_enter=may_enter or hop == 0)
        if response.status not in (301, 302, 303, 307, 308):
            with contextlib.closing(response):
                yield response, url
            return
        response.close()
        to = urllib.parse.urljoin(url, str(response.headers.get("Location", "")))
        before, after = urllib.parse.urlsplit(url), urllib.parse.urlsplit(to)
        if before.scheme == "https" and after.scheme != "https":
            raise FetchError(f"{address} redirects from https to {to:.200}")
        if same_host and after.netloc != urllib.parse.urlsplit(address).netloc:
            raise FetchError(f"{address} redirects to another host: {to:.200}")
        url = to
    raise FetchError(f"{address} redirects more than {_REDIRECTS} times")


def _starts_inside(address: str, resolve: Resolve) -> bool:
    """Whether the first address is itself none of the public net."""
    host = urllib.parse.urlsplit(address).hostname or ""
    try:
        return any(internal(entry[4][0]) for entry in resolve(host, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return False  # it is said when it is connected to


def _request(url: str, headers: Mapping[str, str], timeout: float, resolve: Resolve, *, may_enter: bool) -> Any:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchError(f"{url:.200} is no http or https address")
    if not may_enter and _is_number(parts.hostname) and internal(parts.hostname):
        raise FetchError(f"a redirect leads to {parts.hostname}, which is no public address")
    try:
        request = urllib.request.Request(url, headers={"User-Agent": _AGENT, **headers})
        proxied = parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(parts.hostname)
        check = may_enter or proxied
        opener = urllib.request.build_opener(_Http(resolve, check), _Https(resolve, check), _NoRedirect())
        return opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        return error
    except urllib.error.URLError as error:
        if isinstance(error.reason, FetchError):
            raise error.reason from None
        raise _Again(f"{url:.200} cannot be reached: {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Again(f"{url:.200} cannot be reached: {_said(error)}") from error


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _connect(host: str, port: int, timeout: Any, resolve: Resolve, may_enter: bool) -> socket.socket:
    """A connection to the very address that was checked."""
    last: Exception | None = None
    for family, kind, protocol, _, place in resolve(host, port, type=socket.SOCK_STREAM):
        if not may_enter and internal(place[0]):
            last = FetchError(f"a redirect leads to {host} at {place[0]}, which is no public address")
            continue
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(timeout)
            connection.connect(place)
        except OSError as error:
            connection.close()
            last = error
            continue
        return connection
    raise last or OSError(f"{host} has no address")


class _Http(urllib.request.HTTPHandler):
    def __init__(self, resolve: Resolve, may_enter: bool) -> None:
        super().__init__()
        self._resolve, self._may_enter = resolve, may_enter

    def http_open(self, req: Any) -> Any:
        resolve, may_enter = self._resolve, self._may_enter

        class Connection(http.client.HTTPConnection):
            def connect(self) -> None:
                self.sock = _connect(self.host, self.port, self.timeout, resolve, may_enter)

        return self.do_open(Connection, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, resolve: Resolve, may_enter: bool) -> None:
        super().__init__()
        self._resolve, self._may_enter = resolve, may_enter

    def https_open(self, req: Any) -> Any:
        resolve, may_enter = self._resolve, self._may_enter

        class Connection(http.client.HTTPSConnection):
            def connect(self) -> None:
                self.sock = _connect(self.host, self.port, self.timeout, resolve, may_enter)
                if getattr(self, "_tunnel_host", None):
                    self._tunnel()  # type: ignore[attr-defined]
                name = getattr(self, "_tunnel_host", None) or self.host
                self.sock = self._context.wrap_socket(self.sock, server_hostname=name)  # type: ignore[attr-defined]

        return self.do_open(Connection, req)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def copy(source: IO[bytes], target: IO[bytes]) -> None:
    """All bytes of one file into another."""
    while True:
        data = source.read(_CHUNK)
        if not data:
            return
        target.write(data)
