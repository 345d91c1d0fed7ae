"""Functions with the same module names and the same variables, in one server.

R23  each function has modules of its own
R38  each has its own variables
R42  none sees what another sets (and `test_variables.py`)
R80  none waits for another
"""

import socket
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from berth.invoke.invoker import Invoker
from berth.model.invocation import InvocationResult
from kit.under_test import KINDS, build_function, invoke, pick_up


@pytest.mark.parametrize("kind", KINDS)
def test_functions_see_their_own_modules_and_variables_when_they_take_turns(
    invoker: Invoker, kind: str
) -> None:
    one = build_function("twin_one", "app.handler", kind, environment={"WHO": "first"})
    two = build_function("twin_two", "app.handler", kind, environment={"WHO": "second"})
    turns = [(one, b"null"), (two, b"null"), (one, b'"late"'), (two, b'"late"'), (one, b"null")]
    assert [invoke(invoker, function, event).payload for function, event in turns] == [
        b'[0, "utils of twin one", "first", "lazy beside utils of twin one"]',
        b'[0, "utils of twin two", "second", "lazy beside utils of twin two"]',
        b'[1, "utils of twin one", "first", "lazy beside utils of twin one", "late of twin one"]',
        b'[1, "utils of twin two", "second", "lazy beside utils of twin two", "late of twin two"]',
        b'[2, "utils of twin one", "first", "lazy beside utils of twin one"]',
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_function_answers_when_another_is_in_the_middle_of_its_first_invocation(
    invoker: Invoker, kind: str, lifeline: socket.socket
) -> None:
    port = str(lifeline.getsockname()[1])
    waiting = build_function("waits", "app.handler", kind, environment={"LIFELINE": port})
    other = build_function("plain", "app.echo", kind)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(invoke, invoker, waiting)
        with pick_up(lifeline) as connection:
            second = threads.submit(invoke, invoker, other, b"5")
            wait([second], timeout=0.2)  # inline it stands in line until the first is done
            connection.sendall(b"go on")
        assert second.result(10) == InvocationResult(b"5")
        assert first.result(10) == InvocationResult(b'"go on"')
