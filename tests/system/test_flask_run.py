"""The development server: edits, breakpoints, ends."""

import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kit.forked import fork_server
from kit.processes import is_template
from kit.raw_http import chunked, exchange
from kit.servers import ROOT, SOON, project_environ, start_flask_run, write_function

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

ONE = """
def handler(event, context):
    return {"statusCode": 200, "body": "one"}
"""

WAITS = """
import os, pathlib, time

def handler(event, context):
    version = os.environ.get("VERSION", "old")
    print(version, "begins")
    while not pathlib.Path("go").exists():
        time.sleep(0.01)
    return {"statusCode": 200, "body": version}
"""
ROUTED = {"handler": "app.handler", "timeout": 60, "routes": [{"method": "GET", "path": "/waits"}]}

MOVED = '{"handler": "app.handler", "routes": [{"method": "GET", "path": "/moved"}]}'

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


def test_a_breakpoint_stops_a_function_that_an_option_runs_inline(project):
    write_function(project, "stopping", STOPPING, "GET /stopping", timeout=1)
    answer = write_function(project, "answer", "def handler(event, context): return {}", "GET /answer")
    server = start_flask_run(project, "--inline", "stopping")
    try:
        replies = []
        caller = threading.Thread(target=lambda: replies.append(server.get("/stopping")))
        caller.start()
        server.await_log("handler()")
        (answer / "manifest.json").write_text(MOVED)
        assert server.get("/answer").status == 200
        server.process.stdin.write("secret = 42\nc\n")
        server.process.stdin.flush()
        caller.join(SOON)
        assert replies[0].body == b"42"
        assert server.get("/moved").status == 200  # an edited manifest waits for the function's end
    finally:
        server.stop()


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_though_a_handler_runs(project, signal_number):
    write_function(project, "endless", ENDLESS, "GET /endless", timeout=900)
    server = start_flask_run(project)
    caller = threading.Thread(target=_call, args=(server,))
    caller.start()
    server.await_log("handler ")
    handler_pid = next(line.split()[1] for line in server.log if line.startswith("handler "))
    assert server.stop(signal_number, timeout=SOON) == 0
    caller.join(SOON)
    assert not Path(f"/proc/{handler_pid}").exists()


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_though_it_is_told_twice(project, signal_number):
    """`timeout` and some process managers tell the process and then its group."""
    write_function(project, "endless", ENDLESS, "GET /endless", timeout=900)
    server = start_flask_run(project)
    caller = threading.Thread(target=_call, args=(server,))
    caller.start()
    server.await_log("handler ")
    status = Path(f"/proc/{server.process.pid}/status")
    server.process.send_signal(signal_number)
    while not re.search(r"ShdPnd:\t0+\n", status.read_text()):
        pass  # until it has been told once
    server.process.send_signal(signal_number)
    try:
        assert server.process.wait(SOON) in {0, -signal_number}  # the latter at its very end
    finally:
        server.kill()
    caller.join(SOON)
    assert "Traceback" not in "".join(server.log)


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


@pytest.mark.parametrize("options", [(), ("--debug",)], ids=["plain", "debug"])
def test_an_edited_manifest_is_seen_by_the_next_request(project, tmp_path, options):
    folder = write_function(project, "answer", ONE, "GET /one")
    manifest = (folder / "manifest.json").read_text()
    (tmp_path / "temp").mkdir()  # a reloader that is killed leaves something behind
    server = start_flask_run(project, *options, environ={"TMPDIR": str(tmp_path / "temp")})
    try:
        assert server.get("/one").body == b"one"
        _replace(folder / "manifest.json", manifest.replace("/one", "/moved"))
        assert (server.get("/moved").body, server.get("/one").status) == (b"one", 403)
        added = write_function(project, "added", ONE.replace("one", "added"), "GET /added")
        assert server.get("/added").body == b"added"
        _replace(added / "manifest.json", '{"handlr": "app.handler"}')
        for _ in range(3):
            refused = server.get("/moved")
            assert (refused.status, refused.get("Content-Type")) == (503, "text/plain; charset=utf-8")
            assert b"functions/added/manifest.json: handlr: unknown key: did you mean" in refused.body
        shutil.rmtree(added)
        assert server.get("/moved").body == b"one"
        _replace(project / "manifests" / "dev.json", '{"stageInPath": true}')
        assert server.get("/dev/moved").body == b"one"
        server.await_log(" * Read the manifests again", count=4)
        log = "".join(server.log)
        assert "   answer    REST API  GET /one\n" in log
        assert log.count("The manifests are wrong") == log.count("handlr: unknown key") == 1
        assert "Traceback" not in log
    finally:
        server.kill() if options else server.stop()


def test_a_request_ends_on_the_manifests_that_it_began_on(project, threads):
    folder = write_function(project, "waits", WAITS, "GET /waits", timeout=60)
    server = start_flask_run(project)
    try:
        call = threads.submit(server.get, "/waits")
        server.await_log("old begins")
        _replace(folder / "manifest.json", json.dumps(ROUTED | {"environment": {"VERSION": "new"}}))
        (folder / "go").touch()
        assert server.get("/waits").body == b"new"
        assert call.result().body == b"old"
        _await_processes(server, 1)
        _replace(folder / "manifest.json", "{")
        assert server.get("/waits").status == 503
        _await_processes(server, 0)
    finally:
        assert server.stop() == 0


def test_a_project_that_is_not_right_at_the_start_is_reported_and_not_served(project):
    write_function(project, "answer", ONE, "GET /one", timeout="long")
    program = [sys.executable, "-m", "flask", "--app", str(ROOT / "wsgi.py"), "--debug", "run"]
    ended = subprocess.run(program, env=project_environ(project), capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: 1 problem in the manifests or settings, nothing was started:\n")
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("timeout") == 1


def _replace(path: Path, text: str) -> None:
    """Write a file as an editor does: never half of it can be seen."""
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").replace(path)


def _await_processes(server, count: int) -> None:
    """Wait until the server has so many processes of functions."""
    deadline = time.monotonic() + 10
    while (found := sum(not is_template(each) for each in server.descendants)) != count:
        assert time.monotonic() < deadline, f"{found} processes instead of {count}"
        time.sleep(0.01)


def test_a_port_in_use_is_named_and_nothing_is_started(project):
    write_function(project, "answer", "import nope", "GET /")
    environ = project_environ(project) | {"BERTH_CHECK": "warn"}
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
        ended = fork_server.run("berth", ["run", "--port", str(port)], project, environ)
        (project / "manifests" / "dev.json").write_text(
            f'{{"invokeApi": {{"auth": "none", "bind": "127.0.0.1:{port}"}}}}'
        )
        own = fork_server.run("berth", ["run", "--port", "0"], project, environ)
    problem = (
        f"Error: port {port} of 127.0.0.1 is in use by another program; end that program, or choose another: "
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", f"{problem}`berth run --port PORT`\n")
    assert (own.returncode, own.stdout, own.stderr) == (1, "", f"{problem}`invokeApi.bind` of the stage\n")


def test_an_address_of_another_machine_is_refused(project):
    arguments = ["run", "--host", "192.0.2.1", "--port", "0"]
    ended = fork_server.run(
        "flask", ["--app", str(ROOT / "wsgi.py"), *arguments], project, project_environ(project)
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: port 0 of 192.0.2.1 cannot be listened at: ")


def test_the_body_of_a_refused_request_is_read_once(project):
    """A second read would wait for bytes that no client sends, and fail when the client hangs up."""
    write_function(project, "answer", "def handler(event, context): return {}", "POST /answer")
    unknown, known = "/2015-03-31/functions/nope/invocations", "/2015-03-31/functions/answer/invocations"
    head = "POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n"
    with start_flask_run(project) as server:
        for size in (9, 300_000):
            with socket.create_connection(("127.0.0.1", server.port), timeout=SOON) as connection:
                connection.sendall(head.format(unknown, size).encode() + b"x" * size)
                reply = b"".join(iter(lambda: connection.recv(65536), b""))  # until the server ends it
            assert reply.startswith(b"HTTP/1.1 404 ")
        for path in (known, "/answer"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=SOON) as connection:
                connection.sendall(head.format(path, 11_000_000).encode())
                assert connection.recv(13) == b"HTTP/1.1 413 "
                connection.sendall(b"x" * 11_000_000)
            chunks = chunked(b"x" * 11_000_000)
            start = f"POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            assert exchange(server.port, start.encode() + chunks, "POST").status == 413
    assert [line for line in server.log if "Traceback" in line] == []
