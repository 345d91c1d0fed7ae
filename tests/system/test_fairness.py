"""Functions side by side: whose request waits, whose is throttled, which environments are kept."""

import os
import re
import signal
import time

import pytest

from kit.processes import children, watching
from kit.servers import start_gunicorn, write_function

pytestmark = pytest.mark.system

INTERNAL = b'{"message": "Internal server error"}'
LIVE = "/_berth/health/live"
QUICK = 'def handler(event, context): return {"statusCode": 200, "body": "quick"}'
BUSY = """
import time

def handler(event, context):
    print("waiting")
    time.sleep(1.5)
    return {}
"""
PROVISIONED = """
import os, time

time.sleep(1.5)
print("warm", os.getpid())

def handler(event, context):
    return {"statusCode": 200, "body": f"{os.getpid()} {os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']}"}
"""


@pytest.mark.alone
def test_a_flood_of_one_function_keeps_neither_another_nor_health_waiting(waiting, threads):
    write_function(waiting, "quick", QUICK, "GET /quick")
    with start_gunicorn(waiting, environ={"BERTH_CONCURRENCY": "4"}) as server:
        flood = [threads.submit(server.get, "/wait/1") for _ in range(40)]
        server.await_log("waiting")
        first = threads.submit(_timed, server, "/quick")
        health = []
        while not all(call.done() for call in flood):
            health.append(_timed(server, LIVE))
        reply, seconds = first.result()
        assert (reply.status, reply.body) == (200, b"quick")
        assert seconds < 1
        statuses = [call.result().status for call in flood]
        assert set(statuses) == {200, 500}
        assert statuses.count(200) >= 4
        assert {reply.status for reply, _ in health} == {200}
        assert sorted(seconds for _, seconds in health)[len(health) * 95 // 100] < 0.2


def test_reserved_concurrency_of_one_throttles_the_second_at_once(project, threads):
    write_function(project, "single", BUSY, "GET /single", reservedConcurrency=1)
    with start_gunicorn(project) as server:
        first = threads.submit(server.get, "/single")
        server.await_log("waiting")
        second, seconds = _timed(server, "/single")
        assert (second.status, second.body) == (500, INTERNAL)
        assert seconds < 1
        assert first.result().status == 200
        server.await_log("single was throttled by its reserved concurrency of 1")


def test_provisioned_environments_are_warm_before_any_request(project):
    write_function(project, "warm", PROVISIONED, "GET /warm", provisionedConcurrency=2)
    write_function(project, "quick", QUICK, "GET /quick")
    with start_gunicorn(project) as server:
        assert server.get("/quick").status == 200
        assert "warm" not in _printed(server)  # no start waits for a slow init phase
        server.await_log("warm ", count=2)
        pids = {line.split()[1] for line in server.log if line.startswith("warm ")}
        reply, seconds = _timed(server, "/warm")
        pid, initialization = reply.body.decode().split()
        assert pid in pids
        assert initialization == "provisioned-concurrency"
        assert seconds < 1
        # Lambda reports the init phase with the first invocation, however long ago it was.
        server.await_log("REPORT", count=2)
        assert re.search(r"\tInit Duration: (1[5-9]|[2-9][0-9])[0-9]{2}\.", server.log[-1])


def test_a_provisioned_environment_that_died_is_replaced(project):
    code = PROVISIONED.replace("time.sleep(1.5)", "")
    write_function(project, "warm", code, "GET /warm", provisionedConcurrency=1)
    with start_gunicorn(project, environ={"BERTH_IDLE_SECONDS": "1"}) as server:
        server.await_log("warm ")
        (pid,) = (int(line.split()[1]) for line in server.log if line.startswith("warm "))
        os.kill(pid, signal.SIGKILL)
        server.await_log("warm ", count=2)


def test_environments_that_nobody_uses_are_ended(waiting):
    with start_gunicorn(waiting, environ={"BERTH_IDLE_SECONDS": "1"}) as server:
        pid = int(server.get("/wait/0").body)
        with watching(pid) as ends:
            assert ends.missing(0.5) == [pid]
            assert ends.missing(5) == []
        (worker,) = server.workers
        while children(worker):  # until it has been collected, too
            assert server.get(LIVE).status == 200
        assert int(server.get("/wait/0").body) != pid


def _timed(server, target):
    began = time.monotonic()
    return server.get(target), time.monotonic() - began


def _printed(server):
    return [line for line in server.log if line.startswith("warm ")]
