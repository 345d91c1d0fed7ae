"""What a function's process says to `breakpoint()`, and what deadlines do while somebody debugs."""

import socket
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TextIO

import pytest

from berth.model.function import Function
from kit.logged import LoggedServer
from kit.under_test import await_that, build_function, pick_up

Serve = Callable[..., LoggedServer]
ADVICE = "pdb has no terminal in a process of its own; to stop here: berth run --inline debugged"


@pytest.mark.parametrize("handler", ["app.stops", "at_import.handler"])
def test_breakpoint_names_the_command_that_stops_there(serve: Serve, handler: str):
    server = serve(function := build_function("debugged", handler))
    result = server.invoke(function)
    assert (result.value["errorType"], result.value["errorMessage"]) == ("BdbQuit", ADVICE)
    assert f"[ERROR] BdbQuit: {ADVICE}\n" in server.end()


@pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="since Python 3.14, pdb ends a process without a terminal"
)
def test_pdb_fails_as_on_lambda_and_the_server_names_the_command(
    serve: Serve, caplog: pytest.LogCaptureFixture
):
    server = serve(function := build_function("debugged", "app.sets_trace"))
    result = server.invoke(function)
    assert (result.value["errorType"], result.value["errorMessage"]) == ("BdbQuit", "")
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [ADVICE]


def test_breakpoint_is_the_debugger_that_the_function_chooses(serve: Serve):
    environment = {"PYTHONBREAKPOINT": "app.own_hook"}
    server = serve(function := build_function("debugged", "app.stops", environment=environment))
    assert server.invoke(function).value == "went on"
    assert "own hook\n" in server.end()


def test_a_deadline_kills_nobody_while_a_debugger_is_at_work(
    debugged: Callable[..., tuple[Future[Any], TextIO]],
):
    invocation, terminal = debugged(is_development=True)
    _let_a_second_pass(terminal)
    _say(terminal, "continue")
    assert invocation.result().value == "late"


def test_a_deadline_counts_outside_development_because_a_function_could_lie(
    debugged: Callable[..., tuple[Future[Any], TextIO]],
):
    invocation, _ = debugged(is_development=False)
    assert invocation.result().value["errorType"] == "Sandbox.Timedout"


def test_no_deadline_counts_where_timeouts_are_off(debugged: Callable[..., tuple[Future[Any], TextIO]]):
    invocation, terminal = debugged(is_development=False, no_timeout=True)
    _let_a_second_pass(terminal)
    _say(terminal, "continue")
    assert invocation.result().value == "late"


@pytest.fixture
def debugged(serve: Serve, lifeline: socket.socket):
    """Begin an invocation with a timeout of one second that stops in pdb; its terminal is a socket."""
    environment = {"LIFELINE": str(lifeline.getsockname()[1])}
    function: Function = build_function("debugged", "app.is_debugged", environment=environment, timeout=1)
    with ThreadPoolExecutor(1) as caller:

        def begin(**settings: Any) -> tuple[Future[Any], TextIO]:
            invocation = caller.submit(serve(function, **settings).invoke, function)
            with pick_up(lifeline) as connection:
                terminal = connection.makefile("rw")
            return invocation, terminal

        yield begin


def _say(terminal: TextIO, command: str) -> None:
    terminal.write(f"{command}\n")
    terminal.flush()


def _let_a_second_pass(terminal: TextIO) -> None:
    """Ask pdb for the time until the deadline was a fifth of a second ago."""
    await_that(lambda: _is_late(terminal))


def _is_late(terminal: TextIO) -> bool:
    _say(terminal, "p f'late: {time.monotonic() - began > 1.2}'")
    while "late: " not in (answer := terminal.readline()):
        assert answer, "pdb has ended"
    return "True" in answer


def test_an_error_of_an_inline_function_has_lines_that_a_terminal_shows(
    serve: Serve, capfd: pytest.CaptureFixture[str]
):
    server = serve(function := build_function("debugged", "app.fails", "inline"))
    server.invoke(function)
    printed = capfd.readouterr().out
    assert printed.startswith("[ERROR] ValueError: on purpose\nTraceback (most recent call last):\n")
    assert "\r" not in printed
