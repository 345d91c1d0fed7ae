"""What happens to a running asynchronous invocation when its server ends, is reloaded or is killed."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.ecs_endpoints import ecs_endpoints
from kit.jobs import Jobs, jobs_of
from kit.processes import watching
from kit.servers import start_flask_run, start_gunicorn, start_worker, write_function
from kit.under_test import await_that

pytestmark = pytest.mark.system

SLOW_END = ("--graceful-timeout", "60")
# Is killed in its first run and needs too much memory in its second.
FALLING = """
import os, pathlib

def handler(event, context):
    runs = pathlib.Path(__file__).parent / "runs"
    with runs.open("a") as file:
        file.write(".")
    if len(runs.read_text()) == 1:
        os.kill(os.getpid(), 9)
    if len(runs.read_text()) == 2:
        bytearray(os.urandom(1024)) * 1024 * 1024
    return "stands"
"""


@pytest.fixture
def jobs(project: Path) -> Iterator[Jobs]:
    with jobs_of(project) as jobs:
        jobs.write("job")
        yield jobs


def test_sigterm_lets_running_jobs_finish_and_leaves_the_others_in_the_queue(jobs):
    environ = {**jobs.environ, "BERTH_ASYNC_CONCURRENCY": "1"}
    with ecs_endpoints() as ecs:
        protected = {**environ, **ecs.environ, "BERTH_PROTECT_AFTER": "0"}
        with start_gunicorn(jobs.project, *SLOW_END, environ=protected) as server:
            running, waiting = jobs.put(server, "job", 1), jobs.put(server, "job", 2)
            server.await_log("began 1")
            server.process.send_signal(signal.SIGTERM)
            server.await_log("Handling signal: term")
            late = jobs.page(waiting)
            ecs.await_protection([True])
            jobs.let_go("job", 1)
            assert server.process.wait(30) == 0
        assert ecs.protection == [True, False]
    assert jobs.page(running).state == "succeeded"
    assert (late.state, jobs.page(waiting)) == ("queued", late)
    depth = jobs.depth()
    assert (depth.depth, depth.running) == (1, 0)
    jobs.let_go("job")
    with start_worker(jobs.project, environ=environ) as worker:
        jobs.await_state(waiting, "succeeded")
        worker.await_log(f"works the queue {jobs.project}/queue.db, with the pages beside it; 1 events run")
        assert worker.get("/_berth/health/live").json() == {"status": "live"}
        ready = worker.get("/_berth/health/ready").json()
        assert (ready["status"], str(jobs.project) in ready["works"]) == ("ready", True)
        await_that(lambda: not jobs.depth().running)
        assert worker.get("/_berth/queue").json() == {
            "depth": 0,
            "running": 0,
            "dead": 0,
            "oldestAgeSeconds": 0.0,
            "functions": {},
        }
        assert worker.get("/job").status == 403
        assert worker.stop() == 0


def test_second_sigterm_gives_running_jobs_back(jobs):
    with start_worker(jobs.project, *SLOW_END, environ=jobs.environ) as worker:
        with start_gunicorn(jobs.project, environ={**jobs.environ, "BERTH_WORKER": "off"}) as server:
            job = jobs.put(server, "job")
        worker.await_log("began 0")
        worker.process.send_signal(signal.SIGTERM)
        worker.await_log("Handling signal: term")
        with watching(*worker.descendants) as ends:
            worker.process.send_signal(signal.SIGTERM)
            assert worker.process.wait(10) == 0
            assert ends.missing(0) == []
    page = jobs.page(job)
    assert (page.state, page.failures, page.losses) == ("queued", 1, 0)
    depth = jobs.depth()
    assert (depth.depth, depth.running) == (1, 0)


def test_sighup_lets_a_job_finish_on_the_old_code_while_the_new_one_works(jobs):
    with start_gunicorn(jobs.project, *SLOW_END, environ=jobs.environ) as server:
        old = jobs.put(server, "job", 1)
        (worker,) = server.workers
        server.await_log(f"began 1 {worker}")
        server.process.send_signal(signal.SIGHUP)
        await_that(lambda: len(server.workers) == 2)
        new = jobs.put(server, "job", 2)
        server.await_log("began 2")
        assert f"began 2 {worker}" not in "".join(server.log)
        with watching(worker) as ends:
            jobs.let_go("job")
            assert [jobs.await_state(each, "succeeded").attempts for each in (old, new)] == [1, 1]
            assert ends.missing(10) == []


def test_server_that_is_to_end_takes_no_more_jobs_when_its_old_worker_finishes_last(jobs):
    environ = {**jobs.environ, "BERTH_ASYNC_CONCURRENCY": "1"}
    with start_gunicorn(jobs.project, *SLOW_END, environ=environ) as server:
        ids = [jobs.put(server, "job", number) for number in range(3)]
        server.await_log("began 0")
        server.process.send_signal(signal.SIGHUP)
        server.await_log("began 1")
        server.process.send_signal(signal.SIGTERM)
        jobs.let_go("job", 1)
        await_that(lambda: len(server.workers) == 1)
        jobs.let_go("job", 0)
        assert server.process.wait(30) == 0
        assert "".join(server.log).count("Booting worker") == 2
    assert [jobs.page(each).state for each in ids] == ["succeeded", "succeeded", "queued"]


def test_another_server_takes_over_when_one_is_killed(jobs):
    environ = {**jobs.environ, "BERTH_WORKER": "off"}
    with start_gunicorn(jobs.project, environ=environ) as server:
        with start_worker(jobs.project, environ=jobs.environ) as first:
            job = jobs.put(server, "job")
            first.await_log("began 0")
            first.kill()
        assert jobs.page(job).state == "running"
        jobs.let_go("job")
        with start_worker(jobs.project, environ=jobs.environ):
            page = jobs.await_state(job, "succeeded")
    assert (page.attempts, page.losses, page.result) == (1, 1, {"n": 0})


def test_job_whose_environment_dies_or_does_not_start_is_tried_again(jobs):
    write_function(jobs.project, "falling", FALLING, memorySize=128)
    write_function(jobs.project, "broken", "import nothing_of_this_name")
    with start_gunicorn(jobs.project, environ={**jobs.environ, "BERTH_RETRY_SECONDS": "0,0"}) as server:
        pages = [
            jobs.await_state(jobs.put(server, name), state)
            for name, state in (("falling", "succeeded"), ("broken", "failed"))
        ]
        log = "".join(server.log)
    assert [(page.attempts, page.failures, page.losses) for page in pages] == [(3, 2, 0), (3, 3, 0)]
    assert [page.error and page.error["errorType"] for page in pages] == [None, "Runtime.ImportModuleError"]
    assert "signal: killed" in log
    assert "Runtime.OutOfMemory" in log


def test_each_gunicorn_worker_works_the_queue(jobs):
    environ = {**jobs.environ, "BERTH_ASYNC_CONCURRENCY": "1"}
    with start_gunicorn(jobs.project, "--workers", "2", environ=environ) as server:
        ids = [jobs.put(server, "job", number) for number in range(2)]
        for each in ids:
            jobs.await_state(each, "running")
        jobs.let_go("job")
        for each in ids:
            jobs.await_state(each, "succeeded")


def test_jobs_keep_neither_requests_nor_other_functions_waiting(jobs):
    """Four environments: two for the events of three functions, and two for requests."""
    for name in ("other", "quick"):
        jobs.write(name)
    jobs.let_go("other")
    jobs.let_go("quick")
    environ = {**jobs.environ, "BERTH_MAX_ENVIRONMENTS": "4"}
    with start_gunicorn(jobs.project, environ=environ) as server:
        slow = [jobs.put(server, "job", number) for number in range(20)]
        jobs.await_state(slow[0], "running")
        jobs.await_state(jobs.put(server, "other"), "succeeded")
        for name in ("quick", "other"):
            reply = server.send("POST", f"/2015-03-31/functions/{name}/invocations", body=b'{"n": 7}')
            assert (reply.status, reply.json()) == (200, {"n": 7})
        assert [jobs.page(each).state for each in slow].count("running") == 1


def test_edited_manifest_ends_no_job_and_leaves_new_ones_to_the_new_version(jobs):
    with start_flask_run(jobs.project, environ=jobs.environ) as server:
        old = jobs.put(server, "job", 1)
        server.await_log("began 1")
        manifest = jobs.project / "functions" / "job" / "manifest.json"
        manifest.write_text(manifest.read_text().replace("900", "800"))
        server.get("/_berth/health/live")
        new = jobs.put(server, "job", 2)
        server.await_log("began 2")
        before = _threads(server.process.pid)
        jobs.let_go("job")
        assert [jobs.await_state(each, "succeeded").attempts for each in (old, new)] == [1, 1]
        # The first request after a job's last steps, which follow the end on its page, ends the old version.
        await_that(lambda: server.get("/_berth/health/live") and _threads(server.process.pid) < before)


def _threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))
