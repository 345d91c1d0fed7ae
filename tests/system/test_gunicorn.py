"""gunicorn with the shipped configuration: fork, preload, long handlers, ends, refusals."""

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kit.servers import ROOT, Server, project_environ, start_gunicorn, write_function

pytestmark = pytest.mark.system

SLEEPER = """
import os, time

def handler(event, context):
    time.sleep(float(event["pathParameters"]["seconds"]))
    return {"statusCode": 200, "body": str(os.getpid())}
"""


def _in_thread(server: Server, target: str, replies: list, timeout: float = 30) -> threading.Thread:
    def call() -> None:
        replies.append(server.get(target, timeout=timeout))

    thread = threading.Thread(target=call)
    thread.start()
    return thread


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


@pytest.mark.alone
def test_health_answers_while_every_slot_is_busy_and_the_rest_is_throttled(project):
    write_function(project, "sleeper", SLEEPER, "GET /sleep/{seconds}", timeout=30)
    server = start_gunicorn(project, environ={"BERTH_CONCURRENCY": "2", "BERTH_WAIT_SECONDS": "0.5"})
    try:
        replies: list = []
        callers = [_in_thread(server, "/sleep/3", replies) for _ in range(6)]
        while len(replies) < 4:
            assert server.get("/_berth/health/ready", timeout=1).status == 200
        for caller in callers:
            caller.join()
        assert sorted(reply.status for reply in replies) == [200, 200, 500, 500, 500, 500]
        throttled = next(reply for reply in replies if reply.status == 500)
        assert throttled.body == b'{"message": "Internal server error"}'
    finally:
        assert server.stop() == 0


def test_reserved_concurrency_throttles_at_once(project):
    write_function(project, "none", SLEEPER, "GET /none/{seconds}", reservedConcurrency=0)
    server = start_gunicorn(project)
    try:
        started = time.monotonic()
        assert server.get("/none/0").status == 500
        assert time.monotonic() - started < 1
    finally:
        server.stop()
    assert "none was throttled by its reserved concurrency of 0" in "".join(server.log)


def test_readiness_fails_from_sigterm_on(project):
    folder = write_function(project, "sleeper", SLEEPER, "GET /sleep/{seconds}")
    announced = SLEEPER.replace("    time", "    open('started', 'w').close()\n    time", 1)
    (folder / "app.py").write_text(announced)
    server = start_gunicorn(project)
    caller = _in_thread(server, "/sleep/2", [])
    _await_file(folder / "started")
    probe = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    statuses = [_probe(probe)]
    server.process.send_signal(signal.SIGTERM)
    while statuses[-1] == 200:  # until the worker has the signal
        statuses.append(_probe(probe))
    probe.close()
    assert statuses[-1] == 503
    assert server.stop() == 0
    caller.join()


def _probe(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/_berth/health/ready")
    with connection.getresponse() as response:
        response.read()
        return response.status


def test_a_killed_worker_takes_its_idle_environments_along(project):
    write_function(project, "sleeper", SLEEPER, "GET /sleep/{seconds}")
    server = start_gunicorn(project)
    try:
        handler_pid = int(server.get("/sleep/0").body)
        pidfd = os.pidfd_open(handler_pid)
        (worker_pid,) = _descendants(server.process.pid)
        os.kill(worker_pid, signal.SIGKILL)
        assert _ended(pidfd, 10)
        assert int(server.get("/sleep/0").body) != handler_pid
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize("options", [[], ["--preload"]])
def test_a_bad_manifest_is_reported_once_and_gunicorn_ends(project, options):
    folder = write_function(project, "bad", "", "GET /bad")
    (folder / "manifest.json").write_text(json.dumps({"handlr": "app.handler"}))
    config = str(ROOT / "gunicorn.conf.py")
    program = [sys.executable, "-m", "gunicorn", "-c", config, "-b", "127.0.0.1:0", *options, "wsgi:app"]
    ended = subprocess.run(
        program,
        cwd=ROOT,
        env=project_environ(project),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("handlr: unknown key: did you mean 'handler'?") == 1
    assert "Traceback" not in ended.stderr
    assert "Booting worker" not in ended.stderr


def _await_file(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.01)


def _ended(pidfd: int, seconds: float) -> bool:
    try:
        return bool(select.select([pidfd], [], [], seconds)[0])
    finally:
        os.close(pidfd)
