"""`kill -9`: no handler outlives its worker, no worker its master, and the next server sweeps up."""

import http.client
import os
import signal

import pytest

from kit.processes import children, watching
from kit.servers import SOON, start_gunicorn

pytestmark = pytest.mark.system


def test_a_killed_worker_takes_its_running_handler_along(waiting, temp, threads):
    with start_gunicorn(waiting, environ={"TMPDIR": str(temp)}) as server:
        call = threads.submit(server.get, "/wait/900", timeout=2 * SOON)
        server.await_log("waiting")
        (worker,) = server.workers
        (left,) = temp.iterdir()
        with watching(*children(worker)) as ends:
            os.kill(worker, signal.SIGKILL)
            assert ends.missing(SOON) == []
        assert isinstance(call.exception(SOON), http.client.RemoteDisconnected | ConnectionResetError)
        assert server.get("/wait/0").status == 200  # the next worker serves, and sweeps
        assert not left.exists()


def test_a_killed_master_takes_everything_along(waiting, temp, threads):
    with start_gunicorn(waiting, environ={"TMPDIR": str(temp)}) as server:
        call = threads.submit(server.get, "/wait/900", timeout=2 * SOON)
        server.await_log("waiting")
        with watching(*server.descendants) as ends:
            server.process.kill()
            assert ends.missing(SOON) == []
        call.exception(SOON)
    assert list(temp.iterdir()) == []


def test_the_next_server_sweeps_what_a_killed_one_left(waiting, temp):
    environ = {"TMPDIR": str(temp)}
    with start_gunicorn(waiting, environ=environ) as server:
        assert server.get("/wait/0").status == 200
        (worker,) = server.workers
        with watching(*server.descendants) as ends:
            os.kill(server.process.pid, signal.SIGSTOP)  # or it would start another
            os.kill(worker, signal.SIGKILL)
            server.process.kill()
            assert ends.missing(SOON) == []
    (left,) = temp.iterdir()
    assert left.name.startswith("berth-environments-")
    with start_gunicorn(waiting, environ=environ) as server:
        assert server.get("/wait/0").status == 200
        assert not left.exists()
