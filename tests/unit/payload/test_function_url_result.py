"""A function URL's response: what becomes of a function's result."""

import json
from typing import Any

import pytest

from berth.errors import MalformedProxyResponse
from berth.model.http import HttpResponse
from berth.model.invocation import InvocationResult
from berth.payload.function_url import read_result
from kit.gateway_values import SHAPES, make_call, response_of
from kit.tables import for_each

ROUTE = SHAPES["url"][1]
JSON_TYPE = ("Content-Type", "application/json")
URLS_OWN = (
    ("x-amzn-RequestId", "0f5c2a8e-6a0b-4f0e-9b7e-3d2c1b0a9f8e"),
    (
        "X-Amzn-Trace-Id",
        "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=53995c3f42cd8ad8;Sampled=0;Lineage=1:0a1b2c3d:0",
    ),
)


def _read(document: Any) -> HttpResponse:
    return response_of(*SHAPES["url"], json.dumps(document))


def test_response_of_a_status_alone_is_empty_json() -> None:
    lines = [JSON_TYPE, *URLS_OWN, ("Content-Length", "0")]
    assert _read({"statusCode": "418"}) == HttpResponse(418, lines, b"")


def test_response_is_the_functions() -> None:
    document = {
        "statusCode": 201,
        "headers": {"content-TYPE": "text/html", "x-my-ID": "1", "X-None": None},
        "cookies": ["a=1", "b=2"],
        "body": "<p>",
    }
    lines = [
        *(("content-TYPE", "text/html"), ("x-my-ID", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")),
        *(*URLS_OWN, ("Content-Length", "3")),
    ]
    assert _read(document) == HttpResponse(201, lines, b"<p>")


@for_each(
    "payload, body",
    [
        (b'{"hello": "world"}', b'{"hello":"world"}'),
        (b'{"b": 1, "a": [1.5, null, true]}', b'{"b":1,"a":[1.5,null,true]}'),
        (b'{"cafe": "caf\\u00e9"}', b'{"cafe":"caf\xc3\xa9"}'),
        (b'{"headers": {"X-A": "1"}, "body": "x"}', b'{"headers":{"X-A":"1"},"body":"x"}'),
        (b'{"a": "\\ud800"}', b'{"a":"?"}'),
        (b"{}", b"{}"),
        (b"[1, 2]", b"[1,2]"),
        (b"1.25", b"1.25"),
        (b"null", b"null"),
        (b'"text"', b"text"),
        (b'"{\\"a\\": 1}"', b'{"a": 1}'),
        (b'"caf\\u00e9"', b"caf\xc3\xa9"),
        (b'"\\ud800"', b"?"),
    ],
)
def test_response_is_inferred_and_compact_when_the_result_has_no_status(payload: bytes, body: bytes) -> None:
    response = read_result(make_call(ROUTE), InvocationResult(payload))
    lines = [JSON_TYPE, *URLS_OWN, ("Content-Length", str(len(body)))]
    assert response == HttpResponse(200, lines, body)


@pytest.mark.parametrize(
    ("body", "value"), [({"a": [1]}, {"a": [1]}), ([1, "é"], [1, "é"]), (0, 0), (False, False)]
)
def test_body_that_is_no_text_is_its_json(body: Any, value: Any) -> None:
    assert json.loads(_read({"statusCode": 200, "body": body}).body) == value


@pytest.mark.parametrize("extra", [{"multiValueHeaders": {"X-A": ["1"]}}, {"errorMessage": "x"}])
def test_keys_that_it_does_not_know_are_passed_over(extra: dict[str, Any]) -> None:
    assert _read({"statusCode": 200, **extra}) == _read({"statusCode": 200})


@for_each(
    "payload",
    [
        *("", "{", "nonsense", '{"a": NaN}', "1e999", '{"statusCode": 200, "headers": []}'),
        *('{"statusCode": 200, "cookies": "a=1"}', '{"statusCode": 200, "cookies": ["a\\r\\nb"]}'),
        *('{"statusCode": 200, "headers": {"A": ["1"]}}', "[" * 100_000),
    ],
)
def test_result_is_malformed(payload: str) -> None:
    with pytest.raises(MalformedProxyResponse, match=r"^orders returned a malformed proxy response: "):
        response_of(*SHAPES["url"], payload)
