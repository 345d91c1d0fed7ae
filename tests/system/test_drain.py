"""SIGTERM: what was accepted is answered, and nothing is left behind."""

import signal
import socket
import time

import pytest

from kit.callers import Caller, load
from kit.processes import watching
from kit.servers import SOON, start_gunicorn, write_function

pytestmark = pytest.mark.system

INTERNAL = b'{"message": "Internal server error"}'
READY = "/_berth/health/ready"
ANSWERS = 'def handler(event, context): return {"statusCode": 200, "body": "x" * 1000}'


def test_sigterm_answers_what_runs_and_leaves_nothing(waiting, go, temp, threads):
    with start_gunicorn(waiting, environ={"TMPDIR": str(temp)}) as server:
        probe = Caller(server)
        assert probe.get(READY).status == 200
        calls = [threads.submit(server.get, "/wait/go") for _ in range(3)]
        server.await_log("waiting", count=3)
        with watching(*server.descendants) as ends:
            server.process.send_signal(signal.SIGTERM)
            assert _first_change(lambda: probe.get(READY).status, 200) == 503
            assert not any(call.done() for call in calls)
            go.touch()
            assert server.process.wait(SOON) == 0
            assert ends.missing(0) == []
        probe.close()
        assert [call.result().status for call in calls] == [200, 200, 200]
        assert list(temp.iterdir()) == []
        with pytest.raises(ConnectionRefusedError):
            server.get(READY)


def test_new_connections_are_refused_while_the_last_invocation_runs(waiting, go, threads):
    with start_gunicorn(waiting) as server:
        call = threads.submit(server.get, "/wait/go")
        server.await_log("waiting")
        server.process.send_signal(signal.SIGTERM)
        server.await_log("Handling signal: term")
        refusal = _first_change(lambda: _outcome(server), 503)
        assert not call.done()
        assert refusal is ConnectionRefusedError
        go.touch()
        assert server.process.wait(SOON) == 0
        assert call.result().status == 200


def test_drain_delay_is_served_while_readiness_fails(waiting, go, threads):
    with start_gunicorn(waiting, environ={"BERTH_DRAIN_DELAY": "3"}) as server:
        call = threads.submit(server.get, "/wait/go")
        server.await_log("waiting")
        server.process.send_signal(signal.SIGTERM)
        signalled = time.monotonic()
        assert _first_change(lambda: server.get(READY).status, 200) == 503
        assert server.get("/wait/0").status == 200
        assert server.get(READY).status == 503
        go.touch()
        assert server.process.wait(SOON) == 0
        assert time.monotonic() - signalled >= 3
        assert call.result().status == 200


@pytest.mark.parametrize("delay", ["0", "0.5"])
def test_sigterm_under_load_fails_no_request(project, temp, delay):
    write_function(project, "answers", ANSWERS, "GET /answers")
    environ = {"TMPDIR": str(temp), "BERTH_DRAIN_DELAY": delay}
    with (
        start_gunicorn(project, environ=environ) as server,
        load(server, "/answers", callers=6) as flow,
    ):
        flow.await_reply()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(SOON) == 0
    assert flow.failures == []
    assert {(reply.status, reply.body) for reply in flow.replies} == {(200, b"x" * 1000)}
    assert list(temp.iterdir()) == []


@pytest.mark.parametrize("place", ["command line", "GUNICORN_CMD_ARGS"])
def test_what_runs_at_the_end_of_the_grace_is_ended_and_answered(waiting, threads, place):
    asked = ("--graceful-timeout", "1")
    options = asked if place == "command line" else ()
    environ = {} if options else {"GUNICORN_CMD_ARGS": " ".join(asked)}
    with start_gunicorn(waiting, *options, environ=environ) as server:
        call = threads.submit(server.get, "/wait/900", timeout=SOON)
        server.await_log("waiting")
        server.process.send_signal(signal.SIGTERM)
        reply = call.result(timeout=SOON)
        assert (reply.status, reply.body) == (502, INTERNAL)
        assert server.process.wait(SOON) == 0


def test_a_silent_connection_does_not_hold_up_the_drain(waiting):
    """A load balancer may connect ahead of its first request."""
    with (
        start_gunicorn(waiting) as server,
        socket.create_connection(("127.0.0.1", server.port)),
    ):
        assert server.get("/wait/5.5").status == 200  # gunicorn looks for a first byte for 5 s
        assert server.stop(timeout=SOON) == 0


def _first_change(ask, old):
    """What comes after the old answer."""
    deadline = time.monotonic() + SOON
    while (answer := ask()) == old:
        assert time.monotonic() < deadline
    return answer


def _outcome(server):
    try:
        return server.get(READY, timeout=5).status
    except OSError as failure:
        return type(failure)
