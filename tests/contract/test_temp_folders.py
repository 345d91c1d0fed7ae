"""The temporary folder of an environment: it belongs to one environment and is removed with it.

R41  writable, kept between invocations (and a row)
R70  kept when the process is replaced after an exit, a crash or for want of memory
R72  kept after a timeout
R73  kept after an error
"""

import os
import socket
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from kit.logged import LoggedServer
from kit.under_test import await_that, build_function, invoke, pick_up

Serve = Callable[..., LoggedServer]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder with a file that may not be removed."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    (folder / "precious").touch()
    return folder


@pytest.fixture
def function(scratch: Path) -> Function:
    """It writes a file with each invocation."""
    environment = {"SCRATCH": str(scratch)}
    return build_function("keeps_files", "app.handler", environment=environment)


def _place(server: LoggedServer, name: str = "keeps_files") -> Path:
    """The temporary folder of the environment that would serve next."""
    function = replace(build_function("keeps_files", "app.place"), name=name)
    return Path(server.invoke(function).value[0])


@pytest.mark.parametrize("ending", ["exit", "_exit", "kill", "sleep", "swallow"])
def test_files_are_kept_and_globals_are_new_when_a_process_is_ended_by(
    invoker: Invoker, function: Function, ending: str
) -> None:
    function = replace(function, timeout=1 if ending == "sleep" else 10)
    assert invoke(invoker, function, b"null").value == [0, ["file 0"]]
    assert invoke(invoker, function, f'"{ending}"'.encode()).function_error == "Unhandled"
    assert invoke(invoker, function, b"null").value == [0, ["file 0", "file 1", "file 2"]]


def test_files_and_globals_are_kept_when_a_handler_raises(invoker: Invoker, function: Function) -> None:
    assert invoke(invoker, function, b"null").value == [0, ["file 0"]]
    assert invoke(invoker, function, b'"raise"').function_error == "Unhandled"
    assert invoke(invoker, function, b"null").value == [1, ["file 0", "file 1", "file 2"]]


def test_folder_is_the_users_alone(invoker: Invoker) -> None:
    _, mode, is_owner = invoke(invoker, build_function("keeps_files", "app.place")).value
    assert (mode, is_owner) == ("0o700", True)


def test_environments_of_one_function_have_a_folder_each(invoker: Invoker, lifeline: socket.socket) -> None:
    environment = {"LIFELINE": str(lifeline.getsockname()[1])}
    function = build_function("calls_in", "app.wait_with_folder", environment=environment)
    with ThreadPoolExecutor(2) as threads:
        results = [threads.submit(invoke, invoker, function) for _ in range(2)]
        with pick_up(lifeline) as one, pick_up(lifeline) as two:
            one.sendall(b"go on")
            two.sendall(b"go on")
        assert len({result.result(10).payload for result in results}) == 2


def test_folder_is_removed_when_its_server_ends(serve: Serve) -> None:
    server = serve()
    folder = _place(server)
    assert folder.is_dir()
    server.close()
    assert not folder.exists()
    assert not folder.parent.exists()


def test_folder_is_removed_when_its_environment_makes_room(serve: Serve) -> None:
    server = serve(max_environments=1)
    folder = _place(server)
    other = _place(server, "other")
    await_that(lambda: not folder.exists())
    assert other.is_dir()


def test_folder_is_removed_when_its_environment_was_idle_for_long(serve: Serve) -> None:
    folder = _place(serve(idle_seconds=0.2))
    await_that(lambda: not folder.exists())


def test_locked_folder_is_removed_and_no_link_is_followed(
    serve: Serve, function: Function, scratch: Path
) -> None:
    others = _roots()  # of servers that run for several tests
    server = serve()
    assert server.invoke(function, b'"lock up"').function_error is None
    assert _roots() > others
    server.close()
    assert os.listdir(scratch) == ["precious"]
    assert _roots() == others


def _roots() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("berth-environments-*"))
