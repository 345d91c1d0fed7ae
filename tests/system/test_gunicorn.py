"""gunicorn with the shipped configuration: fork, preload, long handlers, ends, refusals."""

import json
import os
import select
import signal
from pathlib import Path

import pytest

from kit.forked import fork_server
from kit.servers import ROOT, SOON, project_environ, start_gunicorn, write_function

pytestmark = pytest.mark.system

SLEEPER = """
import os, time

def handler(event, context):
    time.sleep(float(event["pathParameters"]["seconds"]))
    return {"statusCode": 200, "body": str(os.getpid())}
"""


def _descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def test_preload_starts_nothing_before_the_fork(project):
    write_function(project, "sleeper", SLEEPER, "GET /sleep/{seconds}")
    server = start_gunicorn(project, "--preload")
    try:
        handler_pid = int(server.get("/sleep/0").body)
        (worker_pid,) = _descendants(server.process.pid)
        status = Path(f"/proc/{handler_pid}/status").read_text()
        assert f"PPid:\t{worker_pid}\n" in status
    finally:
        assert server.stop() == 0
    assert not Path(f"/proc/{handler_pid}").exists()


def test_health_answers_while_every_slot_is_busy_and_the_rest_is_throttled(waiting, go, threads):
    environ = {"BERTH_CONCURRENCY": "2", "BERTH_WAIT_SECONDS": "0.5"}
    with start_gunicorn(waiting, environ=environ) as server:
        calls = [threads.submit(server.get, "/wait/go") for _ in range(6)]
        while sum(call.done() for call in calls) < 4:
            assert server.get("/_berth/health/ready").status == 200
        go.touch()
        replies = [call.result() for call in calls]
        assert sorted(reply.status for reply in replies) == [200, 200, 500, 500, 500, 500]
        throttled = next(reply for reply in replies if reply.status == 500)
        assert throttled.body == b'{"message": "Internal server error"}'
        assert server.stop() == 0


def test_reserved_concurrency_of_zero_throttles_every_request(project):
    write_function(project, "none", SLEEPER, "GET /none/{seconds}", reservedConcurrency=0)
    with start_gunicorn(project) as server:
        assert server.get("/none/0").status == 500
    assert "none was throttled by its reserved concurrency of 0" in "".join(server.log)


def test_a_killed_worker_takes_its_idle_environments_along(project):
    write_function(project, "sleeper", SLEEPER, "GET /sleep/{seconds}")
    server = start_gunicorn(project)
    try:
        handler_pid = int(server.get("/sleep/0").body)
        pidfd = os.pidfd_open(handler_pid)
        (worker_pid,) = _descendants(server.process.pid)
        os.kill(worker_pid, signal.SIGKILL)
        assert _ended(pidfd, SOON)
        assert int(server.get("/sleep/0").body) != handler_pid
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize("options", [[], ["--preload"]])
def test_a_bad_manifest_is_reported_once_and_gunicorn_ends(project, options):
    folder = write_function(project, "bad", "", "GET /bad")
    (folder / "manifest.json").write_text(json.dumps({"handlr": "app.handler"}))
    config = str(ROOT / "gunicorn.conf.py")
    arguments = ["-c", config, "-b", "127.0.0.1:0", *options, "wsgi:app"]
    ended = fork_server.run("gunicorn", arguments, ROOT, project_environ(project))
    assert ended.returncode == 1
    assert ended.stderr.count("handlr: unknown key: did you mean 'handler'?") == 1
    assert "Traceback" not in ended.stderr
    assert "Booting worker" not in ended.stderr


def _ended(pidfd: int, seconds: float) -> bool:
    try:
        return bool(select.select([pidfd], [], [], seconds)[0])
    finally:
        os.close(pidfd)
