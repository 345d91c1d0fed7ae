"""A few connections do not stop the others: attacks at the defaults of a small task."""

import json
import resource
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from kit.certificates import Authority
from kit.issuers import Issuer, ec_key, issuing, rsa_key
from kit.raw_http import exchange
from kit.servers import Reply, Server, start_gunicorn, write_function

pytestmark = pytest.mark.system

LIVE = "/_berth/health/live"
CODE = """
def handler(event, context):
    return {"body": str(len(event.get("body") or ""))}
"""
ALLOWS = """
def handler(event, context):
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}
    return {"principalId": "any", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""
HEAD = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
SMALL_TASK = {"BERTH_MAX_ENVIRONMENTS": "4", "BERTH_CONCURRENCY": "16"}
KEY = "a-key-of-twenty-characters"


@pytest.fixture(scope="module")
def issuers() -> Iterator[tuple[Issuer, Issuer]]:
    """One that answers, and one that may be made slow."""
    with issuing(rsa_key()) as quick, issuing(ec_key()) as slow:
        yield quick, slow


def _project(folder: Path, authorizers: dict[str, object]) -> Path:
    (folder / "manifests").mkdir()
    keys = [{"id": "client", "environment": "CLIENT_KEY"}] if authorizers else []
    stage = {"authorizers": authorizers, **({"apiKeys": keys} if keys else {})}
    (folder / "manifests" / "dev.json").write_text(json.dumps(stage))
    write_function(folder, "echo", CODE, "ANY /echo", timeout=30)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, issuers: tuple[Issuer, Issuer]) -> Iterator[Server]:
    quick, slow = issuers
    authorizers = {
        "gate": {"type": "TOKEN", "function": "gate", "identityValidationExpression": "^Bearer ([a-z]+)+$"},
        "quick": {"type": "JWT", "issuer": quick.url, "audience": ["orders"]},
        "slow": {"type": "JWT", "issuer": slow.url, "audience": ["orders"]},
    }
    project = _project(tmp_path_factory.mktemp("attacked"), authorizers)
    write_function(project, "gate", ALLOWS)
    routes = [
        {"method": "POST", "path": "/gated", "authorizer": "gate"},
        {"method": "POST", "path": "/keyed", "apiKeyRequired": True},
        {"method": "POST", "path": "/modelled", "requestModels": {"application/json": {"uniqueItems": True}}},
    ]
    write_function(project, "guarded", CODE, routes=routes)
    for name in ("quick", "slow"):
        routes = [{"method": "GET", "path": f"/{name}", "authorizer": name}]
        write_function(project, name, CODE, api="http", routes=routes)
    server = start_gunicorn(project, environ=SMALL_TASK | {"CLIENT_KEY": KEY})
    yield server
    assert server.stop() == 0
    log = "".join(server.log)
    assert "Traceback" not in log, log[log.index("Traceback") - 200 :][:3000]


@pytest.fixture(autouse=True, scope="module")
def _many_descriptors() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))


def _connect(server: Server, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(sent)
    return connection


@contextmanager
def _connected(server: Server, count: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(_connect(server, sent)) for _ in range(count)]


@contextmanager
def _dripping(connections: list[socket.socket], drop: bytes) -> Iterator[None]:
    """Send a byte on every connection again and again until the end of the block."""
    is_over = threading.Event()

    def drip() -> None:
        while not is_over.wait(0.05):
            for connection in connections:
                connection.sendall(drop)

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _assert_served(server: Server) -> None:
    """Health checks are answered within seconds, one after the other, and so are other requests."""
    for _ in range(5):
        assert server.get(LIVE, timeout=2).status == 200
        assert server.send("POST", "/echo", [("Content-Type", "text/plain")], b"abc", timeout=5).body == b"3"


@pytest.mark.parametrize("count", [40, 1000])
def test_others_are_served_while_clients_connect_and_say_nothing(server: Server, count: int) -> None:
    with _connected(server, count):
        _assert_served(server)


@pytest.mark.parametrize("sent", [b"G", b"GET /echo HTTP/1.1\r\nHost: a\r\nX-A: "])
def test_others_are_served_while_heads_drip(server: Server, sent: bytes) -> None:
    with _connected(server, 40, sent) as connections, _dripping(connections, b"x"):
        _assert_served(server)


@pytest.mark.parametrize("size", [1000, 1_000_000])
def test_others_are_served_while_bodies_drip(server: Server, size: int) -> None:
    with _connected(server, 40, HEAD % size) as connections, _dripping(connections, b"x"):
        _assert_served(server)


def test_others_are_served_while_chunks_drip(server: Server) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with _connected(server, 40, head) as connections, _dripping(connections, b"1\r\nx\r\n"):
        _assert_served(server)


def test_others_are_served_while_health_checks_do_not_end(server: Server) -> None:
    sent = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" % LIVE.encode()
    with _connected(server, 40, sent) as connections, _dripping(connections, b"x"):
        _assert_served(server)


def test_others_are_served_while_clients_keep_their_connections(server: Server) -> None:
    with ExitStack() as connections:
        for _ in range(1400):
            connection = connections.enter_context(_connect(server))
            connection.sendall(f"GET {LIVE} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            assert connection.recv(12) == b"HTTP/1.1 200"
        _assert_served(server)


def test_longest_idle_connection_is_closed_first(server: Server) -> None:
    with _connect(server) as first, _connect(server, b"GET /echo HTTP/1.1\r\n") as begun:
        with _connected(server, 770):
            assert first.recv(1) == b""
        begun.sendall(b"Host: a\r\nConnection: close\r\n\r\n")
        assert begun.recv(12) in {b"HTTP/1.1 200", b""}
        _assert_served(server)


def test_others_are_served_while_handshakes_stall(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.issue("server")
    environ = SMALL_TASK | {"BERTH_TLS_CERTIFICATE": str(certificate), "BERTH_TLS_KEY": str(key)}
    context = ssl.create_default_context(cafile=authority.certificate)
    with start_gunicorn(_project(tmp_path, {}), environ=environ) as server, _connected(server, 40, b"\x16"):
        for _ in range(5):
            with context.wrap_socket(_connect(server), server_hostname="127.0.0.1") as client:
                client.settimeout(2)
                client.sendall(f"GET {LIVE} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
                assert client.recv(12) == b"HTTP/1.1 200"


def test_others_are_served_while_an_issuer_is_slow(server: Server, issuers: tuple[Issuer, Issuer]) -> None:
    quick, slow = issuers
    known = [("Authorization", f"Bearer {quick.make_token(rsa_key())}")]
    assert server.get("/quick", headers=known).status == 200
    slow.may_answer.clear()
    with ThreadPoolExecutor(40) as threads:
        tokens = [slow.make_token(rsa_key(f"made-up-{number}")) for number in range(2)] * 20
        calls = [threads.submit(server.get, "/slow", headers=[("Authorization", each)]) for each in tokens]
        while not slow.asked:
            assert server.get(LIVE, timeout=2).status == 200
        _assert_served(server)
        assert server.get("/quick", headers=known, timeout=5).status == 200
        slow.may_answer.set()
        assert {call.result().status for call in calls} <= {401, 500}
    token = [("Authorization", slow.make_token(ec_key()))]
    assert server.get("/slow", headers=token).status == 200


def test_body_that_no_function_can_have_is_refused_unread(server: Server) -> None:
    with _connected(server, 24, HEAD % 10_000_000) as connections:
        for connection in connections:
            assert connection.recv(12) == b"HTTP/1.1 413"
        _assert_served(server)


def test_bodies_have_a_memory_of_their_own(server: Server) -> None:
    """The worker lives, and every client is told what to do."""
    (worker,) = server.workers
    body = b"x" * 6_000_000

    def send(_: int) -> Reply:
        return exchange(server.port, HEAD % len(body) + body, "POST")

    with ThreadPoolExecutor(12) as threads:
        replies = list(threads.map(send, range(12)))
    assert {reply.status for reply in replies} <= {200, 500, 503}
    assert {reply.get("Retry-After") for reply in replies if reply.status == 503} <= {"1"}
    assert server.workers == [worker]
    _assert_served(server)


@pytest.mark.parametrize("framing", [b"Content-Length: 100000", b"Transfer-Encoding: chunked"])
def test_body_that_ends_early_reaches_no_function(server: Server, framing: bytes) -> None:
    with _connect(
        server, b"POST /echo HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n5\r\nabcde\r\n" % framing
    ) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(12) == b"HTTP/1.1 400"


def test_client_that_resets_its_connection_ends_nobody_elses(server: Server) -> None:
    (worker,) = server.workers
    for sent in (b"", b"GET", HEAD % 1000, HEAD % 1_000_000, b"GET /echo\nHost"):
        for connection in [_connect(server, sent) for _ in range(20)]:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        for connection in [_connect(server, sent) for _ in range(20)]:
            connection.shutdown(socket.SHUT_WR)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
    _assert_served(server)
    assert server.workers == [worker]


def test_body_is_not_read_of_a_client_who_may_not_send_one(server: Server) -> None:
    head = b"POST /keyed HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n%s\r\n"
    assert exchange(server.port, head % b"", "POST").status == 403
    assert exchange(server.port, head % b"Expect: 100-continue\r\n", "POST").status == 403
    key = b"X-Api-Key: %s\r\nExpect: 100-continue\r\n" % KEY.encode()
    with _connect(server, head % key) as connection:
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"x" * 5_000_000)
        assert connection.recv(12) == b"HTTP/1.1 200"


def test_request_after_a_body_that_nobody_wanted_is_served(server: Server) -> None:
    refused = b"POST /keyed HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500_000
    chunks = b"POST /keyed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks += b"5\r\nabcde\r\n0\r\nA: b\r\n\r\n"
    last = b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with _connect(server, refused + chunks + refused + last) as connection:
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert received.count(b"HTTP/1.1 403 Forbidden\r\n") == 3
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 1


def test_no_token_makes_an_expression_run_for_ever(server: Server) -> None:
    token = "Bearer " + "a" * 60 + "!"
    assert len(token) == 68
    reply = server.send("POST", "/gated", [("Authorization", token)], b"", timeout=2)
    assert reply.status == 401
    assert server.send("POST", "/gated", [("Authorization", "Bearer " + "a" * 61)], b"").status == 200


def test_no_body_makes_a_model_run_for_ever(server: Server) -> None:
    body = json.dumps([{"a": number} for number in range(20_000)]).encode()
    headers = [("Content-Type", "application/json")]
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(server.send, "POST", "/modelled", headers, body)
        _assert_served(server)
        assert call.result().status == 200
