"""Bytes that are not one HTTP request: each kind of API refuses them in its words, and the server lives."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from kit.raw_http import exchange
from kit.servers import Server, start_gunicorn, write_function
from kit.tables import for_each
from kit.transports import ECHO, new_project

SMUGGLED = b"GET /rest/smuggled HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """The same functions behind a stage of each kind."""
    named: dict[str, dict[str, str]] = {kind: {"api": kind} for kind in ("rest", "http", "url", "alb")}
    project = new_project(tmp_path_factory.mktemp("malformed") / "project", **named)
    for kind in named:
        write_function(project, kind, ECHO, f"ANY /{kind}/{{proxy+}}", api=kind)
    with ExitStack() as stack:
        yield {
            kind: stack.enter_context(start_gunicorn(project, environ={"BERTH_STAGE": kind}))
            for kind in named
        }


@pytest.fixture
def server(servers: dict[str, Server]) -> Iterator[Server]:
    """The REST API's server, which must serve on after every test."""
    yield servers["rest"]
    assert servers["rest"].get("/rest/alive").status == 200


def _post(*lines: bytes, body: bytes = b"", path: bytes = b"/rest/x") -> bytes:
    return b"\r\n".join([b"POST %s HTTP/1.1" % path, b"Host: h", *lines, b"", b""]) + body


REFUSED = {
    "garbage": b"garbage\r\n\r\n",
    "nothing but blanks": b"  \r\n\r\n",
    "method in lower case": b"get /rest/x HTTP/1.1\r\nHost: h\r\n\r\n",
    "no version": b"GET /rest/x\r\nHost: h\r\n\r\n",
    "unknown version": b"GET /rest/x HTTP/3.0\r\nHost: h\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "blank in the target": b"GET /rest/a b HTTP/1.1\r\nHost: h\r\n\r\n",
    "NUL in the target": b"GET /rest/a\0b HTTP/1.1\r\nHost: h\r\n\r\n",
    "bytes in the target": b"GET /rest/\xff\xfe HTTP/1.1\r\nHost: h\r\n\r\n",
    "UTF-8 in the target": "GET /rest/é HTTP/1.1\r\nHost: h\r\n\r\n".encode(),
    "line feeds alone": b"GET /rest/x HTTP/1.1\nHost: h\n\n",
    "a line feed alone": b"GET /rest/x HTTP/1.1\r\nHost: h\nX-A: 1\r\n\r\n",
    "a carriage return alone": _post(b"X-A: a\rb"),
    "obsolete folding": _post(b"X-A: 1", b" 2"),
    "NUL in a value": _post(b"X-A: a\0b"),
    "NUL in a name": _post(b"X\0A: 1"),
    "bad name": _post(b"X(A): 1"),
    "empty name": _post(b": 1"),
    "blank before the colon": _post(b"Content-Length : 3", body=b"abc"),
    "two hosts": b"GET /rest/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "both lengths": _post(b"Content-Length: 4", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "both lengths, reversed": _post(
        b"Transfer-Encoding: chunked", b"Content-Length: 4", body=b"0\r\n\r\n" + SMUGGLED
    ),
    "two lengths": _post(b"Content-Length: 3", b"Content-Length: 44", body=b"abc" + SMUGGLED),
    "two lengths in one": _post(b"Content-Length: 3, 44", body=b"abc" + SMUGGLED),
    "signed length": _post(b"Content-Length: +3", body=b"abc" + SMUGGLED),
    "negative length": _post(b"Content-Length: -3", body=b"abc" + SMUGGLED),
    "hexadecimal length": _post(b"Content-Length: 0x3", body=b"abc" + SMUGGLED),
    "unknown coding": _post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + SMUGGLED),
    "chunked not last": _post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n" + SMUGGLED),
    "coding not undone": _post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "chunked twice": _post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "bad chunk size": _post(b"Transfer-Encoding: chunked", body=b"zz\r\nabc\r\n0\r\n\r\n" + SMUGGLED),
    "negative chunk size": _post(b"Transfer-Encoding: chunked", body=b"-1\r\nabc\r\n0\r\n\r\n" + SMUGGLED),
    "chunk without its end": _post(b"Transfer-Encoding: chunked", body=b"3\r\nabcX\r\n0\r\n\r\n" + SMUGGLED),
    "chunk extension with CR": _post(b"Transfer-Encoding: chunked", body=b"3;a\rb\r\nabc\r\n0\r\n\r\n"),
    "expectation": _post(b"Expect: 200-ok", b"Content-Length: 1", body=b"a"),
}


@pytest.mark.parametrize("request_bytes", REFUSED.values(), ids=REFUSED)
def test_what_is_no_request_is_refused_once_and_nothing_after_it_is_served(
    server: Server, request_bytes: bytes
) -> None:
    received = _everything(server.port, request_bytes)
    assert received.count(b"HTTP/1.1 ") == 1
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Content-Type: application/json" in head
    assert body == b'{"message":"Bad Request"}'
    assert b"server:" not in head.lower()


TOO_LARGE = {
    "201 headers": _post(*(b"X-%d: 1" % number for number in range(201))),
    "a header of 64 KB": _post(b"X-A: " + b"a" * 65_536),
    "a header of 12 KB": _post(b"X-A: " + b"a" * 12_000),
    "a target of 9 KB": _post(path=b"/rest/" + b"a" * 9_000),
    "a target of 64 KB": _post(path=b"/rest/" + b"a" * 65_536),
    "a query of 9 KB": _post(path=b"/rest/x?" + b"a" * 9_000),
}


@pytest.mark.parametrize("request_bytes", TOO_LARGE.values(), ids=TOO_LARGE)
def test_head_is_refused_when_it_is_too_large(server: Server, request_bytes: bytes) -> None:
    reply = exchange(server.port, request_bytes, "POST")
    assert (reply.status, reply.body) == (431, b'{"message":"Request header fields too large"}')


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "start"),
    [
        ("rest", 400, "application/json", b'{"message":"Bad Request"}'),
        ("http", 400, "application/json", b'{"message":"Bad Request"}'),
        ("url", 400, "application/json", b'{"Message":"Bad Request"}'),
        ("alb", 400, "text/html", b"<html>\r\n<head><title>400 Bad Request</title></head>"),
    ],
)
@pytest.mark.parametrize("case", ["garbage", "obsolete folding"])
def test_each_kind_refuses_in_its_own_words(
    servers: dict[str, Server], kind: str, status: int, content_type: str, start: bytes, case: str
) -> None:
    reply = exchange(servers[kind].port, REFUSED[case])
    assert (reply.status, reply.get("Content-Type")) == (status, content_type)
    assert reply.body.startswith(start)
    assert reply.get("Server") == ("awselb/2.0" if kind == "alb" else None)


@pytest.mark.parametrize(
    "request_bytes", [b"GET /rest/x HTTP/1.1\r\n\r\n", b"GET /rest/x HTTP/1.1\r\nHost:\r\n\r\n"]
)
def test_request_without_a_host_is_refused(server: Server, request_bytes: bytes) -> None:
    reply = exchange(server.port, request_bytes)
    assert (reply.status, reply.body) == (400, b'{"message":"Bad Request"}')


def test_log_does_not_quote_a_header_that_is_refused(server: Server) -> None:
    exchange(server.port, _post(b"Authorization: Bearer secret-of-mine\0"))
    server.await_log("refused a request from 127.0.0.1: InvalidHeader")
    assert "secret-of-mine" not in "".join(server.log)


ODD_TARGETS = {
    ("http", b"/http/%zz%2"): "/http/%zz%2",
    ("http", b"/http/%c0%af"): "/http/\ufffd\ufffd",
    ("http", b"/http/%ff"): "/http/\ufffd",
    ("http", b"/http/../rest/x"): "/http/../rest/x",
    ("http", b"/http/%2e%2e/x"): "/http/../x",
    ("http", b"http://evil.example/http/x"): "/http/x",
    ("http", b"/http//x/"): "/http//x/",
    ("http", b"/http/x#fragment"): "/http/x",
    ("http", b"/http/a;b=1"): "/http/a;b=1",
    ("url", b"/url/%zz%2"): "/url/%zz%2",
    ("url", b"/url/%2e%2e/x"): "/url/%2e%2e/x",
    ("alb", b"/alb/%c0%af"): "/alb/%c0%af",
    ("rest", b"/rest/%00"): "/rest/%00",
}


@for_each("kind, target", ODD_TARGETS)
def test_odd_target_is_the_path_of_its_event(servers: dict[str, Server], kind: str, target: bytes) -> None:
    request = b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % target
    event = exchange(servers[kind].port, request).json()
    assert event.get("rawPath", event.get("path")) == ODD_TARGETS[kind, target]


def test_http_1_0_needs_no_host(servers: dict[str, Server]) -> None:
    event = exchange(servers["http"].port, b"GET /http/x HTTP/1.0\r\n\r\n").json()
    assert event["requestContext"]["http"]["protocol"] == "HTTP/1.0"


def test_header_with_an_underscore_never_reaches_a_function(servers: dict[str, Server]) -> None:
    request = b"GET /http/x HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: 6.6.6.6\r\nX_A: 1\r\n\r\n"
    headers = exchange(servers["http"].port, request).json()["headers"]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert not {"x_a", "x-a", "x_forwarded_for"} & headers.keys()


def _everything(port: int, request_bytes: bytes) -> bytes:
    """All that a server sends until it hangs up."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request_bytes)
        with suppress(ConnectionResetError):
            while chunk := connection.recv(65_536):
                received += chunk
    return received
