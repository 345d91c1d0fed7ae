"""Request bodies: text or base64, and how large they may be, through all three servers."""

import hashlib
from collections.abc import Iterator

import pytest

from kit.raw_http import chunked, exchange
from kit.servers import Server, write_function
from kit.tables import for_each
from kit.transports import (
    ECHO,
    REAL_SERVERS,
    TRANSPORTS,
    Transport,
    isolation_for,
    new_project,
    open_transport,
)

TEN_MB = 10 * 1024 * 1024
SIX_MB = 6_291_456
DIGEST = """
import hashlib

def handler(event, context):
    return {'body': hashlib.sha256(event['body'].encode()).hexdigest()}
"""


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    project = new_project(tmp_path_factory.mktemp("body") / "project", dev={"binaryMediaTypes": ["image/*"]})
    isolation = isolation_for(request.param)
    write_function(project, "stage-types", ECHO, "ANY /stage", isolation=isolation)
    own = {"text": [], "own": ["application/x-own"], "all": ["*/*"], "left": ["*/png"]}
    for name, types in own.items():
        write_function(project, name, ECHO, f"ANY /{name}", isolation=isolation, binaryMediaTypes=types)
    write_function(project, "digest", DIGEST, "ANY /digest", isolation=isolation)
    with open_transport(request.param, project) as opened:
        yield opened


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_body_is_null_when_it_is_empty(server: Transport, method: str) -> None:
    event = server.send(method, "/all", [("Content-Length", "0")]).json()
    assert event["body"] is None
    assert event["isBase64Encoded"] is False


@for_each(
    "path, content_type, is_base64",
    [
        ("/text", "image/png", False),
        ("/text", None, False),
        ("/stage", "image/png", True),
        ("/stage", "IMAGE/PNG; q=1", True),
        ("/stage", "text/plain", False),
        ("/own", "image/png", False),
        ("/own", "application/x-own;charset=utf-8", True),
        ("/own", "application/x-owner", False),
        ("/all", "text/plain", True),
        ("/all", None, True),
        ("/left", "image/png", False),
    ],
)
def test_body_is_base64_when_its_type_is_listed_as_binary(
    server: Transport, path: str, content_type: str | None, is_base64: bool
) -> None:
    headers = [("Content-Type", content_type)] if content_type else []
    event = server.send("POST", path, headers, b"hello").json()
    assert event["body"] == ("aGVsbG8=" if is_base64 else "hello")
    assert event["isBase64Encoded"] is is_base64


@for_each(
    "body, text",
    [
        ('{"a": "é☕"}'.encode(), '{"a": "é☕"}'),
        (b"a=1&b=2", "a=1&b=2"),
        (b"\r\n\x00\t", "\r\n\x00\t"),
        (b"\xffa\xe2\x98", "\ufffda\ufffd"),
        ("\ufeffx".encode(), "\ufeffx"),
    ],
)
def test_body_is_text_when_its_type_is_not_binary(server: Transport, body: bytes, text: str) -> None:
    event = server.send("PUT", "/text", [("Content-Type", "application/x-www-form-urlencoded")], body).json()
    assert event["body"] == text
    assert event["isBase64Encoded"] is False


def test_every_byte_survives_when_the_body_is_binary(server: Transport) -> None:
    event = server.send("POST", "/all", [], bytes(range(6))).json()
    assert event["body"] == "AAECAwQF"


@pytest.mark.parametrize("server", REAL_SERVERS, indirect=True)
def test_chunked_body_arrives_whole(server: Server) -> None:
    body = b"0123456789abcdef" * 100_000
    head = b"POST /digest HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    reply = exchange(server.port, head + chunked(body), "POST")
    assert reply.status == 200
    assert reply.body.decode() == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("server", REAL_SERVERS, indirect=True)
def test_chunked_body_is_null_when_it_has_no_chunk(server: Server) -> None:
    head = b"POST /text HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    event = exchange(server.port, head + chunked(b""), "POST").json()
    assert event["body"] is None
    assert "Transfer-Encoding" not in event["headers"]


def test_large_body_arrives_whole_when_its_event_is_just_small_enough(server: Transport) -> None:
    body = b"x" * (SIX_MB - 4096)
    assert server.send("POST", "/digest", [], body).body.decode() == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("size", [SIX_MB, TEN_MB])
def test_body_is_too_large_when_its_event_is_over_six_megabytes(server: Transport, size: int) -> None:
    assert server.send("POST", "/digest", [], b"x" * size).status == 413


def test_body_is_too_large_when_it_is_over_ten_megabytes(server: Transport) -> None:
    reply = server.send("POST", "/digest", [], b"x" * (TEN_MB + 1))
    assert reply.status == 413
    assert reply.json() == {"message": "Request Too Long"}
    assert reply.get("x-amzn-ErrorType") == "RequestTooLargeException"


@pytest.mark.parametrize("server", REAL_SERVERS, indirect=True)
def test_chunked_body_is_too_large_when_it_is_over_ten_megabytes(server: Server) -> None:
    head = b"POST /digest HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert exchange(server.port, head + chunked(b"x" * (TEN_MB + 1)), "POST").status == 413


@pytest.mark.parametrize("server", REAL_SERVERS, indirect=True)
def test_body_is_refused_before_it_is_sent_when_it_is_announced_as_too_large(server: Server) -> None:
    head = b"POST /digest HTTP/1.1\r\nHost: h\r\nContent-Length: 10485761\r\n\r\n"
    assert exchange(server.port, head, "POST").status == 413
