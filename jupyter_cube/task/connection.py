"""Connections by HTTP that lead where they may, and that end where hardly anything arrives.

Runs in tasks as a file of its own, too: the standard library only, and Python 3.8 or newer. A redirect reaches
loopback, private and link-local addresses only where the first address is itself one; what is checked is the address
that is connected to. Through a proxy of the environment only addresses written as numbers can be checked.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import string
import threading
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Resolve = Callable[..., Any]  # as socket.getaddrinfo

_REDIRECTS = 5
_SLOW = (60.0, 60_000)  # in so many seconds fewer bytes are too few
_AGENT = "jupyter-cube"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ANY_HOST = ("if-none-match", "if-range", "range")  # headers that another host may see


class FetchError(Exception):
    """Something cannot be fetched; the message is one sentence."""


class Unreachable(FetchError):  # noqa: N818 (it is one for who reads it)
    """It may go better another time."""


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


class Watch:
    """Ends a connection that hardly brings anything, whatever it is busy with: headers, body or trailers."""

    def __init__(self) -> None:
        self.got, self.slow = 0, False
        self.connection: socket.socket | None = None
        self._done = threading.Event()

    def begin(self, connection: socket.socket) -> None:
        self.connection = connection
        threading.Thread(target=self._look, daemon=True).start()

    def end(self) -> None:
        self._done.set()

    def _look(self) -> None:
        before = 0
        while not self._done.wait(_SLOW[0]):
            if self.got - before < _SLOW[1]:
                self.slow = True
                with contextlib.suppress(OSError):  # it has just been closed
                    socket.socket.shutdown(self.connection, socket.SHUT_RDWR)  # type: ignore[arg-type]
                return
            before = self.got


class Reply(NamedTuple):
    """A response whose body is still to be read; ``url`` is where the last redirect led."""

    response: Any
    url: str
    watch: Watch

    @property
    def headers(self) -> dict[str, str]:
        """By their names in lower case."""
        return {name.lower(): value for name, value in self.response.headers.items()}

    @property
    def length(self) -> int:
        """Bytes of the body, before any is read; 0: there are none, or the server does not say."""
        return int(self.response.length or 0)

    def chunks(self, size: int) -> Iterator[bytes]:
        """The body, as it arrives.

        Raises:
            FetchError: it is cut off, or hardly anything arrives.
        """
        left = self.length or -1
        while left:
            try:
                data = self.response.read1(size)  # what has arrived: read would wait for all of it
            except (OSError, http.client.HTTPException, ValueError) as error:
                data = b""
                if not self.watch.slow:
                    raise Unreachable(f"{shown(self.url)} was cut off: {_said(error)}") from error
            if self.watch.slow:
                raise Unreachable(f"{shown(self.url)} is too slow: {self.watch.got:,} bytes arrived")
            if not data:
                break
            self.watch.got += len(data)
            left -= len(data) if left > 0 else 0
            yield data
        if left > 0:
            raise Unreachable(f"{shown(self.url)} was cut off after {self.watch.got:,} bytes, {left:,} are missing")


@contextlib.contextmanager
def opened(
    address: str, headers: Mapping[str, str], timeout: float, same_host: bool, resolve: Resolve
) -> Iterator[Reply]:
    """What answers at an address, after its redirects.

    Args:
        timeout: seconds without a byte.
        same_host: redirects to another host are an error.
        resolve: finds the addresses of a name.

    Raises:
        FetchError: it cannot be reached, or redirects where it may not.
    """
    first = before = _split(address)
    url, may_enter = address, _starts_inside(str(first.hostname), resolve)
    for hop in range(_REDIRECTS + 1):
        watch = Watch()
        try:
            response = _request(url, headers, timeout, resolve, watch, may_enter=may_enter or hop == 0)
            with contextlib.closing(response):
                if response.status not in (301, 302, 303, 307, 308):
                    yield Reply(response, url, watch)
                    return
        finally:
            watch.end()
        named = str(response.headers.get("Location", "")).encode("latin-1", "replace")  # as it was on the wire
        to = urllib.parse.urljoin(url, urllib.parse.quote(named, safe=string.punctuation))
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
    """Whether the first address is itself none of the public net; a name that stands for one of each is public."""
    try:
        return all(internal(entry[4][0]) for entry in resolve(host, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return False  # it is said when it is connected to


def _request(
    url: str, headers: Mapping[str, str], timeout: float, resolve: Resolve, watch: Watch, *, may_enter: bool
) -> Any:
    host = str(_split(url).hostname)
    if not may_enter and _names_inside(host):
        raise FetchError(f"a redirect leads to {host}, which is no public address")
    try:
        request = urllib.request.Request(_quoted(url), headers={"User-Agent": _AGENT, **headers})
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

    def __init__(self, host: str, *, resolve: Resolve, watch: Watch, may_enter: bool, **options: Any) -> None:
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
            secure = self._context.wrap_socket(  # type: ignore[attr-defined]
                plain, server_hostname=tunnel or self.host, do_handshake_on_connect=False
            )
        except BaseException:
            plain.close()
            raise
        self.sock = self._watch.connection = secure
        secure.do_handshake()


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


def _quoted(url: str) -> str:
    """An address as servers want it: people copy those with spaces and umlauts."""
    scheme, host, path, query, _ = urllib.parse.urlsplit(url)
    path, query = (urllib.parse.quote(part, safe=string.punctuation) for part in (path, query))
    return urllib.parse.urlunsplit((scheme, host, path, query, ""))


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
