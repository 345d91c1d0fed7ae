"""Berth's Invoke API over HTTP."""

import os
import socket
import threading

_ADDRESS = ("127.0.0.1", int(os.environ["BENCH_PORT"]))
_FUNCTION = os.environ.get("BENCH_FUNCTION", "empty")
_REQUEST = (
    f"POST /2015-03-31/functions/{_FUNCTION}/invocations HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\nX-Amz-Invocation-Type: Event\r\nContent-Length: 2\r\n\r\n{}"
).encode()
_own = threading.local()


def enqueue() -> None:
    """Send one event over a connection that this thread keeps; the answer has no body."""
    if not hasattr(_own, "connection"):
        _own.connection = socket.create_connection(_ADDRESS)
    _own.connection.sendall(_REQUEST)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        received = _own.connection.recv(65536)
        assert received, "the server hung up"
        answer += received
    assert answer.startswith(b"HTTP/1.1 202 "), answer
