"""Clients that take for ever: told so, and nobody waits for them. The limits are shortened for the test."""

import socket
from collections.abc import Iterator

import pytest
from servers import ROOT, Server, start_gunicorn, write_function

pytestmark = pytest.mark.system
IMPATIENT = f"""
exec(compile(open("{ROOT}/gunicorn.conf.py").read(), "{ROOT}/gunicorn.conf.py", "exec"))
from app.gateway.patience import PatientUnreader
PatientUnreader.seconds_between_bytes = 0.4
PatientUnreader.seconds_for_a_request = 1.2
"""
HEAD = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    project = tmp_path_factory.mktemp("slow")
    write_function(project, "echo", "def handler(event, context): return {'body': 'yes'}", "ANY /echo")
    (project / "manifests").mkdir()
    (project / "manifests" / "dev.json").write_text("{}")
    (project / "impatient.py").write_text(IMPATIENT)
    server = start_gunicorn(project, "--config", str(project / "impatient.py"))
    yield server
    assert server.stop() == 0


def _answer(server: Server, sent: bytes, dripping: bytes = b"") -> bytes:
    """What comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        connection.settimeout(0.1 if dripping else 10)
        received = b""
        while True:
            try:
                data = connection.recv(65536)
            except TimeoutError:
                connection.sendall(dripping)
                continue
            if not data:
                return received
            received += data


@pytest.mark.parametrize("sent", [b"GET /echo", HEAD[:-2], HEAD, HEAD + b"half"])
def test_client_that_stops_sending_is_told_so_and_left(server: Server, sent: bytes) -> None:
    assert _answer(server, sent).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


@pytest.mark.parametrize(("sent", "dripping"), [(HEAD, b"x"), (HEAD[:-2], b"A: b\r\n")])
def test_client_that_drips_is_told_so_and_left(server: Server, sent: bytes, dripping: bytes) -> None:
    assert _answer(server, sent, dripping).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_others_are_served_meanwhile(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(HEAD)
        assert server.get("/echo").body == b"yes"
