"""How environments begin and end, and that nothing is left of those that ended.

R17  a process serves one invocation after another
R70  another takes its place when it has ended
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.invocation import InvocationResult
from kit.logged import LoggedServer
from kit.processes import children
from kit.under_test import await_that, build_function, invoke, pick_up, read_line, read_to_end

Serve = Callable[..., LoggedServer]
TESTS = Path(__file__).parents[1]
UNCLOSED = """
from berth.invoke.invoker import Invoker
from berth.runtime.environments import create_environments
from berth.settings import Settings
from kit.under_test import build_function, invoke

environments = create_environments(Settings(), output=2)
print(invoke(Invoker(environments), build_function("plain", "app.echo"), b"1").payload.decode())
"""


def _function(lifeline: socket.socket | None = None, handler: str = "handler", **changes: Any) -> Function:
    environment = {"LIFELINE": str(lifeline.getsockname()[1])} if lifeline else {}
    return build_function("lives", f"app.{handler}", environment=environment, **changes)


@pytest.mark.parametrize("ending", ["exit", "_exit", "segfault", "abort", "kill", "swallow"])
def test_started_programs_end_with_their_process_when_it_is_ended_by(
    invoker: Invoker, lifeline: socket.socket, ending: str
) -> None:
    function = _function(lifeline, "start_a_program")
    assert invoke(invoker, function, f'"{ending}"'.encode()).function_error == "Unhandled"
    with pick_up(lifeline) as line:
        assert read_to_end(line).endswith(b" on-demand\n")


@pytest.mark.parametrize("ending", ["return", "raise"])
def test_started_programs_end_with_their_server(serve: Serve, lifeline: socket.socket, ending: str) -> None:
    server = serve()
    server.invoke(_function(lifeline, "start_a_program"), f'"{ending}"'.encode())
    server.close()
    with pick_up(lifeline) as line:
        assert read_to_end(line).endswith(b" on-demand\n")


def test_started_programs_end_when_their_environment_makes_room(
    serve: Serve, lifeline: socket.socket
) -> None:
    server = serve(max_environments=1)
    server.invoke(_function(lifeline, "start_a_program"), b'"return"')
    server.invoke(build_function("plain", "app.echo"))
    with pick_up(lifeline) as line:
        assert read_to_end(line).endswith(b" on-demand\n")


def test_environment_is_ended_when_it_was_idle_for_idle_seconds(
    serve: Serve, lifeline: socket.socket
) -> None:
    server, function = serve(idle_seconds=1), _function(lifeline, "start_a_program")
    assert server.invoke(function, b'"return"') == InvocationResult(b"0")
    began = time.monotonic()
    with pick_up(lifeline) as line:
        assert read_to_end(line).endswith(b" on-demand\n")
    assert time.monotonic() - began > 0.9
    assert server.invoke(function, b'"return"') == InvocationResult(b"0")


def test_provisioned_environments_are_warm_before_any_invocation(
    serve: Serve, lifeline: socket.socket
) -> None:
    function = _function(lifeline, "process", provisioned_concurrency=2)
    server = serve(function, concurrency=2)
    server.environments.keep()
    with pick_up(lifeline) as one, pick_up(lifeline) as two:
        first, second = (read_line(line).split() for line in (one, two))
        assert first[1] == second[1] == b"provisioned-concurrency"
        assert {server.invoke(function).payload for _ in range(5)} <= {first[0], second[0]}
        lifeline.settimeout(0)  # nobody else came
        with pytest.raises(BlockingIOError):
            lifeline.accept()


def test_function_is_not_started_before_its_invocation_when_it_is_not_provisioned(
    serve: Serve, lifeline: socket.socket
) -> None:
    other = replace(_function(lifeline, provisioned_concurrency=1), name="other")
    function = _function(lifeline)
    server = serve(function, other)
    server.environments.keep()
    with pick_up(lifeline) as line:
        assert read_line(line).endswith(b" provisioned-concurrency")
        assert server.invoke(function, b'"return"') == InvocationResult(b"0")
        with pick_up(lifeline) as second:
            assert read_line(second).endswith(b" on-demand")


def test_provisioned_environment_is_made_warm_again_when_its_process_died(
    serve: Serve, lifeline: socket.socket
) -> None:
    function = _function(lifeline, provisioned_concurrency=1)
    server = serve(function, idle_seconds=1, concurrency=1)
    server.environments.keep()
    with pick_up(lifeline) as line:
        read_line(line)
        assert server.invoke(function, b'"kill"').function_error == "Unhandled"
        with pick_up(lifeline) as another:
            assert read_line(another).endswith(b" provisioned-concurrency")


def test_environment_whose_new_process_died_unused_is_replaced(serve: Serve) -> None:
    server, function = serve(), _function()
    assert server.invoke(function, b'"_exit"').function_error == "Unhandled"
    server.invoke(build_function("plain", "app.echo"))  # one thread starts all processes: it has done both
    (process,) = _processes_of(function)
    os.kill(process, signal.SIGKILL)
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has collected it
    assert server.invoke(function, b'"return"').value == 0


def _processes_of(function: Function) -> list[int]:
    variable = f"AWS_LAMBDA_FUNCTION_NAME={function.name}\0".encode()
    return [pid for pid in children(os.getpid()) if variable in Path(f"/proc/{pid}/environ").read_bytes()]


def test_provisioned_environment_is_kept_when_it_was_idle_for_idle_seconds(
    serve: Serve, lifeline: socket.socket
) -> None:
    kept = replace(_function(provisioned_concurrency=1), name="kept")
    server, other = serve(kept, idle_seconds=0.5), _function(lifeline)
    assert server.invoke(kept, b'"return"') == InvocationResult(b"0")
    assert server.invoke(other, b'"return"') == InvocationResult(b"0")
    with pick_up(lifeline) as line:
        read_to_end(line)  # it was used last, and is gone
    assert server.invoke(kept, b'"return"') == InvocationResult(b"1")


def test_import_that_fails_is_told_once_when_it_was_provisioned(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    environment = {"AT_IMPORT": "raise"}
    function = build_function("writes_logs", "app.prints", environment=environment, provisioned_concurrency=1)
    server = serve(function, idle_seconds=0.2)
    server.environments.keep()
    await_that(lambda: caplog.messages)
    assert server.invoke(function).value["errorMessage"] == "no such table"
    server.close()
    assert caplog.messages == [
        "writes_logs: provisioned concurrency: ValueError: no such table",
    ]


def test_nothing_is_left_of_many_processes_that_crashed(serve: Serve) -> None:
    server = serve()
    functions = [replace(_function(), name=f"function-{number}") for number in range(4)]

    def run(function: Function, endings: list[bytes]) -> list[str | None]:
        return [server.invoke(function, ending).function_error for ending in endings]

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(run, functions, [[b'"kill"', b'"return"']] * 4))
        before = _belongings()
        crashed = list(threads.map(run, functions, [[b'"kill"', b'"exit"'] * 3] * 4))
        assert crashed == [["Unhandled"] * 6] * 4
        await_that(lambda: _nothing_is_left(before))


def test_nothing_is_left_of_servers_that_ended(serve: Serve) -> None:
    def run() -> None:
        server = serve()
        server.invoke(_function(), b'"exit"')
        server.close()

    run()
    before = _belongings()
    for _ in range(5):
        run()
    # The thread that removes temporary folders may still have one of them open.
    await_that(lambda: _nothing_is_left(before))


def test_nothing_is_left_of_a_server_that_exits_without_closing(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": f"{TESTS}", "TMPDIR": f"{tmp_path}"}
    program = [sys.executable, "-c", UNCLOSED]
    server = subprocess.run(program, env=environ, capture_output=True, timeout=30, check=True)
    assert server.stdout == b"1\n"
    assert list(tmp_path.iterdir()) == []


def _nothing_is_left(before: dict[str, int]) -> bool:
    return all(count <= before[kind] for kind, count in _belongings().items())


def _belongings() -> dict[str, int]:
    """How many descriptors, threads and child processes, zombies included, this process has."""
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "children": len(children(os.getpid())),
    }
