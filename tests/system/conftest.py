"""What tests of real servers share."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from kit.servers import Reply, Server, start_gunicorn, write_function

_WAITS = """
import os, time

def handler(event, context):
    print("waiting")
    seconds = event["pathParameters"]["seconds"]
    while seconds == "go" and not os.path.exists("go"):
        time.sleep(0.01)
    time.sleep(0 if seconds == "go" else float(seconds))
    return {"statusCode": 200, "body": str(os.getpid())}
"""


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Threads for requests that take long; their ends are awaited."""
    with ThreadPoolExecutor(64) as executor:
        yield executor


@pytest.fixture
def temp(project: Path) -> Path:
    """A temporary folder for one server alone."""
    folder = project / "temp"
    folder.mkdir()
    return folder


@pytest.fixture
def waiting(project: Path) -> Path:
    """A project with one function: it prints "waiting", waits and answers its process id."""
    write_function(project, "waits", _WAITS, "GET /wait/{seconds}", timeout=900)
    return project


@pytest.fixture
def go(waiting: Path) -> Path:
    """The file for which every call of /wait/go waits."""
    return waiting / "functions" / "waits" / "go"


@dataclass
class LongCall:
    """A call of a handler that takes 70 seconds, and the health checks meanwhile."""

    answer: "Future[tuple[Reply, float]]"
    health: "Future[list[int]]"


@pytest.fixture(scope="session", autouse=True)
def long_call(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LongCall | None]:
    """Begin a long call with the first of these tests; one of the last tests looks at its answer."""
    if not any(item.path.name == "test_long_handler.py" for item in request.session.items):
        yield None
        return
    project = tmp_path_factory.mktemp("long")
    (project / "manifests").mkdir()
    (project / "manifests" / "dev.json").write_text("{}")
    write_function(project, "waits", _WAITS, "GET /wait/{seconds}", timeout=120)
    with start_gunicorn(project) as server, ThreadPoolExecutor(2) as executor:
        over = threading.Event()
        answer = executor.submit(_call_for_long, server)
        yield LongCall(answer, executor.submit(_check_health, server, over))
        over.set()
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == 0


def _call_for_long(server: Server) -> tuple[Reply, float]:
    began = time.monotonic()
    return server.get("/wait/70", timeout=100), time.monotonic() - began


def _check_health(server: Server, over: threading.Event) -> list[int]:
    statuses = []
    while len(statuses) < 100 and not over.wait(0.6):
        statuses.append(server.get("/_berth/health/live", timeout=5).status)
    return statuses
