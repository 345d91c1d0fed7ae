"""Berth's Invoke API over HTTP."""

import http.client
import os
import threading
from typing import Any

_PATH = f"/2015-03-31/functions/{os.environ.get('BENCH_FUNCTION', 'empty')}/invocations"
_HEADERS = {"X-Amz-Invocation-Type": "Event"}
_own = threading.local()


def enqueue() -> Any:
    """Send one event to the Invoke API over a connection that this thread keeps."""
    if not hasattr(_own, "connection"):
        _own.connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["BENCH_PORT"]))
    _own.connection.request("POST", _PATH, b"{}", _HEADERS)
    with _own.connection.getresponse() as answer:
        answer.read()
        assert answer.status == 202, answer.status
