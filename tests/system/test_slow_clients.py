"""Slow clients get a 408 or are disconnected, and other clients do not wait. The limits are shorter here."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kit.certificates import Authority
from kit.servers import ROOT, Server, start_gunicorn, write_function

pytestmark = pytest.mark.system
CODE = """
def handler(event, context):
    return {"body": "yes" * 1_500_000 if event["path"] == "/large" else "yes"}
"""
IMPATIENT = f"""
exec(compile(open("{ROOT}/gunicorn.conf.py").read(), "{ROOT}/gunicorn.conf.py", "exec"))
from berth.server import patience
patience.PatientUnreader.seconds_between_bytes = 0.4
patience.PatientUnreader.seconds_for_a_request = 1.2
patience.SECONDS_FOR_A_SLICE = 0.4
patience.SECONDS_FOR_A_HANDSHAKE = 0.4
threads = 4
"""
HEAD = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
SMALL = b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def _start(project: Path, **environ: str) -> Server:
    write_function(project, "echo", CODE, "ANY /echo", "GET /large")
    (project / "manifests").mkdir()
    (project / "manifests" / "dev.json").write_text("{}")
    (project / "impatient.py").write_text(IMPATIENT)
    return start_gunicorn(project, "--config", str(project / "impatient.py"), environ=environ)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = _start(tmp_path_factory.mktemp("slow"))
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Server]:
    certificate, key = authority.issue("server")
    environ = {"BERTH_TLS_CERTIFICATE": str(certificate), "BERTH_TLS_KEY": str(key)}
    server = _start(tmp_path_factory.mktemp("slow-tls"), **environ)
    yield server
    assert server.stop() == 0


def _connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def _connect_tls(server: Server, authority: Authority) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=authority.certificate)
    return context.wrap_socket(_connect(server), server_hostname="127.0.0.1")


def _rest(connection: socket.socket, dripping: bytes = b"") -> bytes:
    """What comes until the server hangs up."""
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
    with _connect(server) as connection:
        connection.sendall(sent)
        assert _rest(connection).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


@pytest.mark.parametrize(("sent", "dripping"), [(HEAD, b"x"), (HEAD[:-2], b"A: b\r\n")])
def test_client_that_drips_is_told_so_and_left(server: Server, sent: bytes, dripping: bytes) -> None:
    with _connect(server) as connection:
        connection.sendall(sent)
        assert _rest(connection, dripping).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_others_are_served_when_all_threads_send_to_those_who_take_nothing(server: Server) -> None:
    with ExitStack() as connections:
        for _ in range(4):
            connections.enter_context(_connect(server)).sendall(LARGE)
        assert server.get("/echo", timeout=8).body == b"yes"


def test_others_are_served_while_answered_clients_do_not_close(server: Server) -> None:
    with ExitStack() as connections:
        for _ in range(3):
            connection = connections.enter_context(_connect(server))
            connection.sendall(SMALL)
            connections.enter_context(connection.makefile("rb")).readline()
        with _connect(server) as connection:
            connection.settimeout(1.5)  # of the six seconds that the three may take together
            connection.sendall(SMALL)
            assert connection.recv(12) == b"HTTP/1.1 200"


def test_client_that_takes_a_large_answer_gets_all_of_it(server: Server) -> None:
    assert server.get("/large").body == b"yes" * 1_500_000


def test_others_are_served_over_tls_when_all_threads_send(tls_server: Server, authority: Authority) -> None:
    with ExitStack() as connections:
        for _ in range(4):
            connections.enter_context(_connect_tls(tls_server, authority)).sendall(LARGE)
        with _connect_tls(tls_server, authority) as connection:
            connection.sendall(SMALL)
            assert _rest(connection).endswith(b"\r\n\r\nyes")


def test_others_are_served_when_all_threads_wait_for_handshakes(
    tls_server: Server, authority: Authority
) -> None:
    with ExitStack() as connections:
        for _ in range(4):
            connections.enter_context(_connect(tls_server)).sendall(b"\x16")
        with _connect_tls(tls_server, authority) as connection:
            connection.sendall(SMALL)
            assert _rest(connection).endswith(b"\r\n\r\nyes")
    assert "Traceback" not in "".join(tls_server.log)
