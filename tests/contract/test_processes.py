"""A function's other processes, threads and descriptors cannot disturb its environment.

R67  an exit is noticed though another process holds the socket
R70  a process that died idle is replaced
R71  a timeout counts whatever was closed, and for processes that were started
"""

import os
import socket
import time

import pytest

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.invocation import InvocationResult
from kit.rows.faults import STATUS_1, STATUS_3, TIMED_OUT
from kit.rows.row import UNHANDLED
from kit.under_test import build_function, invoke, pick_up, read_to_end


def test_forked_process_neither_answers_nor_disturbs_when_it_returns_from_the_handler(
    invoker: Invoker,
) -> None:
    function = build_function("starts_processes", "app.fork_and_return")
    results = [invoke(invoker, function, event) for event in (b"null", b'"raise"', b"null")]
    assert results == [
        InvocationResult(b'["parent", 0, []]'),
        InvocationResult(b'["parent", 1, [0]]'),
        InvocationResult(b'["parent", 2, [0]]'),
    ]


def test_death_is_noticed_at_once_when_a_forked_process_keeps_the_socket_open(
    invoker: Invoker, lifeline: socket.socket
) -> None:
    function = _function_on("app.fork_and_die", lifeline, timeout=25)
    started = time.monotonic()
    assert invoke(invoker, function) == InvocationResult(STATUS_3, UNHANDLED)
    assert time.monotonic() - started < 30
    with pick_up(lifeline) as connection:
        assert read_to_end(connection) == b"forked"


def test_started_processes_are_dead_after_a_timeout(invoker: Invoker, lifeline: socket.socket) -> None:
    function = _function_on("app.start_and_sleep", lifeline, timeout=1)
    assert invoke(invoker, function) == InvocationResult(TIMED_OUT, UNHANDLED)
    with pick_up(lifeline) as connection:
        assert read_to_end(connection) == b"started"


def test_environment_is_replaced_silently_when_it_died_idle(
    invoker: Invoker, lifeline: socket.socket
) -> None:
    function = _function_on("app.die_when_told", lifeline)
    process = int(invoke(invoker, function).payload.removeprefix(b"[0, ").removesuffix(b"]"))
    with pick_up(lifeline) as connection:
        connection.sendall(b"!")
        assert read_to_end(connection) == b""
    ended = os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    assert ended.si_status == 4
    result = invoke(invoker, function)
    assert result.function_error is None
    assert result.payload.startswith(b"[0, ")
    assert result.payload != b"[0, %d]" % process


def test_invocation_times_out_when_the_handler_closed_every_descriptor_and_stays(invoker: Invoker) -> None:
    function = build_function("overruns", "app.close_and_stay", timeout=1)
    started = time.monotonic()
    assert invoke(invoker, function) == InvocationResult(TIMED_OUT, UNHANDLED)
    assert time.monotonic() - started >= 1


def test_invocation_ends_with_an_error_when_the_handler_closed_every_descriptor_and_returned(
    invoker: Invoker,
) -> None:
    function = build_function("overruns", "app.close_and_return", timeout=5)
    assert invoke(invoker, function) == InvocationResult(STATUS_1, UNHANDLED)


@pytest.mark.parametrize(
    ("nonsense", "reason"),
    [
        ("text", "Runtime sent a frame that is too large"),
        ("too large", "Runtime sent a frame that is too large"),
        ("a digit", "Runtime sent an unreadable frame"),
        ("two braces", "Runtime sent an unreadable frame"),
        ("half", "Runtime sent a frame that is too large"),
    ],
)
def test_environment_is_replaced_when_its_function_talks_nonsense_to_the_server(
    invoker: Invoker, nonsense: str, reason: str
) -> None:
    function = build_function("overruns", "app.talk_nonsense")
    result = invoke(invoker, function, f'"{nonsense}"'.encode())
    assert result.value == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: <id> Error: {reason}",
    }
    assert invoke(invoker, function, b'"nothing"') == InvocationResult(b'"said"')


def test_answer_to_another_request_is_not_taken_for_ones_own(invoker: Invoker) -> None:
    function = build_function("overruns", "app.talk_nonsense")
    assert invoke(invoker, function, b'"another\'s answer"') == InvocationResult(b'"said"')


def _function_on(handler: str, lifeline: socket.socket, timeout: int = 10) -> Function:
    environment = {"LIFELINE": str(lifeline.getsockname()[1])}
    return build_function("starts_processes", handler, timeout=timeout, environment=environment)
