"""What a function's other processes, threads and descriptors may do to its environment: nothing."""

import os
import socket
import time

from rows.faults import STATUS_1, STATUS_3, TIMED_OUT
from rows.row import UNHANDLED
from under_test import build_function, invoke, pick_up, read_to_end

from app.invoke import Invoker
from app.model.function import Function
from app.model.invocation import InvocationResult


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
    assert time.monotonic() - started < 10
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
    function = build_function("overruns", "app.close_and_spin", timeout=1)
    started = time.monotonic()
    assert invoke(invoker, function) == InvocationResult(TIMED_OUT, UNHANDLED)
    assert 1 <= time.monotonic() - started < 3


def test_invocation_ends_with_an_error_when_the_handler_closed_every_descriptor_and_returned(
    invoker: Invoker,
) -> None:
    function = build_function("overruns", "app.close_and_return", timeout=5)
    assert invoke(invoker, function) == InvocationResult(STATUS_1, UNHANDLED)


def _function_on(handler: str, lifeline: socket.socket, timeout: int = 10) -> Function:
    environment = {"LIFELINE": str(lifeline.getsockname()[1])}
    return build_function("starts_processes", handler, timeout=timeout, environment=environment)
