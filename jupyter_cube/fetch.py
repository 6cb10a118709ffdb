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
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Resolve = Callable[..., Any]  # as socket.getaddrinfo

TIMEOUT = 30.0  # seconds without a byte
_REDIRECTS = 5
_PAUSES = (0.2, 1.0, 3.0)  # seconds before another try
_CHUNK = 1 << 18
_SLOW = (60.0, 60_000)  # in so many seconds fewer bytes are too few
_GROWN = 1_000_000  # bytes of a cut download after which the tries count anew
_AGENT = "jupyter-cube"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ANY_HOST = ("if-none-match", "if-range", "range")  # headers that another host may see


class FetchError(Exception):
    """Something cannot be fetched; the message is one sentence."""


class Unreachable(FetchError):  # noqa: N818 (it is one for who reads it)
    """It may go better another time."""


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
        if ip.is_site_local:
            return True
    return not ip.is_global or ip.is_multicast or ip.is_reserved


def shown(address: str) -> str:
    """An address for people: without its query, which may hold a secret."""
    text, query, _ = address.partition("?")
    printable = "".join(letter if letter.isprintable() else "?" for letter in text[:300])
    return f"{printable}?..." if query else printable


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
    with _opened(address, headers or {}, timeout, same_host, resolve) as (response, url, watch):
        found = {name.lower(): value for name, value in response.headers.items()}
        if (announced := _length(response)) > limit:
            raise FetchError(f"{shown(address)} has {announced:,} bytes, more than {limit:,}")
        body = b"".join(_chunks(response, watch, address, limit))
        if announced and len(body) != announced:
            raise Unreachable(f"{shown(address)} was cut off after {len(body):,} of {announced:,} bytes")
        return Answer(int(response.status), found, body, url)


def ask(address: str, *, headers: Mapping[str, str], timeout: float = TIMEOUT) -> Answer:
    """What a server answers, without its body.

    Raises:
        FetchError: it cannot be reached.
    """
    with _opened(address, headers, timeout, False, socket.getaddrinfo) as (response, url, _):
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
        tries = 0
        while True:
            before = _size(f"{path}.part")
            try:
                found = _attempt(address, path, limit, timeout, same_host, resolve, progress)
                break
            except Unreachable:
                tries = 0 if _size(f"{path}.part") >= before + _GROWN else tries
                if tries == len(_PAUSES):
                    raise
                time.sleep(_PAUSES[tries])
                tries += 1
        if sha256 and found.sha256 != sha256.lower():
            os.unlink(f"{path}.part")
            raise FetchError(f"{shown(address)} has the checksum {found.sha256}, not {sha256}")
        os.replace(f"{path}.part", path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{path}.part.json")
        return found


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


def _attempt(
    address: str, path: str, limit: int, timeout: float, same_host: bool, resolve: Resolve, progress: Any
) -> Download:
    part, about = f"{path}.part", f"{path}.part.json"
    have, etag = _left(part, about, address)
    asked: dict[str, str] = {"Range": f"bytes={have}-", "If-Range": etag} if have else {}
    with _opened(address, asked, timeout, same_host, resolve) as (response, url, watch):
        status = int(response.status)
        if status == 416 and have:  # it was whole already, or the server has another one now
            os.unlink(part)
            raise Unreachable(f"{shown(address)} has no bytes after {have:,}")
        if status not in (200, 206):
            kind = Unreachable if status >= 500 or status in (408, 429) else FetchError
            raise kind(f"{shown(address)} answered {status} {shown(str(response.reason))}".rstrip())
        if status == 206 and not str(response.headers.get("Content-Range", "")).startswith(f"bytes {have}-"):
            raise Unreachable(f"{shown(address)} sent another part than was asked for")
        have = have if status == 206 else 0
        length = _length(response)
        whole = have + length if length else 0
        if whole > limit:
            raise FetchError(f"{shown(address)} has {whole:,} bytes, more than {limit:,}")
        found = str(response.headers.get("ETag", ""))
        with open(about, "w") as file:
            json.dump({"of": _key(address), "etag": "" if found.startswith("W/") else found}, file)
        digest = hashlib.sha256()
        with open(part, "r+b" if have else "wb") as file_:
            while have and file_.tell() < have:
                digest.update(file_.read(min(_CHUNK, have - file_.tell())))
            file_.truncate()
            got = have
            for data in _chunks(response, watch, address, limit - have):
                digest.update(data)
                file_.write(data)
                got += len(data)
                progress(got, whole)
            file_.flush()
            os.fsync(file_.fileno())  # after a power cut, a name must not stand for half a file
        if whole and got != whole:
            raise Unreachable(f"{shown(address)} was cut off after {got:,} of {whole:,} bytes")
        return Download(got, digest.hexdigest(), found, url)


def _key(address: str) -> str:
    """What stands for an address in records: it may hold a secret."""
    return hashlib.sha256(address.encode()).hexdigest()


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


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
    if record.get("of") != _key(address) or not record.get("etag"):
        return 0, ""
    return size, str(record["etag"])


class _Watch:
    """Ends a connection that hardly brings anything, whatever it is busy with: headers, body or trailers."""

    def __init__(self) -> None:
        self.got, self.slow = 0, False
        self._done = threading.Event()

    def begin(self, connection: socket.socket) -> None:
        threading.Thread(target=self._look, args=(connection,), daemon=True).start()

    def end(self) -> None:
        self._done.set()

    def _look(self, connection: socket.socket) -> None:
        before = 0
        while not self._done.wait(_SLOW[0]):
            if self.got - before < _SLOW[1]:
                self.slow = True
                with contextlib.suppress(OSError):  # it has just been closed
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
                return
            before = self.got


def _chunks(response: Any, watch: _Watch, address: str, limit: int) -> Iterator[bytes]:
    left = _length(response) or -1
    while left:
        try:
            data = response.read1(_CHUNK)  # what has arrived: read would wait for all of it
        except (OSError, http.client.HTTPException, ValueError) as error:
            data = b""
            if not watch.slow:
                raise Unreachable(f"{shown(address)} was cut off: {_said(error)}") from error
        if watch.slow:
            raise FetchError(f"{shown(address)} is too slow: {watch.got:,} bytes arrived")
        if not data:
            return
        watch.got += len(data)
        left -= len(data) if left > 0 else 0
        if watch.got > limit:
            raise FetchError(f"{shown(address)} has more than {limit:,} bytes")
        yield data


def _split(url: str) -> urllib.parse.SplitResult:
    try:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError
    except ValueError:
        raise FetchError(f"{shown(url)} is no http or https address") from None
    if parts.username is not None:
        raise FetchError(f"an address of {parts.hostname} has a name or password in it, which would be shown")
    return parts


@contextlib.contextmanager
def _opened(
    address: str, headers: Mapping[str, str], timeout: float, same_host: bool, resolve: Resolve
) -> Iterator[tuple[Any, str, _Watch]]:
    """The response of an address after its redirects, where they led, and who watches it."""
    first = before = _split(address)
    url, may_enter = address, _starts_inside(str(first.hostname), resolve)
    for hop in range(_REDIRECTS + 1):
        watch = _Watch()
        try:
            response = _request(url, headers, timeout, resolve, watch, may_enter=may_enter or hop == 0)
            with contextlib.closing(response):
                if response.status not in (301, 302, 303, 307, 308):
                    yield response, url, watch
                    return
        finally:
            watch.end()
        to = urllib.parse.urljoin(url, str(response.headers.get("Location", "")))
        after = _split(to)
        if before.scheme == "https" and after.scheme != "https":
            raise FetchError(f"{shown(address)} redirects from https to {shown(to)}")
        if after.netloc.lower() != first.netloc.lower():
            if same_host:
                raise FetchError(f"{shown(address)} redirects to another host: {shown(to)}")
            headers = {name: value for name, value in headers.items() if name.lower() in _ANY_HOST}
        url, before = to, after
    raise FetchError(f"{shown(address)} redirects more than {_REDIRECTS} times")


def _starts_inside(host: str, resolve: Resolve) -> bool:
    """Whether the first address is itself none of the public net."""
    try:
        return any(internal(entry[4][0]) for entry in resolve(host, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return False  # it is said when it is connected to


def _request(
    url: str, headers: Mapping[str, str], timeout: float, resolve: Resolve, watch: _Watch, *, may_enter: bool
) -> Any:
    host = str(_split(url).hostname)
    if not may_enter and _names_inside(host):
        raise FetchError(f"a redirect leads to {host}, which is no public address")
    try:
        request = urllib.request.Request(url, headers={"User-Agent": _AGENT, **headers})
        proxied = request.type in urllib.request.getproxies() and not urllib.request.proxy_bypass(request.host)
        options = {"resolve": resolve, "watch": watch, "may_enter": may_enter or proxied}
        opener = urllib.request.build_opener(_Handler(options), _SecureHandler(options), _NoRedirect())
        return opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        return error
    except urllib.error.URLError as error:
        if isinstance(error.reason, FetchError):
            raise error.reason from None
        raise Unreachable(f"{shown(url)} cannot be reached: {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{shown(url)} cannot be reached: {_said(error)}") from error


def _names_inside(host: str) -> bool:
    """Whether a host is written as an address that is not public, in any of the ways that C libraries read."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return internal(host)
    except ValueError:
        pass
    try:
        return internal(socket.inet_ntoa(socket.inet_aton(host)))
    except OSError:
        return False  # a name; what it stands for is checked when it is connected to


class _Connection(http.client.HTTPConnection):
    """Connects to the very address that was checked."""

    def __init__(self, host: str, *, resolve: Resolve, watch: _Watch, may_enter: bool, **options: Any) -> None:
        super().__init__(host, **options)
        self._resolve, self._watch, self._may_enter = resolve, watch, may_enter

    def connect(self) -> None:
        last: Exception | None = None
        for family, kind, protocol, _, place in self._resolve(self.host, self.port, type=socket.SOCK_STREAM):
            if not self._may_enter and internal(place[0]):
                last = FetchError(f"a redirect leads to {self.host} at {place[0]}, which is no public address")
                continue
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self.timeout)
                connection.connect(place)
            except OSError as error:
                connection.close()
                last = error
                continue
            self.sock = connection
            self._watch.begin(connection)
            return
        raise last or OSError(f"{self.host} has no address")


class _SecureConnection(_Connection, http.client.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        tunnel = getattr(self, "_tunnel_host", None)
        if tunnel:
            self._tunnel()  # type: ignore[attr-defined]
        plain = self.sock
        try:
            self.sock = self._context.wrap_socket(plain, server_hostname=tunnel or self.host)  # type: ignore[attr-defined]
        except BaseException:
            plain.close()
            raise


class _Handler(urllib.request.HTTPHandler):
    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__()
        self._options = options

    def http_open(self, req: Any) -> Any:
        return self.do_open(_Connection, req, **self._options)  # type: ignore[arg-type]


class _SecureHandler(urllib.request.HTTPSHandler):
    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__()
        self._options = options

    def https_open(self, req: Any) -> Any:
        return self.do_open(_SecureConnection, req, **self._options)  # type: ignore[arg-type]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
