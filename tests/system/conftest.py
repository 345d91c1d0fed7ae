"""What tests of real servers share."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from servers import write_function

_WAITS = """
import os, time

def handler(event, context):
    print("waiting")
    time.sleep(float(event["pathParameters"]["seconds"]))
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
