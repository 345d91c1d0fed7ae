"""The environments of a killed server end with it, and the next server removes their files."""

import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from berth.invoke.invoker import Invoker
from berth.model.invocation import InvocationResult
from kit.forked import Forked, fork_server
from kit.logged import LoggedServer
from kit.processes import children, watching
from kit.under_test import build_function, invoke, pick_up, read_line, read_to_end

TESTS = Path(__file__).parents[1]


@contextmanager
def _server(lifeline: socket.socket, *handlers: str) -> Iterator[Forked]:
    """A server process of its own that runs these invocations."""
    port = str(lifeline.getsockname()[1])
    server = fork_server.start("kit.server_to_kill", [port, *handlers], TESTS, os.environ)
    assert server.stdin
    assert server.stdout
    with server.stdin, server.stdout:
        try:
            yield server
        finally:
            server.kill()
            server.wait()


def _end(server: Forked, line: socket.socket, signal_number: int = signal.SIGKILL) -> None:
    """Send the server a signal; the process that called in must end of it."""
    with watching(int(read_line(line))) as ends:
        server.send_signal(signal_number)
        assert ends.missing(5) == []
    assert read_to_end(line) == b""


def _sweep(invoker: Invoker) -> None:
    """Start another server, which removes what a killed one left."""
    assert invoke(invoker, build_function("plain", "app.echo"), b"1") == InvocationResult(b"1")


def _server_folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("berth-environments-*"))


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_process_in_the_middle_of_its_handler_ends_when_its_server_dies_of(
    invoker: Invoker, lifeline: socket.socket, signal_number: int
) -> None:
    with _server(lifeline, "wait") as server, pick_up(lifeline) as line:
        _end(server, line, signal_number)
    _sweep(invoker)


def test_template_ends_when_its_server_is_killed(invoker: Invoker, lifeline: socket.socket) -> None:
    with _server(lifeline, "wait") as server, pick_up(lifeline) as line:
        read_line(line)
        started = children(server.pid)
        assert len(started) == 2  # the function's process, and what it was forked from
        with watching(*started) as ends:
            server.kill()
            server.wait()
            assert ends.missing(5) == []
    _sweep(invoker)


def test_idle_process_ends_when_its_server_is_killed(invoker: Invoker, lifeline: socket.socket) -> None:
    with _server(lifeline, "leave_a_thread") as server, pick_up(lifeline) as line:
        assert server.stdout
        assert server.stdout.readline() == '"returned"\n'
        _end(server, line)
    _sweep(invoker)


def test_process_lives_on_when_the_thread_that_asked_for_it_ended(
    invoker: Invoker, lifeline: socket.socket
) -> None:
    handlers = ["leave_a_thread", "leave_a_thread"]
    with _server(lifeline, *handlers), pick_up(lifeline) as one, pick_up(lifeline) as two:
        assert read_line(one) == read_line(two)
    _sweep(invoker)


def test_spinning_process_ends_when_its_server_is_killed(invoker: Invoker, lifeline: socket.socket) -> None:
    with _server(lifeline, "spin") as server, pick_up(lifeline) as line:
        _end(server, line)
    _sweep(invoker)


def test_folder_of_a_killed_server_is_removed_by_the_next(invoker: Invoker, lifeline: socket.socket) -> None:
    others = _server_folders()
    with _server(lifeline, "wait") as server, pick_up(lifeline) as line:
        read_line(line)
        server.kill()
    (left,) = _server_folders() - others
    _sweep(invoker)
    assert not left.exists()


def test_folder_of_a_living_server_is_left_alone_by_another(
    serve: Callable[..., LoggedServer], lifeline: socket.socket
) -> None:
    with _server(lifeline, "wait_with_folder") as server, pick_up(lifeline) as line:
        read_line(line)
        _sweep(serve().invoker)
        line.sendall(b"go on")
        assert server.stdout
        folder = Path(server.stdout.readline().strip('"\n'))
        assert folder.is_dir()
    _sweep(serve().invoker)
    assert not folder.exists()
