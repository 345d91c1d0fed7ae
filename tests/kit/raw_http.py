"""HTTP below any client library: the bytes of a request as they are, the first response to it."""

import contextlib
import http.client
import socket

from kit.servers import Reply


def exchange(port: int, request: bytes, method: str = "GET") -> Reply:
    """Send bytes to a server and read one response; a server may answer before it has read it all."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        return _read_reply(connection, method)


def conversation(port: int, requests: list[tuple[str, bytes]]) -> list[Reply]:
    """Send requests (method, bytes) one after the other on one connection."""
    replies = []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for method, request in requests:
            connection.sendall(request)
            replies.append(_read_reply(connection, method))
    return replies


def chunked(data: bytes, size: int = 65536) -> bytes:
    """A body in chunks."""
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def _read_reply(connection: socket.socket, method: str) -> Reply:
    response = http.client.HTTPResponse(connection, method=method)
    try:
        response.begin()
        return Reply(response.status, response.getheaders(), response.read())
    finally:
        response.close()
