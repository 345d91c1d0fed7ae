"""What each kind of API makes up itself: statuses, exact bodies, headers."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from kit.servers import Reply
from kit.tables import for_each
from kit.transports import (
    TRANSPORTS,
    Transport,
    isolation_for,
    new_project,
    open_transport,
    write_answer,
    write_answers,
)

KINDS = {
    "rest": {"api": "rest"},
    "http1": {"api": "http", "payloadFormatVersion": "1.0"},
    "http2": {"api": "http", "payloadFormatVersion": "2.0"},
    "url": {"api": "url"},
    "alb": {"api": "alb"},
}
ANSWERS = {
    "raises": "raise KeyError('x')",
    "status-zero": "return {'statusCode': 0, 'body': 'x'}",
    "status-text": "return {'statusCode': 'x'}",
    "headers-list": "return {'statusCode': 200, 'headers': ['x']}",
    "forged": "return {'statusCode': 200, 'headers': {'X-A': 'a\\r\\nX-B: b'}}",
    "undecodable": "return {'statusCode': 200, 'isBase64Encoded': True, 'body': 'not base64!'}",
}
MIB = 1024 * 1024


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    project = new_project(tmp_path_factory.mktemp("kinds") / "project")
    isolation = isolation_for(request.param)
    for kind, manifest in KINDS.items():
        write_answers(project, f"{kind}-answers", ANSWERS, f"/{kind}", isolation=isolation, **manifest)
        write_answer(
            project,
            f"{kind}-throttled",
            "return {}",
            f"ANY /{kind}/throttled",
            reservedConcurrency=0,
            **manifest,
        )
        sized = "return {'statusCode': 200, 'body': str(len(event.get('body') or ''))}"
        write_answer(project, f"{kind}-sized", sized, f"POST /{kind}/sized", isolation=isolation, **manifest)
    with open_transport(request.param, project) as opened:
        yield opened


def _page(status: str) -> bytes:
    """A load balancer's page, as 122 bytes for 502 Bad Gateway."""
    return (
        f"<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status}</h1></center>\r\n</body>\r\n</html>\r\n"
    ).encode()


FAILED = {
    "rest": (502, b'{"message": "Internal server error"}'),
    "http1": (500, b'{"message":"Internal Server Error"}'),
    "http2": (500, b'{"message":"Internal Server Error"}'),
    "url": (502, b"Internal Server Error"),
    "alb": (502, _page("502 Bad Gateway")),
}


@pytest.mark.parametrize("name", ["raises", "status-zero", "status-text", "headers-list", "forged"])
@for_each("kind", KINDS)
def test_function_that_fails_is_answered_for(server: Transport, kind: str, name: str) -> None:
    reply = server.get(f"/{kind}/{name}")
    assert (reply.status, reply.body) == FAILED[kind]
    assert reply.get("Content-Length") == str(len(FAILED[kind][1]))
    _assert_signed(reply, kind)


@pytest.mark.parametrize("kind", ["http1", "http2", "url", "alb"])
def test_body_that_is_not_base64_is_a_failure(server: Transport, kind: str) -> None:
    reply = server.get(f"/{kind}/undecodable")
    assert (reply.status, reply.body) == FAILED[kind]


@for_each(
    "kind, status, body",
    [
        ("rest", 500, b'{"message": "Internal server error"}'),
        ("http1", 503, b'{"message":"Service Unavailable"}'),
        ("http2", 503, b'{"message":"Service Unavailable"}'),
        ("url", 429, b'{"Message":"Rate Exceeded."}'),
        ("alb", 502, _page("502 Bad Gateway")),
    ],
)
def test_throttled_function_is_answered_for(server: Transport, kind: str, status: int, body: bytes) -> None:
    reply = server.get(f"/{kind}/throttled")
    assert (reply.status, reply.body) == (status, body)
    _assert_signed(reply, kind)


@for_each(
    "kind, limit, body",
    [
        ("rest", 10 * MIB, b'{"message":"Request Too Long"}'),
        ("http1", 10 * MIB, b'{"message":"Request Entity Too Large"}'),
        ("http2", 10 * MIB, b'{"message":"Request Entity Too Large"}'),
        ("url", 6 * MIB, b'{"Message":"Request Entity Too Large"}'),
        ("alb", MIB, _page("413 Request Entity Too Large")),
    ],
)
def test_body_is_refused_when_it_is_larger_than_the_kind_takes(
    server: Transport, kind: str, limit: int, body: bytes
) -> None:
    reply = server.send("POST", f"/{kind}/sized", [("Content-Type", "text/plain")], b"x" * (limit + 1))
    assert (reply.status, reply.body) == (413, body)
    _assert_signed(reply, kind)


def test_balancer_takes_a_body_of_one_megabyte(server: Transport) -> None:
    reply = server.send("POST", "/alb/sized", [("Content-Type", "text/plain")], b"x" * MIB)
    assert (reply.status, reply.body) == (200, b"1048576")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("rest", b'{"message":"Request header fields too large"}'),
        ("http2", b'{"message":"Request Header Fields Too Large"}'),
    ],
)
def test_headers_are_refused_when_they_are_over_ten_kilobytes(
    server: Transport, kind: str, body: bytes
) -> None:
    reply = server.get(f"/{kind}/raises", headers=[("X-A", "a" * 5000), ("X-B", "b" * 5300)])
    assert (reply.status, reply.body) == (431, body)
    _assert_signed(reply, kind)


@pytest.mark.parametrize("kind", ["url", "alb"])
def test_headers_of_ten_kilobytes_pass_where_no_api_gateway_is(server: Transport, kind: str) -> None:
    headers = [("X-A", "a" * 5000), ("X-B", "b" * 5300)]
    assert server.send("POST", f"/{kind}/sized", headers, b"x").status == 200


def test_balancer_does_not_pass_trace_on(server: Transport) -> None:
    reply = server.send("TRACE", "/alb/raises")
    assert (reply.status, reply.body) == (405, _page("405 Method Not Allowed"))


@pytest.fixture(scope="module", params=["gunicorn", "test-client"])
def stages(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Transport]]:
    """One server for each kind of API that a stage may have."""
    named: dict[str, dict[str, str]] = {kind: {"api": kind} for kind in ("rest", "http", "url", "alb")}
    project = new_project(tmp_path_factory.mktemp("stages") / "project", **named)
    write_answer(project, "only", "return {}", "GET /only", isolation=isolation_for(request.param))
    with ExitStack() as stack:
        yield {kind: stack.enter_context(open_transport(request.param, project, kind)) for kind in named}


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("rest", 403, b'{"message":"Missing Authentication Token"}'),
        ("http", 404, b'{"message":"Not Found"}'),
        ("url", 403, b'{"Message":null}'),
        ("alb", 404, _page("404 Not Found")),
    ],
)
@pytest.mark.parametrize("request_line", ["GET /nowhere", "POST /only"])
def test_unknown_route_is_answered_as_the_stages_kind_does(
    stages: dict[str, Transport], kind: str, status: int, body: bytes, request_line: str
) -> None:
    reply = stages[kind].send(*request_line.split(" "))
    assert (reply.status, reply.body) == (status, body)
    _assert_signed(reply, kind)


def _assert_signed(reply: Reply, kind: str) -> None:
    """Each kind names itself and the request in its own headers, and no other kind's."""
    names = {name.lower() for name, _ in reply.headers}
    if kind == "alb":
        assert reply.get("Server") == "awselb/2.0"
        assert reply.get("Content-Type") == "text/html"
        assert not names & {"apigw-requestid", "x-amzn-requestid", "x-amz-apigw-id", "x-amzn-errortype"}
        return
    assert reply.get("Content-Type") == "application/json"
    if kind.startswith("http"):
        assert re.fullmatch(r"[A-Za-z0-9+/]{15}=", reply.get("Apigw-Requestid") or "")
        assert not names & {"x-amzn-requestid", "x-amz-apigw-id", "x-amzn-errortype", "x-amzn-trace-id"}
    else:
        assert re.fullmatch(r"[0-9a-f-]{36}", reply.get("x-amzn-RequestId") or "")
        assert ("x-amz-apigw-id" in names) is (kind == "rest")
        assert "apigw-requestid" not in names
