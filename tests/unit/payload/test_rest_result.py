"""A REST API's response: what becomes of a function's result."""

import json
from dataclasses import replace
from typing import Any

import pytest

from berth.errors import FunctionFailed, GatewayRefusal, MalformedProxyResponse, UndecodableBody
from berth.model.http import HttpResponse
from berth.payload.rest import read_result
from berth.payload.results import plain_response
from kit.gateway_values import make_call, make_route, result_of
from kit.tables import for_each

GATEWAYS_OWN = (
    ("x-amzn-RequestId", "0f5c2a8e-6a0b-4f0e-9b7e-3d2c1b0a9f8e"),
    ("x-amz-apigw-id", "ATfSdF7nPHcErRA="),
    (
        "X-Amzn-Trace-Id",
        "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=53995c3f42cd8ad8;Sampled=0;Lineage=1:0a1b2c3d:0",
    ),
)
JSON_TYPE = ("Content-Type", "application/json")


def _read(document: Any, *binary: str, accept: str | None = None) -> HttpResponse:
    headers = (("Accept", accept),) if accept else ()
    call = make_call(make_route("GET", "/x", *binary), headers=headers)
    return read_result(call, result_of(json.dumps(document)))


def _lines(document: Any) -> list[tuple[str, str]]:
    """The header lines that the function and the defaults made."""
    length = ("Content-Length", "0")
    return [line for line in _read(document).headers if line not in (*GATEWAYS_OWN, length)]


def test_response_of_an_empty_object_is_empty() -> None:
    assert _read({}) == HttpResponse(200, [JSON_TYPE, *GATEWAYS_OWN, ("Content-Length", "0")], b"")


def test_response_is_the_functions() -> None:
    document = {"statusCode": 201, "headers": {"content-type": "text/plain", "X-A": "1"}, "body": "é"}
    own = [("content-type", "text/plain"), ("X-A", "1")]
    assert _read(document) == HttpResponse(201, [*own, *GATEWAYS_OWN, ("Content-Length", "2")], b"\xc3\xa9")


@pytest.mark.parametrize("status", [204, 304])
def test_response_has_no_length_when_its_status_allows_no_body(status: int) -> None:
    response = _read({"statusCode": status, "body": "ignored"})
    assert response == HttpResponse(status, [JSON_TYPE, *GATEWAYS_OWN], b"")


@for_each(
    "document, lines",
    [
        ({"headers": {"X-A": True, "X-B": 1, "X-C": 1.5}}, [("X-A", "true"), ("X-B", "1"), ("X-C", "1.5")]),
        ({"headers": {"X-A": None}}, []),
        (
            {"multiValueHeaders": {"X-A": ["1", False, None, "2"]}},
            [("X-A", "1"), ("X-A", "false"), ("X-A", "2")],
        ),
        ({"headers": {"x-a": "3"}, "multiValueHeaders": {"X-A": ["1"]}}, [("X-A", "1"), ("X-A", "3")]),
        ({"headers": {"x-a": "1"}, "multiValueHeaders": {"X-A": ["1", "2"]}}, [("X-A", "1"), ("X-A", "2")]),
        ({"headers": {"X-B": "2"}, "multiValueHeaders": {"X-A": []}}, [("X-B", "2")]),
        ({"headers": {"A": "1", "a": "2"}}, [("A", "1"), ("a", "2")]),
        ({"headers": {"X-A": "é"}}, [("X-A", "\xc3\xa9")]),
        ({"headers": {"Transfer-Encoding": "chunked", "keep-alive": "1", "TE": "x"}}, []),
        ({"headers": {"Date": "1"}}, [("x-amzn-Remapped-Date", "1")]),
        ({"headers": {"server": "1"}}, [("x-amzn-Remapped-Server", "1")]),
        ({"headers": {"CONNECTION": "1"}}, [("x-amzn-Remapped-Connection", "1")]),
        ({"headers": {"content-length": "1"}}, [("x-amzn-Remapped-Content-Length", "1")]),
        ({"headers": {"www-authenticate": "1"}}, [("x-amzn-Remapped-WWW-Authenticate", "1")]),
    ],
)
def test_header_lines_are_the_functions(document: dict[str, Any], lines: list[tuple[str, str]]) -> None:
    assert _lines(document) == [*lines, JSON_TYPE]


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        ({"headers": {"CONTENT-type": "a/b"}}, [("CONTENT-type", "a/b")]),
        ({"headers": {"Content-Type": None}}, []),
        ({"multiValueHeaders": {"content-type": ["a/b"]}}, [("content-type", "a/b")]),
    ],
)
def test_content_type_has_no_default_when_the_function_names_it(
    document: dict[str, Any], lines: list[tuple[str, str]]
) -> None:
    assert _lines(document) == lines


@for_each(
    "accept, binary, body",
    [
        ("image/png", ("image/png",), b"\x01\x02"),
        ("image/png;q=1, text/html", ("image/png",), b"\x01\x02"),
        ("image/png", ("image/*",), b"\x01\x02"),
        ("*/*", ("*/*",), b"\x01\x02"),
        (None, ("*/*",), b"\x01\x02"),
        ("*/*", ("image/png",), b"AQI="),
        ("image/*", ("image/png",), b"AQI="),
        ("text/html, image/png", ("image/png",), b"AQI="),
        ("image/png", (), b"AQI="),
        (None, ("image/png",), b"AQI="),
    ],
)
def test_base64_is_decoded_when_the_client_accepts_binary(
    accept: str | None, binary: tuple[str, ...], body: bytes
) -> None:
    document = {"isBase64Encoded": True, "body": "AQI=", "headers": {"Content-Type": "text/html"}}
    assert _read(document, *binary, accept=accept).body == body


@pytest.mark.parametrize("flag", [{}, {"isBase64Encoded": False}, {"isBase64Encoded": None}])
def test_base64_stays_text_when_the_function_does_not_flag_it(flag: dict[str, Any]) -> None:
    assert _read({"body": "AQI=", **flag}, "*/*").body == b"AQI="


@pytest.mark.parametrize("key", ["isBase64Encoded", "base64Encoded"])
def test_body_is_undecodable_when_it_is_flagged_and_is_no_base64(key: str) -> None:
    with pytest.raises(UndecodableBody):
        _read({"body": "no base64", key: True}, "*/*")


@pytest.mark.parametrize(
    ("body", "sent"),
    [(None, b""), ("", b""), ({"a": "é"}, b'{"a": "\\u00e9"}'), ([1], b"[1]"), (0, b"0"), (True, b"true")],
)
def test_body_is_text_or_its_json_where_the_stage_serializes_bodies(body: Any, sent: bytes) -> None:
    route = make_route("GET", "/x")
    route = replace(
        route, function=replace(route.function, stage=replace(route.stage, serialize_bodies=True))
    )
    assert read_result(make_call(route), result_of(json.dumps({"body": body}))).body == sent


@pytest.mark.parametrize("more", [{}, {"statusCode": 200}, {"isBase64Encoded": True}])
@for_each("body", [{}, {"a": 1}, [], ["a"], 0, 1.5, True, False])
def test_body_that_is_not_a_string_is_malformed(body: Any, more: dict[str, Any]) -> None:
    with pytest.raises(MalformedProxyResponse, match="body is not a string"):
        _read({"body": body, **more}, "*/*")


@for_each(
    "payload",
    [
        *("", "{", "nonsense", '"text"', "[]", "null", "1", "true", '{"body": NaN}', '{"body": -Infinity}'),
        *('{"statusCode": 0}', '{"statusCode": "x"}', '{"unknown": 1}', '{"errorMessage": "x"}'),
        *('{"headers": {"X-A": []}}', '{"headers": {"X-A": "\\n"}}', '{"headers": {"X A": ""}}'),
        *('{"multiValueHeaders": {"X-A": "1"}}', '{"cookies": []}', "[" * 100_000),
    ],
)
def test_result_is_malformed(payload: str) -> None:
    with pytest.raises(MalformedProxyResponse, match=r"^orders returned a malformed proxy response: "):
        read_result(make_call(), result_of(payload))


def test_result_has_failed_when_it_is_a_function_error() -> None:
    result = result_of('{"statusCode": 200}', "Unhandled")
    with pytest.raises(FunctionFailed, match="orders failed: Unhandled"):
        read_result(make_call(), result)


@pytest.mark.parametrize("payload", ['{"body": 1e999}', '{"body": [-1E+999]}', '{"headers": {"X-A": 1e999}}'])
def test_number_too_large_for_a_float_does_not_leave_as_python_spells_it(payload: str) -> None:
    try:
        response = read_result(make_call(), result_of(payload))
    except GatewayRefusal:
        return
    assert b"Infinity" not in response.body
    assert ("X-A", "inf") not in response.headers


@for_each(
    "document, is_plain",
    [
        ({"statusCode": 200}, True),
        ({"statusCode": 200, "headers": {"a": "b"}, "body": "x"}, True),
        ({"statusCode": 200, "headers": None, "body": None}, True),
        ({}, False),
        ({"statusCode": "200"}, False),
        ({"statusCode": True}, False),
        ({"statusCode": 600}, False),
        ({"statusCode": 200, "headers": {"a": 1}}, False),
        ({"statusCode": 200, "body": {}}, False),
        ({"statusCode": 200, "body": "eA==", "isBase64Encoded": True}, True),
        ({"statusCode": 200, "isBase64Encoded": False}, True),
        ({"statusCode": 200, "isBase64Encoded": None}, False),
        ({"statusCode": 200, "isBase64Encoded": "true"}, False),
        ([], False),
    ],
)
def test_plain_result_needs_no_schema(document: Any, is_plain: bool) -> None:
    assert (plain_response(document) is not None) is is_plain
