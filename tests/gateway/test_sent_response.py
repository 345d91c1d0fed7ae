"""A function's result on the wire, through all three servers."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from kit.raw_http import conversation
from kit.servers import Reply, Server, write_function
from kit.tables import for_each
from kit.transports import REAL_SERVERS, TRANSPORTS, Transport, isolation_for, new_project, open_transport

# Returns what it is told to, as JSON in the body or the query.
PARROT = """
import json

def handler(event, context):
    return json.loads(event['body'] or event['queryStringParameters']['result'])
"""


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    project = new_project(tmp_path_factory.mktemp("response") / "project")
    write_function(project, "parrot", PARROT, "ANY /parrot", isolation=isolation_for(request.param))
    with open_transport(request.param, project) as opened:
        yield opened


def _answer(server: Transport, result: Any, headers: list[tuple[str, str]] | None = None) -> Reply:
    return server.send("POST", "/parrot", headers or [], json.dumps(result).encode())


def _target(result: Any) -> str:
    return f"/parrot?result={quote(json.dumps(result))}"


@for_each(
    "result, status",
    [
        ({"statusCode": 200}, 200),
        ({"statusCode": 418}, 418),
        ({"statusCode": 299}, 299),
        ({"statusCode": 599}, 599),
        ({"statusCode": "503"}, 503),
        ({"statusCode": None}, 200),
        ({"headers": None, "multiValueHeaders": None, "body": None, "isBase64Encoded": None}, 200),
    ],
)
def test_status_is_the_functions(server: Transport, result: dict[str, Any], status: int) -> None:
    reply = _answer(server, result)
    assert (reply.status, reply.body) == (status, b"")
    assert reply.get("Content-Length") == "0"
    assert reply.get("Content-Type") == "application/json"


@for_each(
    "result",
    [
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": -200},
        {"statusCode": 200.5},
        {"statusCode": True},
        {"statusCode": "OK"},
        {"statusCode": ""},
        {"statusCode": []},
        {"headers": []},
        {"headers": "X-A: 1"},
        {"headers": {"X-A": ["1"]}},
        {"headers": {"X-A": {}}},
        {"multiValueHeaders": {"X-A": "1"}},
        {"multiValueHeaders": ["X-A"]},
        {"headers": {"X-A": "1\r\nX-B: 2"}},
        {"headers": {"X-A": "1\nX-B: 2"}},
        {"headers": {"X-A": "1\rX-B: 2"}},
        {"multiValueHeaders": {"X-A": ["1", "2\r\n\r\nx"]}},
        {"headers": {"X-A: 1\r\nX-B": "2"}},
        {"headers": {"X A": "1"}},
        {"headers": {"": "1"}},
        {"headers": {"X-A": "1\u0000"}},
        {"isBase64Encoded": "true"},
        {"statuscode": 200},
        {"body": "x", "cookies": ["a=1"]},
    ],
)
def test_result_is_a_bad_gateway_when_it_is_malformed(server: Transport, result: dict[str, Any]) -> None:
    reply = _answer(server, result)
    assert (reply.status, reply.body) == (502, b'{"message": "Internal server error"}')
    assert reply.get("X-B") is None


@pytest.mark.parametrize(("body", "sent"), [("", b""), ("héllo ☕", "héllo ☕".encode())])
def test_body_is_text(server: Transport, body: str, sent: bytes) -> None:
    reply = _answer(server, {"body": body})
    assert reply.body == sent
    assert reply.get("Content-Length") == str(len(sent))


OTHER_BODIES = [
    ({"a": [1, None, True]}, b'{"a": [1, null, true]}'),
    ([], b"[]"),
    (1.5, b"1.5"),
    (False, b"false"),
]


@for_each("body, sent", OTHER_BODIES)
def test_body_that_is_no_text_is_malformed(server: Transport, body: Any, sent: bytes) -> None:
    reply = _answer(server, {"body": body})
    assert (reply.status, reply.body) == (502, b'{"message": "Internal server error"}')


def test_body_that_is_no_text_is_json_where_the_stage_serializes_bodies(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project", dev={"serializeBodies": True})
    write_function(project, "parrot", PARROT, "ANY /parrot", isolation="inline")
    with open_transport("test-client", project) as server:
        for body, sent in OTHER_BODIES:
            reply = _answer(server, {"body": body})
            assert (reply.status, reply.body) == (200, sent)
            assert reply.get("Content-Length") == str(len(sent))


def test_half_a_surrogate_pair_ends_the_runtime_or_is_replaced(server: Transport) -> None:
    """From Python 3.12 on AWS's runtime writes raw UTF-8, where such a character cannot stand."""
    reply = _answer(server, {"body": "\ud800"})
    seen = (200, b"?") if sys.version_info < (3, 12) else (502, b'{"message": "Internal server error"}')
    assert (reply.status, reply.body) == seen


@for_each(
    "value, text",
    [(True, "true"), (False, "false"), (5, "5"), (1.5, "1.5"), ("", ""), ("a, b", "a, b"), ("\t x", "\t x")],
)
def test_header_value_is_sent_as_its_text(server: Transport, value: Any, text: str) -> None:
    assert (_answer(server, {"headers": {"X-A": value}}).get("X-A") or "").strip() == text.strip()


def test_header_value_is_sent_as_utf_8(server: Transport) -> None:
    value = _answer(server, {"headers": {"X-A": "☕ é"}}).get("X-A") or ""
    assert value.encode("latin-1").decode("utf-8") == "☕ é"


def test_null_header_is_not_sent(server: Transport) -> None:
    reply = _answer(server, {"headers": {"X-A": None}, "multiValueHeaders": {"X-B": [None, "b"]}})
    assert (reply.all("X-A"), reply.all("X-B")) == ([], ["b"])


@for_each(
    "headers, sent",
    [
        ({}, ["application/json"]),
        ({"content-TYPE": "text/html"}, ["text/html"]),
        ({"Content-Type": None}, []),
        ({"content-type": None}, []),
        ({"Content-Type": ""}, [""]),
    ],
)
def test_content_type_is_json_when_the_function_names_none(
    server: Transport, headers: dict[str, Any], sent: list[str]
) -> None:
    assert _answer(server, {"headers": headers, "body": "x"}).all("Content-Type") == sent


def test_content_type_of_multi_value_headers_suppresses_the_default(server: Transport) -> None:
    reply = _answer(server, {"multiValueHeaders": {"content-type": ["text/css"]}, "body": "x"})
    assert reply.all("Content-Type") == ["text/css"]


@pytest.mark.parametrize(
    "result",
    [
        {"multiValueHeaders": {"Set-Cookie": ["a=1; Path=/", "b=2"]}},
        {"headers": {"Set-Cookie": "a=1; Path=/", "set-cookie": "b=2"}},
        {"headers": {"Set-Cookie": "b=2"}, "multiValueHeaders": {"set-cookie": ["a=1; Path=/"]}},
    ],
)
def test_each_cookie_has_a_line_of_its_own(server: Transport, result: dict[str, Any]) -> None:
    assert _answer(server, result).all("Set-Cookie") == ["a=1; Path=/", "b=2"]


def test_pair_is_sent_once_when_both_maps_hold_it(server: Transport) -> None:
    reply = _answer(server, {"headers": {"x-a": "2"}, "multiValueHeaders": {"X-A": ["1", "2"]}})
    assert [line for line in reply.headers if line[0].lower() == "x-a"] == [("X-A", "1"), ("X-A", "2")]


def test_header_names_keep_the_functions_case(server: Transport) -> None:
    reply = _answer(server, {"headers": {"mY-heADer": "1"}, "multiValueHeaders": {"x_under.Score": ["2"]}})
    assert ("mY-heADer", "1") in reply.headers
    assert ("x_under.Score", "2") in reply.headers


@for_each("name", ["Connection", "content-length", "DATE", "Server", "WWW-Authenticate", "x-amzn-RequestId"])
def test_header_of_the_gateways_own_is_renamed(server: Transport, name: str) -> None:
    reply = _answer(server, {"headers": {name: "7"}, "body": "body"})
    assert reply.get(f"x-amzn-Remapped-{name}") == "7"
    assert "7" not in reply.all(name)
    assert reply.body == b"body"


@pytest.mark.parametrize("name", ["Transfer-Encoding", "transfer-encoding"])
def test_transfer_encoding_is_dropped(server: Transport, name: str) -> None:
    reply = _answer(server, {"headers": {name: "chunked"}, "body": "body"})
    assert [line for line in reply.headers if "transfer-encoding" in line[0].lower()] == []
    assert reply.body == b"body"


@pytest.mark.parametrize("status", [204, 304])
def test_body_is_not_sent_when_the_status_allows_none(server: Transport, status: int) -> None:
    reply = _answer(server, {"statusCode": status, "headers": {"ETag": '"1"'}, "body": "ignored"})
    assert (reply.status, reply.body, reply.get("ETag")) == (status, b"", '"1"')


def test_head_has_the_headers_of_a_body_and_no_body(server: Transport) -> None:
    reply = server.send("HEAD", _target({"body": "12345", "headers": {"X-A": "1"}}))
    assert (reply.status, reply.body) == (200, b"")
    assert (reply.get("Content-Length"), reply.get("X-A")) == ("5", "1")


def test_head_has_no_body_when_its_method_is_overridden(server: Transport) -> None:
    reply = server.send("HEAD", _target({"body": "12345"}), [("X-HTTP-Method-Override", "GET")])
    assert (reply.status, reply.body, reply.get("Content-Length")) == (200, b"", "5")


@pytest.mark.parametrize("server", ["gunicorn"], indirect=True)
def test_connection_is_kept_and_clean_after_responses_without_a_body(server: Server) -> None:
    results: list[tuple[str, Any]] = [
        ("HEAD", {"body": "12345"}),
        ("GET", {"statusCode": 204, "body": "ignored"}),
        ("GET", {"statusCode": 304, "body": "ignored"}),
        ("GET", {"body": "last"}),
    ]
    requests = [
        (method, f"{method} {_target(result)} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        for method, result in results
    ]
    replies = conversation(server.port, requests)
    assert [(reply.status, reply.body) for reply in replies] == [
        (200, b""),
        (204, b""),
        (304, b""),
        (200, b"last"),
    ]


def test_trace_header_is_echoed_when_it_is_complete(server: Transport) -> None:
    trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=53995c3f42cd8ad8;Sampled=1"
    assert _answer(server, {}, [("X-Amzn-Trace-Id", trace)]).get("X-Amzn-Trace-Id") == trace


def test_trace_header_is_made_up_when_the_client_sent_none(server: Transport) -> None:
    trace = _answer(server, {}).get("X-Amzn-Trace-Id") or ""
    pattern = r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;Lineage=1:[0-9a-f]{8}:0"
    assert re.fullmatch(pattern, trace)


@pytest.mark.parametrize("server", REAL_SERVERS, indirect=True)
def test_date_is_sent_once(server: Server) -> None:
    assert len(server.send("POST", "/parrot", [], b"{}").all("Date")) == 1
