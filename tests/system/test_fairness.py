"""Functions side by side: whose request waits, whose is throttled, which environments are kept."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path

import pytest

from kit.processes import environments, watching
from kit.servers import SOON, start_gunicorn, write_function
from kit.transports import new_project

pytestmark = pytest.mark.system

INTERNAL = b'{"message": "Internal server error"}'
LIVE = "/_berth/health/live"
QUICK = 'def handler(event, context): return {"statusCode": 200, "body": "quick"}'
PROVISIONED = """
import os, time

while not os.path.exists("go"):
    time.sleep(0.01)
print("warm", os.getpid())

def handler(event, context):
    return {"statusCode": 200, "body": f"{os.getpid()} {os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']}"}
"""
WAITS_FOR_GO = """
import os, time

def handler(event, context):
    while not os.path.exists("go"):
        time.sleep(0.01)
    return {"body": "went"}
"""


def test_a_flood_of_one_function_keeps_neither_another_nor_health_waiting(waiting, threads):
    write_function(waiting, "quick", QUICK, "GET /quick")
    with start_gunicorn(waiting, environ={"BERTH_CONCURRENCY": "4"}) as server:
        flood = [threads.submit(server.get, "/wait/1") for _ in range(40)]
        server.await_log("waiting")
        assert server.get(LIVE).status == 200
        reply = server.get("/quick")
        assert server.get(LIVE).status == 200
        assert (reply.status, reply.body) == (200, b"quick")
        assert not all(call.done() for call in flood)
        statuses = [call.result().status for call in flood]
        assert set(statuses) == {200, 500}
        assert statuses.count(200) >= 4


def test_reserved_concurrency_of_one_throttles_the_second_at_once(waiting, go, threads):
    manifest = waiting / "functions" / "waits" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"reservedConcurrency": 1}))
    with start_gunicorn(waiting) as server:
        first = threads.submit(server.get, "/wait/go")
        server.await_log("waiting")
        second = server.get("/wait/go")
        assert (second.status, second.body) == (500, INTERNAL)
        assert not first.done()
        go.touch()
        assert first.result().status == 200
        server.await_log("waits was throttled by its reserved concurrency of 1")


def test_provisioned_environments_are_warm_before_any_request(project):
    folder = write_function(project, "warm", PROVISIONED, "GET /warm", provisionedConcurrency=2)
    write_function(project, "quick", QUICK, "GET /quick")
    with start_gunicorn(project) as server:
        assert server.get("/quick").status == 200  # no start waits for a slow init phase
        (folder / "go").touch()
        server.await_log("warm ", count=2)
        pids = {line.split()[1] for line in server.log if line.startswith("warm ")}
        pid, initialization = server.get("/warm").body.decode().split()
        assert pid in pids
        assert initialization == "provisioned-concurrency"
        # Lambda reports the init phase with the first invocation, however long ago it was.
        server.await_log("REPORT", count=2)
        assert "\tInit Duration: " in server.log[-1]


def test_a_provisioned_environment_that_died_is_replaced(project):
    folder = write_function(project, "warm", PROVISIONED, "GET /warm", provisionedConcurrency=1)
    (folder / "go").touch()
    with start_gunicorn(project, environ={"BERTH_IDLE_SECONDS": "1"}) as server:
        server.await_log("warm ")
        (pid,) = (int(line.split()[1]) for line in server.log if line.startswith("warm "))
        os.kill(pid, signal.SIGKILL)
        server.await_log("warm ", count=2)


def test_environments_that_nobody_uses_are_ended(waiting):
    with start_gunicorn(waiting, environ={"BERTH_IDLE_SECONDS": "1"}) as server:
        pid = int(server.get("/wait/0").body)
        with watching(pid) as ends:
            assert ends.missing(SOON) == []
        (worker,) = server.workers
        while environments(worker):  # until it has been collected, too
            assert server.get(LIVE).status == 200
        assert int(server.get("/wait/0").body) != pid


def test_reserved_concurrency_holds_for_all_server_processes_together(tmp_path: Path):
    write_function(
        new_project(tmp_path), "scarce", WAITS_FOR_GO, "GET /scarce", reservedConcurrency=2, timeout=SOON
    )
    with start_gunicorn(tmp_path, "--workers", "3") as server, ThreadPoolExecutor(12) as pool:
        replies = [pool.submit(server.get, "/scarce") for _ in range(12)]
        throttled = list(islice(as_completed(replies), 10))
        assert [reply.result().status for reply in throttled] == [500] * 10
        (tmp_path / "functions/scarce/go").touch()
        assert [reply.result().status for reply in replies if reply not in throttled] == [200, 200]
        assert server.get("/scarce").status == 200


def test_server_processes_divide_the_limit_of_invocations(tmp_path: Path):
    write_function(new_project(tmp_path), "scarce", WAITS_FOR_GO, "GET /scarce", timeout=SOON)
    environ = {"BERTH_CONCURRENCY": "2", "BERTH_WAIT_SECONDS": "0"}
    with (
        start_gunicorn(tmp_path, "--workers", "2", environ=environ) as server,
        ThreadPoolExecutor(3) as pool,
    ):
        replies = [pool.submit(server.get, "/scarce") for _ in range(3)]
        server.await_log("scarce was throttled by the server's limit of 1 invocations at one time")
        (tmp_path / "functions/scarce/go").touch()
        assert {reply.result().status for reply in replies} == {200, 500}
