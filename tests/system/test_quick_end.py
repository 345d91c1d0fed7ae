"""SIGINT, SIGQUIT and a second SIGTERM: the server ends at once, whatever still runs or waits."""

import signal
import socket
from contextlib import ExitStack

import pytest

from kit.processes import watching
from kit.servers import SOON, start_flask_run, start_gunicorn

pytestmark = pytest.mark.system

INTERNAL = b'{"message": "Internal server error"}'
HALF_A_BODY = b"GET /wait/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"


@pytest.mark.parametrize("signals", [["SIGINT"], ["SIGQUIT"], ["SIGTERM", "SIGTERM"], ["SIGTERM", "SIGINT"]])
def test_a_running_invocation_is_ended_and_answered(waiting, temp, threads, signals):
    with start_gunicorn(waiting, environ={"TMPDIR": str(temp)}) as server:
        _assert_quick_end(server, temp, threads, signals)


@pytest.mark.parametrize("signals", [["SIGINT"], ["SIGTERM"]])
def test_flask_run_ends_and_answers_a_running_invocation(waiting, temp, threads, signals):
    with start_flask_run(waiting, environ={"TMPDIR": str(temp)}) as server:
        _assert_quick_end(server, temp, threads, signals)


def test_second_sigterm_ends_the_drain_delay(waiting, temp, threads):
    environ = {"TMPDIR": str(temp), "BERTH_DRAIN_DELAY": "60"}
    with start_gunicorn(waiting, environ=environ) as server:
        _assert_quick_end(server, temp, threads, ["SIGTERM", "SIGTERM"])


def test_unfinished_requests_are_not_waited_for(waiting):
    with start_gunicorn(waiting) as server, ExitStack() as connections:
        assert server.get("/wait/0").status == 200
        for sent in (b"", b"GET /wait", HALF_A_BODY):
            _connect(server, connections).sendall(sent)
        assert server.get("/wait/0").status == 200
        assert server.stop(signal.SIGINT, timeout=SOON) == 0


def test_connections_just_being_accepted_are_not_waited_for(waiting):
    with start_gunicorn(waiting) as server, ExitStack() as connections:
        assert server.get("/wait/0").status == 200
        for _ in range(60):  # the worker starts a thread for each
            _connect(server, connections)
        assert server.stop(signal.SIGINT, timeout=SOON) == 0


def _connect(server, connections):
    return connections.enter_context(socket.create_connection(("127.0.0.1", server.port)))


def _assert_quick_end(server, temp, threads, signals):
    call = threads.submit(server.get, "/wait/900", timeout=2 * SOON)
    server.await_log("waiting")
    with watching(*server.descendants) as ends:
        _send_in_turn(server, signals)
        assert server.process.wait(SOON) == 0
        assert ends.missing(0) == []
    reply = call.result(timeout=SOON)
    assert (reply.status, reply.body) == (502, INTERNAL)
    assert list(temp.iterdir()) == []


def _send_in_turn(server, signals):
    """Send signals, each when the one before has arrived."""
    for name in signals[:-1]:
        server.process.send_signal(getattr(signal, name))
        server.await_log(f"Handling signal: {name.removeprefix('SIG').lower()}")
    server.process.send_signal(getattr(signal, signals[-1]))
