"""Requests to addresses that a manifest names, which must not lead into the network of the server."""

import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from http.client import HTTP_PORT, HTTPS_PORT, HTTPConnection, HTTPException
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from berth.errors import DeliveryFailed

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_SECONDS = 10.0  # from the first connection to the last byte of the answer
_MOST_BYTES = 64 * 1024  # of an answer, of which nothing but the status is used
# https://www.iana.org/assignments/ipv6-unicast-address-assignments
_GLOBAL_IPV6 = ip_network("2000::/3")
# Networks of which some versions of Python say that they are global: others stand behind their addresses,
# or a cloud's own services.
_NOT_PUBLIC = tuple(
    ip_network(each)
    for each in (
        "2001::/23",  # Teredo among others
        "2002::/16",  # 6to4
        "100.64.0.0/10",
        "168.63.129.16/32",  # Azure's host
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
    )
)


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool = False,
    seconds: float = _SECONDS,
) -> None:
    """Send a POST request; raises DeliveryFailed unless the answer's status is 2xx within so many seconds.

    The host is looked up once, and the connection goes to an address that was found then: a name cannot
    lead elsewhere after it was checked. No redirect is followed, and no proxy is asked.
    """
    parts = _split(url, allow_private=allow_private)
    host, port = str(parts.hostname), parts.port or _default_port(parts)
    addresses = [each for each in _look_up(host, port) if allow_private or is_public(each)]
    if not addresses:
        raise DeliveryFailed(f"{host} has no public address", is_final=True)
    deadline = time.monotonic() + seconds
    try:
        link = _connect(addresses, port, deadline)
        if parts.scheme == "https":
            link = _secure(link, host, deadline)
        status = _exchange(link, parts, body, headers)
    except (OSError, HTTPException, ValueError) as failed:
        raise DeliveryFailed(f"{host}: {failed!r}") from failed
    if not 200 <= status < 300:
        raise DeliveryFailed(f"{host} answered with status {status}")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet, and stands for no other as those of NAT64 do."""
    ip = ip_address(address.partition("%")[0])
    if (
        not ip.is_global
        or ip.is_multicast
        or any(ip.version == net.version and ip in net for net in _NOT_PUBLIC)
    ):
        return False
    return ip.version == 4 or (ip in _GLOBAL_IPV6 and "%" not in address)


def _split(url: str, *, allow_private: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_known = parts.scheme == "https" or (allow_private and parts.scheme + "s" == "https")
        if is_known and parts.hostname and parts.username is None and parts.port != 0:
            return parts
    except ValueError as wrong:
        raise DeliveryFailed(f"its address is none: {wrong}", is_final=True) from wrong
    raise DeliveryFailed("its address is no https address", is_final=True)


def _default_port(parts: SplitResult) -> int:
    return HTTPS_PORT if parts.scheme == "https" else HTTP_PORT


def _look_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failed:
        raise DeliveryFailed(f"{host} cannot be looked up: {failed}") from failed
    return [str(sockaddr[0]) for *_, sockaddr in found]


def _connect(addresses: Sequence[str], port: int, deadline: float) -> socket.socket:
    """Connect to the first of these addresses that accepts a connection."""
    for each in addresses[:-1]:
        with suppress(OSError):
            return _Link((each, port), deadline)
    return _Link((addresses[-1], port), deadline)


def _exchange(link: socket.socket, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> int:
    """Send one request over a connection: the status of its answer."""
    connection = HTTPConnection(str(parts.hostname), parts.port or _default_port(parts))
    connection.default_port = _default_port(parts)  # which stands in no Host header
    connection.sock = link
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    with closing(connection):
        connection.request("POST", target, body, {**headers, "Connection": "close"})
        with connection.getresponse() as response:
            response.read(_MOST_BYTES)
            return response.status


def _secure(link: socket.socket, host: str, deadline: float) -> socket.socket:
    """Begin TLS with a server that proves to be the host of the address."""
    context = ssl.create_default_context()
    context.sslsocket_class = _TlsLink
    secure = context.wrap_socket(link, server_hostname=host)
    assert isinstance(secure, _TlsLink)
    secure.deadline = deadline
    return secure


class _Link(socket.socket):
    """A connection whose reads and writes end at one moment, however slowly the bytes go."""

    def __init__(self, address: tuple[str, int], deadline: float) -> None:
        connected = socket.create_connection(address, _seconds_until(deadline))
        super().__init__(connected.family, connected.type, connected.proto, connected.detach())
        self.settimeout(_seconds_until(deadline))
        self.deadline = deadline

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(_seconds_until(self.deadline))
        return super().recv_into(buffer, nbytes, flags)


class _TlsLink(ssl.SSLSocket):
    """The same inside TLS."""

    deadline = 0.0

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(_seconds_until(self.deadline))
        return super().recv_into(buffer, nbytes, flags)

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
        self.settimeout(_seconds_until(self.deadline))
        return super().send(data, flags)


def _seconds_until(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds
