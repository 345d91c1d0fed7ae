"""Warm functions are served in the thread that waits for the clients; whatever takes long gets a thread."""

import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kit.raw_http import conversation, exchange
from kit.servers import ROOT, Server, project_environ, start_command, start_gunicorn, write_function
from kit.transports import new_project

pytestmark = pytest.mark.system

WAITS = """
import time

def handler(event, context):
    time.sleep(float((event["queryStringParameters"] or {}).get("seconds", 0)))
    return {"body": "waited"}
"""
TALKS = """
import os

def handler(event, context):
    size = int(event["pathParameters"]["size"])
    if size < 0:
        os._exit(3)
    return {"body": "x" * size}
"""
KEEPS = """
import os
import sqlite3
import threading
import time

COUNT = 0
STORE = sqlite3.connect(":memory:")  # it can be used in one thread alone

def handler(event, context):
    global COUNT
    COUNT += STORE.execute("SELECT 1").fetchone()[0]
    asked = event["queryStringParameters"] or {}
    time.sleep(float(asked.get("seconds", 0)))
    if "code" in asked:
        raise SystemExit(int(asked["code"]))
    return {"body": f"{COUNT} {threading.current_thread().name} {os.environ['AWS_LAMBDA_FUNCTION_NAME']}"}
"""
GET = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
MANY = 40


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of one thread, whose functions are warm."""
    project = new_project(tmp_path_factory.mktemp("lane"))
    write_function(project, "waits", WAITS, "GET /waits", timeout=1)
    write_function(project, "talks", TALKS, "GET /talks/{size}")
    with start_gunicorn(project, "--threads", "1") as server:
        for path in ("/waits", "/talks/1"):
            assert server.get(path).status == 200
        yield server


def test_warm_functions_are_served_while_every_thread_is_taken(server: Server):
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(server.get, "/waits?seconds=0.9")
        bodies = [len(server.get("/talks/7").body) for _ in range(MANY)]
        assert not slow.done()
        assert bodies == [7] * MANY
        assert slow.result().body == b"waited"


def test_invocation_on_the_lane_times_out(server: Server):
    server.get("/waits")
    assert server.get("/waits?seconds=30").status == 502


def test_function_that_ends_on_the_lane_is_answered_and_started_again(server: Server):
    assert server.get("/talks/1").status == 200
    assert server.get("/talks/-1").status == 502
    assert server.get("/talks/2").body == b"xx"


@pytest.mark.parametrize("size", [0, 65_000, 100_000, 300_000, 3_000_000])
def test_answer_of_any_size_is_whole(server: Server, size: int):
    server.get("/talks/1")
    assert server.get(f"/talks/{size}").body == b"x" * size


def test_answer_goes_on_once_a_slow_client_receives(server: Server):
    server.get("/talks/1")
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        for _ in range(60):  # more than the system keeps for a client
            client.sendall(GET % b"/talks/100000")
        threading.Event().wait(0.2)
        received = b""
        while received.count(b"HTTP/1.1 200 OK") < 60 or not received.endswith(b"x" * 100_000):
            received += client.recv(65536)
    assert received.count(b"x" * 100_000) == 60


def test_requests_sent_ahead_are_answered_in_their_order(server: Server):
    server.get("/talks/1")
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"".join(GET % b"/talks/%d" % size for size in range(MANY)))
        received = b""
        while received.count(b"HTTP/1.1 200 OK") < MANY or not received.endswith(b"\r\n\r\n" + b"x" * 39):
            received += client.recv(65536)
    lengths = [int(part.split(b"\r\n", 1)[0]) for part in received.split(b"Content-Length: ")[1:]]
    assert lengths == list(range(MANY))


def test_many_connections_at_once_get_their_own_answers(server: Server):
    def ask(first: int) -> list[int]:
        replies = conversation(
            server.port, [("GET", GET % b"/talks/%d" % (first * 100 + number)) for number in range(20)]
        )
        return [len(reply.body) for reply in replies]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert answers == [[first * 100 + number for number in range(20)] for first in range(8)]


def test_client_that_hangs_up_leaves_its_environment_to_the_next(server: Server):
    server.get("/talks/1")
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(GET % b"/talks/5")
    assert server.get("/talks/3").body == b"xxx"


@pytest.mark.parametrize("wrong", [b"\n", b"\r\n\r\n", b"GET /" + b"x" * 9000, b"GET /talks/9\nHost: a\n\n"])
def test_request_that_can_only_be_refused_is_not_taken_for_the_one_before_it(server: Server, wrong: bytes):
    server.get("/talks/1")
    first, second = conversation(server.port, [("GET", GET % b"/talks/5"), ("GET", wrong)])
    assert (first.status, first.body) == (200, b"xxxxx")
    assert second.status in {400, 414, 431}
    assert server.get("/talks/2").body == b"xx"


def test_head_and_connection_headers_are_kept(server: Server):
    write = b"GET /talks/4 HTTP/1.1\r\nHost: a\r\nConnection: %s\r\n\r\n"
    assert exchange(server.port, write % b"close").get("Connection") == "close"
    assert exchange(server.port, write % b"keep-alive").get("Connection") == "keep-alive"
    assert exchange(server.port, write % b"upgrade").body == b"xxxx"


def test_hooks_of_the_application_see_every_request(tmp_path: Path):
    write_function(new_project(tmp_path), "talks", TALKS, "GET /talks/{size}")
    (tmp_path / "hooked.py").write_text(
        "from berth import create_app\n\napp = create_app()\n\n\n@app.after_request\ndef mark(response):\n"
        "    response.headers['X-Marked'] = 'yes'\n    return response\n"
    )
    program = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), "-b", "127.0.0.1:0"]
    with start_command([*program, "hooked:app"], tmp_path, project_environ(tmp_path)) as server:
        assert [server.get("/talks/1").get("X-Marked") for _ in range(3)] == ["yes"] * 3


def test_logs_of_every_invocation_are_whole(server: Server):
    before = sum(line.startswith("REPORT ") for line in server.log)
    conversation(server.port, [("GET", GET % b"/talks/1")] * MANY)
    server.await_log("REPORT ", count=before + MANY)
    lines = [line.split()[0] for line in server.log if line.split()[:1] in (["START"], ["END"], ["REPORT"])]
    assert lines[-3 * MANY :] == ["START", "END", "REPORT"] * MANY


def test_gunicorns_access_log_has_every_request(tmp_path: Path):
    write_function(new_project(tmp_path), "talks", TALKS, "GET /talks/{size}")
    log = tmp_path / "access.log"
    with start_gunicorn(tmp_path, "--access-logfile", str(log)) as server:
        for _ in range(3):
            server.get("/talks/1")
    assert log.read_text().count("GET /talks/1 HTTP/1.1") == 3


@pytest.fixture(scope="module")
def inline_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of one thread that runs functions in its own process."""
    project = new_project(tmp_path_factory.mktemp("inline"))
    for name in ("first", "second", "exits"):
        write_function(project, name, KEEPS, f"GET /{name}", isolation="inline")
    write_function(project, "large", TALKS, "GET /large/{size}", isolation="inline")
    write_function(project, "talks", TALKS, "GET /talks/{size}")
    with start_gunicorn(project, "--threads", "1") as server:
        for path in ("/first", "/second", "/large/1", "/talks/1"):
            assert server.get(path).status == 200
        yield server


def test_inline_functions_run_in_one_thread_from_their_import_on(inline_server: Server):
    bodies = [inline_server.get(f"/{name}").body.split() for name in ("first", "second") * 3]
    assert [body[1:] for body in bodies] == [[b"berth-inline", b"first"], [b"berth-inline", b"second"]] * 3
    counts = [int(body[0]) for body in bodies]
    assert counts[::2] == list(range(counts[0], counts[0] + 3))


@pytest.mark.parametrize("size", [0, 100_000, 200_000, 3_000_000])
def test_answer_of_an_inline_function_is_whole_whatever_its_size(inline_server: Server, size: int):
    assert [len(inline_server.get(f"/large/{size}").body) for _ in range(2)] == [size] * 2


def test_others_are_served_while_an_inline_function_runs(inline_server: Server):
    inline_server.get("/first")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(inline_server.get, "/first?seconds=0.9")
        assert [len(inline_server.get("/talks/7").body) for _ in range(MANY)] == [7] * MANY
        assert not slow.done()
        assert slow.result().body.endswith(b" berth-inline first")


def test_inline_functions_wait_for_each_other(inline_server: Server):
    def ask(name: str) -> list[bytes]:
        request = GET % b"/%s" % name.encode()
        return [reply.body for reply in conversation(inline_server.port, [("GET", request)] * 20)]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, ["first", "second"] * 2))
    assert [{body.split()[-1] for body in bodies} for bodies in answers] == [{b"first"}, {b"second"}] * 2
    assert all(len(bodies) == 20 for bodies in answers)


def test_inline_function_that_exits_is_answered_and_imported_again(inline_server: Server):
    assert [inline_server.get("/exits").body.split()[0] for _ in range(2)] == [b"1", b"2"]
    assert inline_server.get("/exits?code=3").status == 502
    inline_server.await_log("Runtime exited with error: exit status 3")
    assert inline_server.get("/exits").body.split()[0] == b"1"


def test_server_ends_while_an_inline_function_runs(tmp_path: Path):
    write_function(new_project(tmp_path), "first", KEEPS, "GET /first", isolation="inline")
    with start_gunicorn(tmp_path, "--threads", "1", "--graceful-timeout", "1") as server:
        server.get("/first")
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(GET % b"/first?seconds=600")
            server.get("/first/nowhere")
            assert server.stop() == 0
