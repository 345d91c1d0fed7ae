"""What the contract's tests share: environments that are closed whatever happens, and a line to functions."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.runtime.environments import create_environments
from berth.settings import Settings
from kit.logged import LoggedServer
from kit.under_test import kernel_under_test


def _settings(**changes: Any) -> Settings:
    """Few slots; what the interpreter needs is passed on to functions."""
    passed_on = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    fields: dict[str, Any] = {"concurrency": 4, "max_environments": 4, "starts": 2, "passed_on": passed_on}
    fields["check"] = "off"  # tests count processes
    # BERTH_SANDBOX=files pytest tests/contract: every sandbox must let a function do what it rightly does.
    fields["sandbox"] = os.environ.get("BERTH_SANDBOX", "auto")
    return Settings(**fields | changes)


@pytest.fixture
def invoker() -> Iterator[Invoker]:
    """The one door to environments of this test's own."""
    environments = create_environments(_settings(), kernel=kernel_under_test())
    yield Invoker(environments)
    environments.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., LoggedServer]]:
    """Make servers for functions, with other settings if need be, whose log can be read."""
    with ExitStack() as servers:

        def serve_functions(*functions: Function, **settings: Any) -> LoggedServer:
            file = tmp_path / f"log-{os.urandom(4).hex()}"
            return servers.enter_context(LoggedServer(_settings(**settings), functions, file))

        yield serve_functions


@pytest.fixture
def lifeline() -> Iterator[socket.socket]:
    """Where functions connect to: the connection ends with the last process that holds it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server
