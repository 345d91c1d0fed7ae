"""An HTTP API's response, payload format version 1.0: what becomes of a function's result."""

import json
from typing import Any

import pytest

from berth.errors import MalformedProxyResponse
from berth.model.http import HttpResponse
from kit.gateway_values import SHAPES, response_of
from kit.tables import for_each

REQUEST_ID = ("Apigw-Requestid", "ATfSdF7nPHcErRA=")
TEXT_TYPE = ("Content-Type", "text/plain; charset=utf-8")


def _read(document: Any) -> HttpResponse:
    return response_of(*SHAPES["http1"], json.dumps(document))


def test_response_of_a_status_alone_is_empty_text() -> None:
    lines = [TEXT_TYPE, REQUEST_ID, ("Content-Length", "0")]
    assert _read({"statusCode": 200}) == HttpResponse(200, lines, b"")


def test_response_is_the_functions() -> None:
    document = {"statusCode": 201, "headers": {"content-type": "text/html", "x-my-ID": "é"}, "body": "é"}
    own = [("Content-Type", "text/html"), ("X-My-Id", "\xc3\xa9")]
    assert _read(document) == HttpResponse(201, [*own, REQUEST_ID, ("Content-Length", "2")], b"\xc3\xa9")


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        ({"headers": {"myheader": True, "X-B": 1, "X-C": 1.5}}, ["Myheader: true", "X-B: 1", "X-C: 1.5"]),
        ({"multiValueHeaders": {"x-a": ["1", False, None, "2"]}}, ["X-A: 1", "X-A: false", "X-A: 2"]),
        (
            {"headers": {"x-a": "3"}, "multiValueHeaders": {"X-A": ["1", "2"]}},
            ["X-A: 3", "X-A: 1", "X-A: 2"],
        ),
        ({"headers": {"X-A": "1"}, "multiValueHeaders": {"X-A": ["1"]}}, ["X-A: 1", "X-A: 1"]),
        (
            {"headers": {"B": "1", "A": "2"}, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}},
            ["B: 1", "A: 2", "Set-Cookie: a=1", "Set-Cookie: b=2"],
        ),
        ({"headers": {"Connection": "close", "Content-Length": "9", "Date": "now"}}, ["Date: now"]),
    ],
)
def test_single_values_go_before_the_multi_values(document: dict[str, Any], lines: list[str]) -> None:
    headers = _read({"statusCode": 200, **document}).headers
    assert [f"{name}: {value}" for name, value in headers][:-3] == lines


def test_content_type_has_no_default_when_a_multi_value_names_it() -> None:
    document = {"statusCode": 200, "multiValueHeaders": {"content-type": ["a/b"]}}
    assert _read(document).headers == [("Content-Type", "a/b"), REQUEST_ID, ("Content-Length", "0")]


@pytest.mark.parametrize("extra", [{"errorMessage": "x"}, {"cookies": ["a=1"]}, {"base64Encoded": True}])
def test_keys_that_it_does_not_know_are_passed_over(extra: dict[str, Any]) -> None:
    assert _read({"statusCode": 200, "body": "AQI=", **extra}) == _read({"statusCode": 200, "body": "AQI="})


@pytest.mark.parametrize(
    ("body", "sent"),
    [(None, b""), ("", b""), ({"a": "é"}, b'{"a": "\\u00e9"}'), ([1], b"[1]"), (0, b"0"), (False, b"false")],
)
def test_body_is_text_or_its_json(body: Any, sent: bytes) -> None:
    assert _read({"statusCode": 200, "body": body}).body == sent


@for_each(
    "payload",
    [
        *("", "{", "nonsense", '"text"', "[]", "null", "200", "true", "{}", '{"body": "x"}'),
        *('{"errorMessage": "x"}', '{"statusCode": 200, "body": NaN}', '{"statusCode": 200, "headers": []}'),
        *('{"statusCode": 200, "headers": {"A": ["1"]}}', '{"statusCode": 200, "isBase64Encoded": 1}'),
        *('{"statusCode": 200, "multiValueHeaders": {"A": "1"}}', '{"statuscode": 200}', "[" * 100_000),
    ],
)
def test_result_is_malformed(payload: str) -> None:
    with pytest.raises(MalformedProxyResponse, match=r"^orders returned a malformed proxy response: "):
        response_of(*SHAPES["http1"], payload)
