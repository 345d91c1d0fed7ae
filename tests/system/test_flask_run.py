"""The development server: edits, breakpoints, ends."""

import http.client
import signal
import socket
import threading
from pathlib import Path

import pytest

from kit.servers import start_flask_run, write_function

pytestmark = pytest.mark.system

ANSWER = """
import os, part

def handler(event, context):
    return {"statusCode": 200, "body": f"1 {part.NAME}"}
"""

STOPPING = """
def handler(event, context):
    secret = 40
    breakpoint()
    return {"statusCode": 200, "body": str(secret)}
"""

ENDLESS = """
import os, time

def handler(event, context):
    print("handler", os.getpid())
    time.sleep(900)
"""


@pytest.mark.parametrize("isolation", ["process", "inline"])
def test_an_edited_file_is_seen_by_the_next_request(project, isolation):
    folder = write_function(project, "answer", ANSWER, "GET /answer", isolation=isolation)
    (folder / "part.py").write_text('NAME = "a"')
    server = start_flask_run(project)
    try:
        assert server.get("/answer").body == b"1 a"
        for number in range(2, 6):  # within one second and of one size: no bytecode may stand in
            (folder / "app.py").write_text(ANSWER.replace("1", str(number)))
            assert server.get("/answer").body == f"{number} a".encode()
        (folder / "part.py").write_text('NAME = "b"')
        assert server.get("/answer").body == b"5 b"
    finally:
        assert server.stop() == 0


def test_a_breakpoint_stops_an_inline_handler(project):
    write_function(project, "stopping", STOPPING, "GET /stopping", isolation="inline")
    server = start_flask_run(project)
    try:
        replies = []
        caller = threading.Thread(target=lambda: replies.append(server.get("/stopping")))
        caller.start()
        server.await_log("handler()")
        server.process.stdin.write("secret = 42\nc\n")
        server.process.stdin.flush()
        caller.join(10)
        assert replies[0].body == b"42"
    finally:
        server.stop()


@pytest.mark.alone
@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_seconds_though_a_handler_runs(project, signal_number):
    write_function(project, "endless", ENDLESS, "GET /endless", timeout=900)
    server = start_flask_run(project)
    caller = threading.Thread(target=_call, args=(server,))
    caller.start()
    server.await_log("handler ")
    handler_pid = next(line.split()[1] for line in server.log if line.startswith("handler "))
    assert server.stop(signal_number, timeout=3) == 0
    caller.join(5)
    assert not Path(f"/proc/{handler_pid}").exists()


def test_port_decides_where_it_listens(project):
    write_function(project, "answer", "def handler(event, context): return {}", "GET /")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = start_flask_run(project, environ={"PORT": str(port)})
    try:
        assert server.port == port
        assert server.get("/").status == 200
    finally:
        assert server.stop() == 0


def _call(server) -> None:
    try:
        server.get("/endless")
    except (OSError, http.client.HTTPException):
        return  # the server went away under it
