"""What one environment may use of the machine: memory, processes and threads, descriptors.

R69  a process that used too much memory is killed, and the caller is told
R70  the next invocation has a new process and the old temporary folder
"""

import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.invocation import InvocationResult
from kit.logged import LoggedServer
from kit.rows.faults import KILLED
from kit.rows.row import UNHANDLED
from kit.under_test import build_function, invoke, pick_up, read_line, read_to_end

Serve = Callable[..., LoggedServer]

OUT_OF_MEMORY = InvocationResult(
    b'{"errorType":"Runtime.OutOfMemory","errorMessage":'
    b'"RequestId: <id> Error: Runtime exited with error: signal: killed"}',
    UNHANDLED,
)


@pytest.fixture
def function(lifeline: socket.socket, tmp_path: Path) -> Callable[..., Function]:
    """Build a function of `uses_much`, with 128 MB unless told otherwise."""
    environment = {"LIFELINE": str(lifeline.getsockname()[1]), "SCRATCH": str(tmp_path)}

    def build(handler: str, **changes: Any) -> Function:
        built = build_function("uses_much", f"app.{handler}", environment=environment, **changes)
        return replace(built, name=handler)

    return build


@pytest.fixture
def hog() -> Function:
    """It ends for want of memory, and by then the memory limiter has looked at every environment."""
    return replace(build_function("uses_much", "app.swallow"), name="hog")


def test_function_is_killed_and_told_so_when_it_uses_more_than_its_memory_size(
    invoker: Invoker, hog: Function
) -> None:
    assert [invoke(invoker, hog, event) for event in (b"0", b"200", b"0")] == [
        InvocationResult(b"0"),
        OUT_OF_MEMORY,
        InvocationResult(b"0"),
    ]


def test_memory_is_told_in_the_report_when_it_ran_out(serve: Serve, hog: Function) -> None:
    tail = serve().invoke(hog, b"200").log_tail
    assert b"\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t" in tail
    assert b"\tStatus: error\tError Type: Runtime.OutOfMemory\n" in tail
    assert tail.endswith(b" Error: Runtime exited with error: signal: killed\nRuntime.OutOfMemory\n")


# What each function does, its event, its answer once it is told to go on, and its manifest.
WITHIN_LIMITS: list[tuple[str, bytes, bytes, dict[str, Any]]] = [
    ("hold", b"1", b'"well"', {}),
    ("hold", b"80", b'"well"', {}),
    ("hold", b"300", b'"well"', {"memory_size": 512}),
    ("reserve", b"4096", b'"well"', {}),
    ("share_with_forks", b"77", b'"well"', {}),
    ("start_threads", b"500", b'[500, "well"]', {}),
    ("read_a_file", b"300", b'[0, "well"]', {}),
]


def test_functions_are_left_alone_while_they_stay_within_their_limits(
    serve: Serve,
    lifeline: socket.socket,
    function: Callable[..., Function],
    hog: Function,
    tmp_path: Path,
    subtests: pytest.Subtests,
) -> None:
    """All of them run while another one is found out, twice."""
    with (tmp_path / "large").open("wb") as large:
        large.truncate(300 * 1024 * 1024)
    rows = WITHIN_LIMITS[: -1 if _is_in_memory(tmp_path) else None]
    server = serve(concurrency=8, max_environments=8)
    with ThreadPoolExecutor(len(rows)) as threads, ExitStack() as stack:
        running = [
            threads.submit(server.invoke, function(handler, **manifest), event)
            for handler, event, _, manifest in rows
        ]
        lines = [stack.enter_context(pick_up(lifeline)) for _ in rows]
        for line in lines:
            read_line(line)
        assert [server.invoke(hog, b"200") for _ in range(2)] == [OUT_OF_MEMORY] * 2
        for line in lines:
            line.sendall(b"well")
        for (handler, event, payload, _), result in zip(rows, running, strict=True):
            with subtests.test(f"{handler} {event.decode()}"):
                assert result.result(10) == InvocationResult(payload)


def _is_in_memory(folder: Path) -> bool:
    """Whether the pages of a file in this folder are memory of the process that reads them."""
    return subprocess.check_output(["stat", "-f", "-c", "%T", folder], text=True) == "tmpfs\n"


def test_function_is_killed_when_its_import_uses_more_than_its_memory_size(serve: Serve) -> None:
    hog = build_function("uses_much", "app.swallow", environment={"AT_IMPORT": "200"})
    server = serve()
    assert [server.invoke(hog, b"0") for _ in range(2)] == [OUT_OF_MEMORY] * 2
    reports = [
        line.partition("\t")[2] for line in server.end().splitlines() if line.startswith("INIT_REPORT")
    ]
    assert reports == [
        "Phase: init\tStatus: error\tError Type: Runtime.OutOfMemory",
        "Phase: invoke\tStatus: error\tError Type: Runtime.OutOfMemory",
    ]


def test_environments_of_one_function_have_the_limit_each(
    invoker: Invoker, lifeline: socket.socket, function: Callable[..., Function], hog: Function
) -> None:
    held = function("hold")
    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(invoke, invoker, held, b"80") for _ in range(2)]
        with pick_up(lifeline) as one, pick_up(lifeline) as two:
            assert read_line(one) != read_line(two)
            assert invoke(invoker, hog, b"200") == OUT_OF_MEMORY
            one.sendall(b"well")
            two.sendall(b"well")
        assert [result.result(10) for result in running] == [InvocationResult(b'"well"')] * 2


def test_memory_of_a_started_program_counts_and_it_is_killed_too(
    invoker: Invoker, lifeline: socket.socket, function: Callable[..., Function]
) -> None:
    assert invoke(invoker, function("hold_in_a_grandchild"), b"200") == OUT_OF_MEMORY
    with pick_up(lifeline) as line:
        assert read_to_end(line) == b""


def test_function_is_left_alone_when_it_starts_programs_while_holding_most_of_its_memory(
    invoker: Invoker, function: Callable[..., Function]
) -> None:
    assert invoke(invoker, function("fork_many_times"), b"90") == InvocationResult(b'"lived"')


def test_idle_environment_is_replaced_when_it_takes_too_much_memory(
    invoker: Invoker, lifeline: socket.socket, function: Callable[..., Function]
) -> None:
    swelling = function("swallow_afterwards")
    assert invoke(invoker, swelling, b"200") == InvocationResult(b"0")
    with pick_up(lifeline) as line:
        line.sendall(b"!")
        assert read_to_end(line) == b""
    assert invoke(invoker, swelling, b"200") == InvocationResult(b"0")


def test_function_is_killed_when_it_has_more_than_1024_threads(
    invoker: Invoker, lifeline: socket.socket, function: Callable[..., Function]
) -> None:
    threaded = function("start_threads", memory_size=1024)
    assert invoke(invoker, threaded, b"1030") == InvocationResult(KILLED, UNHANDLED)


def test_function_may_have_1024_descriptors(invoker: Invoker, function: Callable[..., Function]) -> None:
    assert invoke(invoker, function("descriptors")) == InvocationResult(b"[1024, 1024]")
    assert invoke(invoker, function("open_descriptors")) == InvocationResult(b'["Too many open files", true]')


def test_function_inherits_its_streams_and_its_own_socket_alone(
    invoker: Invoker, function: Callable[..., Function]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as of_the_server:
        of_the_server.set_inheritable(True)
        assert invoke(invoker, function("inherited_descriptors")) == InvocationResult(
            b'["/dev/null", "pipe", "pipe", "pipe", "socket"]'
        )
