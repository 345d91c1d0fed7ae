"""What becomes of an invocation whose client does not wait for the answer: it goes on, as on Lambda."""

import socket
from pathlib import Path

import pytest

from kit.servers import start_gunicorn, write_function
from kit.transports import new_project

WAITING = """
import pathlib
import time

def handler(event, context):
    print("begun", event["path"], flush=True)
    go_on = pathlib.Path(__file__).with_name("go-on")
    while not go_on.exists():
        time.sleep(0.01)
    print("done", event["path"], flush=True)
    return {"statusCode": 200}
"""


@pytest.mark.parametrize("ending", [b"", b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"])
def test_client_that_hangs_up_keeps_its_slot_until_the_handler_ends(tmp_path: Path, ending: bytes) -> None:
    project = new_project(tmp_path / "project")
    folder = write_function(project, "waiting", WAITING, "ANY /{proxy+}", reservedConcurrency=1, timeout=60)
    with start_gunicorn(project) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            client.sendall(b"GET /first HTTP/1.1\r\nHost: h\r\n\r\n")
            server.await_log("begun /first")
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            client.sendall(ending)
        assert server.get("/second").status == 500
        (folder / "go-on").touch()
        server.await_log("done /first")
        server.await_log("REPORT RequestId")
        assert server.get("/third").status == 200
        assert "/x" not in "".join(line for line in server.log if "begun" in line)
