"""Several invocations at one time.

R76  never two of them in one process
R77  as many environments as invocations, up to the limits; beyond them throttled at once
R78  a limit of 0
R79  a thread that a handler leaves behind
R80  functions do not wait for each other
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from berth.errors import Throttled
from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.invocation import InvocationResult
from kit.logged import LoggedServer
from kit.under_test import build_function, invoke, pick_up, read_line, read_to_end

Serve = Callable[..., LoggedServer]


def _calling(lifeline: socket.socket, handler: str = "wait", **changes: Any) -> Function:
    environment = {"LIFELINE": str(lifeline.getsockname()[1])}
    return build_function("calls_in", f"app.{handler}", environment=environment, **changes)


@contextmanager
def _running(
    invoker: Invoker, function: Function, lifeline: socket.socket, count: int
) -> Iterator[tuple[list[bytes], list["Future[InvocationResult]"]]]:
    """So many invocations in the middle of their handlers, their processes told; they end with the block."""
    with ThreadPoolExecutor(count) as threads, ExitStack() as stack:
        results = [threads.submit(invoke, invoker, function) for _ in range(count)]
        lines = [stack.enter_context(pick_up(lifeline)) for _ in range(count)]
        yield [read_line(line) for line in lines], results
        for line in lines:
            line.sendall(b"go on")


def test_invocations_at_one_time_have_a_process_each_up_to_the_limit(
    invoker: Invoker, lifeline: socket.socket
) -> None:
    with _running(invoker, _calling(lifeline), lifeline, 4) as (processes, results):
        assert len(set(processes)) == 4
    assert [result.result() for result in results] == [InvocationResult(b'"go on"')] * 4


def test_processes_are_used_again_when_their_invocations_are_over(
    invoker: Invoker, lifeline: socket.socket
) -> None:
    function = _calling(lifeline)
    with _running(invoker, function, lifeline, 3) as (first, _):
        pass
    with _running(invoker, function, lifeline, 3) as (second, _):
        pass
    assert sorted(first) == sorted(second)


def test_no_two_invocations_overlap_in_one_process(invoker: Invoker) -> None:
    function = build_function("calls_in", "app.count_overlaps")
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda _: invoke(invoker, function).value, range(400)))
    assert {running for running, _ in results} == {1}
    assert 1 <= len({process for _, process in results}) <= 4


def test_function_is_throttled_at_once_when_its_reserved_concurrency_is_used_up(
    invoker: Invoker, lifeline: socket.socket
) -> None:
    function = _calling(lifeline, reserved_concurrency=2)
    with _running(invoker, function, lifeline, 2) as (processes, _):
        assert len(set(processes)) == 2
        with pytest.raises(Throttled, match="calls_in was throttled by its reserved concurrency of 2"):
            invoke(invoker, function)
        assert invoke(invoker, build_function("plain", "app.echo"), b"1") == InvocationResult(b"1")
    with _running(invoker, function, lifeline, 2) as (again, _):
        assert sorted(again) == sorted(processes)


def test_function_is_throttled_and_never_started_when_its_reserved_concurrency_is_0(
    serve: Serve, lifeline: socket.socket
) -> None:
    function = _calling(lifeline, reserved_concurrency=0)
    server = serve()
    for _ in range(2):
        with pytest.raises(Throttled, match="its reserved concurrency of 0"):
            server.invoke(function)
    assert server.close() == b""


def test_invocation_beyond_the_servers_limit_is_throttled_when_no_slot_comes_free(
    serve: Serve, lifeline: socket.socket
) -> None:
    server, function = serve(wait_seconds=0.05), _calling(lifeline)
    with _running(server.invoker, function, lifeline, 4):
        began = time.monotonic()
        with pytest.raises(Throttled, match="the server's limit of 4 invocations at one time"):
            server.invoke(function)
        assert time.monotonic() - began >= 0.05


def test_invocation_beyond_the_servers_limit_runs_when_a_slot_comes_free(
    invoker: Invoker, lifeline: socket.socket
) -> None:
    function = _calling(lifeline)
    with ThreadPoolExecutor(1) as threads:
        with _running(invoker, function, lifeline, 4):
            fifth = threads.submit(invoke, invoker, function)
        with pick_up(lifeline) as line:
            line.sendall(b"at last")
        assert fifth.result(10) == InvocationResult(b'"at last"')


def test_response_does_not_wait_for_a_thread_that_the_handler_left_behind(
    invoker: Invoker, lifeline: socket.socket
) -> None:
    function = _calling(lifeline, "leave_a_thread")
    assert invoke(invoker, function) == InvocationResult(b'"returned"')
    with pick_up(lifeline) as line:
        first = read_line(line)
        assert invoke(invoker, function) == InvocationResult(b'"returned"')
        with pick_up(lifeline) as other:
            assert read_line(other) == first
        line.sendall(b"still there?")
        assert line.recv(64) == b"still there?"


def test_function_answers_while_others_are_slow(serve: Serve, lifeline: socket.socket) -> None:
    slow, other = _calling(lifeline), build_function("plain", "app.echo")
    server = serve(slow, other)
    with _running(server.invoker, slow, lifeline, 3):
        assert server.invoke(other, b"1") == InvocationResult(b"1")


def test_environment_lives_on_when_the_thread_that_asked_for_it_has_ended(
    invoker: Invoker, lifeline: socket.socket
) -> None:
    function = _calling(lifeline, "leave_a_thread")
    processes: list[bytes] = []
    for _ in range(3):
        requester = threading.Thread(target=invoke, args=[invoker, function])
        requester.start()
        requester.join()
        with pick_up(lifeline) as line:
            processes.append(read_line(line))
    assert len(set(processes)) == 1


def test_environments_end_with_their_server_whatever_they_do(serve: Serve, lifeline: socket.socket) -> None:
    server, function = serve(), _calling(lifeline)
    with ThreadPoolExecutor(2) as threads:
        results = [threads.submit(server.invoke, function) for _ in range(2)]
        lines = [pick_up(lifeline) for _ in range(2)]
        server.close()
        for line in lines:
            read_to_end(line)
            line.close()
        payload = (
            b'{"errorType":"Runtime.ExitError","errorMessage":'
            b'"RequestId: <id> Error: Runtime exited with error: signal: killed"}'
        )
        assert [result.result(10) for result in results] == [InvocationResult(payload, "Unhandled")] * 2
