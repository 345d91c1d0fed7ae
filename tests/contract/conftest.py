"""What the contract's tests share: a pool that is closed whatever happens, and a line to functions."""

import os
import socket
from collections.abc import Iterator

import pytest

from app.invoke import Invoker
from app.runtime.kinds import create_pool
from app.settings import Settings


@pytest.fixture
def invoker() -> Iterator[Invoker]:
    """The one door to a pool of this test's own."""
    passed_on = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    pool = create_pool(Settings(concurrency=4, max_environments=4, starts=2, passed_on=passed_on))
    yield Invoker(pool)
    pool.close()


@pytest.fixture
def lifeline() -> Iterator[socket.socket]:
    """Where functions connect to: the connection ends with the last process that holds it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server
