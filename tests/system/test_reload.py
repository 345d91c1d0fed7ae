"""SIGHUP: new code takes over between two requests, or the old code goes on if the new one cannot start."""

import os
import signal
import time
from pathlib import Path

import pytest

from kit.callers import load
from kit.processes import watching
from kit.servers import SOON, start_gunicorn, write_function

pytestmark = pytest.mark.system


def _answering(text: str) -> str:
    return f'def handler(event, context): return {{"statusCode": 200, "body": "{text}"}}'


@pytest.fixture
def folder(project: Path) -> Path:
    return write_function(project, "answers", _answering("old"), "GET /answers")


def test_sighup_under_load_swaps_the_code_and_fails_no_request(project, folder, temp):
    with start_gunicorn(project, environ={"TMPDIR": str(temp)}) as server:
        assert server.get("/answers").body == b"old"
        with load(server, "/answers") as flow, watching(*server.workers) as ends:
            flow.await_reply(b"old")
            _replace(folder / "app.py", _answering("newer"))
            server.process.send_signal(signal.SIGHUP)
            flow.await_reply(b"newer")
            assert ends.missing(SOON) == []
            after = flow.await_reply()
        assert server.get("/answers").body == b"newer"
        assert flow.failures == []
        assert {reply.status for reply in flow.replies} == {200}
        assert {reply.body for reply in flow.replies[after:]} == {b"newer"}
        assert len(list(temp.iterdir())) == 1
    assert list(temp.iterdir()) == []


def test_sighup_lets_a_running_invocation_finish(waiting, go, threads):
    with start_gunicorn(waiting) as server:
        call = threads.submit(server.get, "/wait/go")
        server.await_log("waiting")
        old_workers = server.workers
        server.process.send_signal(signal.SIGHUP)
        _await(lambda: len(server.workers) > len(old_workers))
        with watching(*old_workers) as ends:
            go.touch()
            assert call.result().status == 200
            assert ends.missing(SOON) == []


def test_sighup_with_a_broken_manifest_is_refused_and_told(project, folder):
    with start_gunicorn(project) as server:
        assert server.get("/answers").body == b"old"
        before = server.workers
        _replace(folder / "app.py", _answering("newer"))
        _replace(folder / "manifest.json", '{"handlr": "app.handler"}')
        server.process.send_signal(signal.SIGHUP)
        server.await_log("handlr: unknown key: did you mean 'handler'?")
        assert "[ERROR] not reloaded: 2 problems" in "".join(server.log)
        assert server.get("/answers").body == b"old"
        assert server.workers == before


def test_a_mended_manifest_is_taken_by_the_next_sighup(project, folder):
    manifest = (folder / "manifest.json").read_text()
    with start_gunicorn(project) as server:
        assert server.get("/answers").status == 200
        _replace(folder / "manifest.json", "{")
        server.process.send_signal(signal.SIGHUP)
        server.await_log("not reloaded")
        _replace(folder / "manifest.json", manifest.replace("/answers", "/moved"))
        server.process.send_signal(signal.SIGHUP)
        _await(lambda: server.get("/moved").status == 200)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGQUIT])
def test_a_quick_end_is_quick_while_an_old_worker_drains(waiting, threads, signal_number):
    with start_gunicorn(waiting) as server:
        call = threads.submit(server.get, "/wait/900", timeout=2 * SOON)
        server.await_log("waiting")
        server.process.send_signal(signal.SIGHUP)
        _await(lambda: len(server.workers) == 2)
        assert server.stop(signal_number, timeout=SOON) == 0
        assert call.result().status == 502


def test_a_new_worker_that_dies_is_replaced_while_an_old_one_drains(waiting, threads):
    with start_gunicorn(waiting) as server:
        call = threads.submit(server.get, "/wait/900", timeout=4 * SOON)
        server.await_log("waiting")
        (old,) = server.workers
        server.process.send_signal(signal.SIGHUP)
        _await(lambda: len(server.workers) == 2)
        assert server.get("/wait/0").status == 200
        for worker in set(server.workers) - {old}:
            os.kill(worker, signal.SIGKILL)
        assert server.get("/wait/0", timeout=SOON).status == 200
        assert not call.done()


def _replace(path: Path, text: str) -> None:
    """Put a new file into the old one's place, so that no reader sees half of it."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def _await(holds) -> None:
    deadline = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < deadline
