"""An HTTP API's response, payload format version 2.0: what becomes of a function's result."""

import json
from typing import Any

import pytest

from berth.errors import FunctionFailed, MalformedProxyResponse
from berth.model.http import HttpResponse
from berth.model.invocation import InvocationResult
from berth.payload.http_v2 import read_result
from kit.gateway_values import SHAPES, make_call, response_of
from kit.tables import for_each

ROUTE = SHAPES["http2"][1]
REQUEST_ID = ("Apigw-Requestid", "ATfSdF7nPHcErRA=")
TEXT_TYPE = ("Content-Type", "text/plain; charset=utf-8")


def _read(document: Any) -> HttpResponse:
    return response_of(*SHAPES["http2"], json.dumps(document))


def test_response_of_a_status_alone_is_empty_text() -> None:
    lines = [TEXT_TYPE, REQUEST_ID, ("Content-Length", "0")]
    assert _read({"statusCode": 200}) == HttpResponse(200, lines, b"")


def test_response_is_the_functions() -> None:
    document = {
        "statusCode": 201,
        "headers": {"content-type": "text/html", "x-my-ID": "1"},
        "cookies": ["a=1; Secure", "b=2"],
        "body": "<p>",
    }
    lines = [
        *(
            ("Content-Type", "text/html"),
            ("X-My-Id", "1"),
            ("Set-Cookie", "a=1; Secure"),
            ("Set-Cookie", "b=2"),
        ),
        *(REQUEST_ID, ("Content-Length", "3")),
    ]
    assert _read(document) == HttpResponse(201, lines, b"<p>")


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        ({"headers": {"set-cookie": "a=1"}, "cookies": ["b=2"]}, ["Set-Cookie: a=1", "Set-Cookie: b=2"]),
        ({"cookies": ["a=1", "a=1"]}, ["Set-Cookie: a=1", "Set-Cookie: a=1"]),
        ({"cookies": ["é=☕"]}, ["Set-Cookie: \xc3\xa9=\xe2\x98\x95"]),
        ({"cookies": []}, []),
        ({"cookies": None}, []),
        ({"multiValueHeaders": {"X-A": ["1"]}}, []),
        ({"multiValueHeaders": "nonsense", "errorMessage": 1}, []),
        ({"headers": {"myheader": True, "X-B": 1, "X-C": None}}, ["Myheader: true", "X-B: 1"]),
    ],
)
def test_cookies_follow_the_headers_and_multi_values_do_not_count(
    document: dict[str, Any], lines: list[str]
) -> None:
    headers = _read({"statusCode": 200, **document}).headers
    assert [f"{name}: {value}" for name, value in headers][:-3] == lines


@for_each(
    "payload, body",
    [
        (b'{"hello": "world"}', b'{"hello": "world"}'),
        (b'{"b":1,  "a": 1.50}', b'{"b":1,  "a": 1.50}'),
        (b'{"headers": {"X-A": "1"}, "body": "x"}', b'{"headers": {"X-A": "1"}, "body": "x"}'),
        (b'{"statuscode": 404}', b'{"statuscode": 404}'),
        (b"{}", b"{}"),
        (b"[1, 2]", b"[1, 2]"),
        (b"200", b"200"),
        (b"null", b"null"),
        (b"true", b"true"),
        (b'"text"', b"text"),
        (b'"caf\\u00e9 \\"\\n"', b'caf\xc3\xa9 "\n'),
        (b'""', b""),
        (b'"{\\"a\\": 1}"', b'{"a": 1}'),
        (b'"\\ud800"', b"?"),
        (b"nonsense", b"nonsense"),
        (b'{"a": NaN}', b'{"a": NaN}'),
        (b"\xff", b"\xff"),
        (b"", b""),
    ],
)
def test_response_is_inferred_when_the_result_has_no_status(payload: bytes, body: bytes) -> None:
    response = read_result(make_call(ROUTE), InvocationResult(payload))
    lines = [("Content-Type", "application/json"), REQUEST_ID, ("Content-Length", str(len(body)))]
    assert response == HttpResponse(200, lines, body)


@pytest.mark.parametrize(
    ("body", "sent"), [(None, b""), ("", b""), ({"a": "é"}, b'{"a": "\\u00e9"}'), ([1], b"[1]"), (0, b"0")]
)
def test_body_is_text_or_its_json(body: Any, sent: bytes) -> None:
    assert _read({"statusCode": 200, "body": body}).body == sent


@for_each(
    "document",
    [
        *({"headers": []}, {"headers": {"A": ["1"]}}, {"headers": {"A": {}}}, {"isBase64Encoded": "true"}),
        *({"cookies": "a=1"}, {"cookies": [1]}, {"cookies": [None]}, {"cookies": {}}),
        *({"cookies": ["a=1\r\nX: forged"]}, {"cookies": ["a\n"]}),
    ],
)
def test_result_with_a_status_is_malformed(document: dict[str, Any]) -> None:
    with pytest.raises(MalformedProxyResponse, match=r"^orders returned a malformed proxy response: "):
        _read({"statusCode": 200, **document})


@pytest.mark.parametrize("payload", [b'{"errorMessage": "x"}', b"nonsense", b'"text"'])
def test_function_error_is_not_passed_on(payload: bytes) -> None:
    with pytest.raises(FunctionFailed):
        read_result(make_call(ROUTE), InvocationResult(payload, "Unhandled"))
