"""What a long queue costs others: another function's event, a synchronous request, the server's memory."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.load import Address
from bench.report import print_table, quantile
from bench.samples import ROOT, write_event_project
from bench.server import Command, Server, running
from bench.soak_server import ServerProcesses
from bench.stores import stores

_LIVE = b"GET /_berth/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
_SLOW = "import time\n\ndef handler(event, context):\n    time.sleep(2)\n    return {'statusCode': 200}\n"
_QUICK = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'ok'}\n"
_EVENT = {"X-Amz-Invocation-Type": "Event"}
_REQUESTS = 100
# The bounds that the manual promises.
_MOST_START_SECONDS, _MOST_REQUEST_SECONDS, _MOST_MIB = 10.0, 2.0, 80.0


def measure_bounds(folder: Path, backlog: int, queued: int, kind: str = "sqlite") -> bool:
    """Measure with so many slow events in the queue, and with so many that wait; whether all bounds hold.

    `kind` is the kind of the queue. moto, which imitates SQS, is too slow for the second number.
    """
    rows = []
    with (
        stores(folder, kind) as settings,
        _serving(environ := {**_write_project(folder), **settings}) as server,
    ):
        memory = _Memory(server, folder)
        _enqueue(server.address, environ, "slow", backlog)
        start = max(_seconds_to_start(server.address) for _ in range(5))
        requests = [_seconds(lambda: _send(server.address, "GET", "/quick")) for _ in range(_REQUESTS)]
        rows.append(("another function's event starts, s, slowest of 5", start, _MOST_START_SECONDS))
        rows.append(
            (f"a request is answered, s, slowest of {_REQUESTS}", max(requests), _MOST_REQUEST_SECONDS)
        )
        rows.append(("the same, median", quantile(requests, 0.5), _MOST_REQUEST_SECONDS))
        if kind != "sqlite":
            queued = backlog
        else:
            _enqueue(server.address, environ, "slow", queued - backlog)
        rows.append((f"memory of the server with {queued} queued, MiB more", memory.grown(), _MOST_MIB))
    print_table(
        f"while {backlog} events of 2 s wait",
        ("", "measured", "bound"),
        [(name, f"{value:.2f}", f"{bound:g}") for name, value, bound in rows],
    )
    return all(value < bound for _, value, bound in rows)


def _write_project(folder: Path) -> dict[str, str]:
    return write_event_project(
        folder,
        {
            name: (source, {"timeout": 30, "routes": [{"method": "GET", "path": f"/{name}"}]})
            for name, source in (("slow", _SLOW), ("quick", _QUICK))
        },
    )


@contextmanager
def _serving(environ: dict[str, str]) -> Iterator[Server]:
    with running(Command(("wsgi:app",), ROOT, environ), _LIVE) as server:
        yield server


class _Memory:
    """How much more memory the worker has than once it had served its first requests."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._processes = ServerProcesses(server.pid, folder)
        for path in ("/quick", "/slow"):
            _send(server.address, "GET", path)
        self._before = self._megabytes()

    def grown(self) -> float:
        """MiB."""
        return (self._megabytes() - self._before) * 1e6 / 2**20

    def _megabytes(self) -> float:
        vitals = self._processes.vitals()
        assert vitals is not None, "the worker has ended"
        return vitals.megabytes


def _enqueue(address: Address, environ: dict[str, str], function: str, count: int) -> None:
    """Send so many events to the Invoke API over eight connections."""
    program = [sys.executable, "-m", "bench.event_peers.generator", "bench.event_peers.berth_http"]
    variables = {"BENCH_PORT": str(address[1]), "BENCH_FUNCTION": function, "PYTHONPATH": str(ROOT)}
    command = [*program, str(count), "8"]
    subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environ, **variables}, stdout=subprocess.DEVNULL, check=True
    )


def _seconds_to_start(address: Address) -> float:
    """How long an event of the other function has waited for its start."""
    _, headers, _ = _send(address, "POST", "/2015-03-31/functions/quick/invocations", _EVENT)
    page: dict[str, Any] = {}
    while page.get("startedAt") is None:
        _, _, body = _send(address, "GET", f"/_berth/invocations/{headers['x-amzn-requestid']}")
        page = json.loads(body)
    created, started = (datetime.fromisoformat(page[key]) for key in ("createdAt", "startedAt"))
    return (started - created).total_seconds()


def _seconds(task: Callable[[], Any]) -> float:
    began = time.perf_counter()
    task()
    return time.perf_counter() - began


def _send(
    address: Address, method: str, path: str, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(*address, timeout=60)
    try:
        connection.request(method, path, b"{}" if method == "POST" else None, headers or {})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status in {200, 202}, (answer.status, body)
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body
    finally:
        connection.close()
