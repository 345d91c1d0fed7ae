"""A load balancer's response in both header modes: what becomes of a function's result."""

import json
from typing import Any

import pytest

from berth.errors import FunctionFailed, MalformedProxyResponse
from berth.model.http import HttpResponse
from kit.gateway_values import SHAPES, make_call, response_of, result_of
from kit.tables import for_each

MIB = 1024 * 1024


def _read(document: Any, mode: str = "alb") -> HttpResponse:
    return response_of(*SHAPES[mode], json.dumps(document))


@pytest.mark.parametrize("mode", ["alb", "alb-multi"])
def test_response_has_no_default_type(mode: str) -> None:
    assert _read({"statusCode": 200}, mode) == HttpResponse(200, [("Content-Length", "0")], b"")


def test_response_is_the_functions() -> None:
    document = {
        "statusCode": 404,
        "statusDescription": "404 Not Found",
        "headers": {
            "content-type": "text/html",
            "X-My-ID": "é",
            "Connection": "close",
            "Content-Length": "9",
        },
        "body": "é",
        "isBase64Encoded": False,
    }
    own = [("content-type", "text/html"), ("X-My-ID", "\xc3\xa9")]
    assert _read(document) == HttpResponse(404, [*own, ("Content-Length", "2")], b"\xc3\xa9")


def test_response_has_every_value_when_multi_value_headers_are_enabled() -> None:
    document = {"statusCode": 200, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"], "X-A": [None, 1]}}
    lines = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-A", "1"), ("Content-Length", "0")]
    assert _read(document, "alb-multi").headers == lines


@pytest.mark.parametrize(
    ("mode", "wrong"),
    [
        ("alb", {"multiValueHeaders": {"X-A": ["1"]}}),
        ("alb", {"multiValueHeaders": "nonsense"}),
        ("alb", {"multiValueHeaders": {"X-A": ["a\r\nb"]}}),
        ("alb-multi", {"headers": {"X-A": "1"}}),
        ("alb-multi", {"headers": []}),
        ("alb-multi", {"headers": {"X A": "a\r\nb"}}),
        ("alb", {"cookies": ["a=1"]}),
        ("alb-multi", {"errorMessage": "x"}),
    ],
)
def test_headers_in_the_other_modes_map_are_not_looked_at(mode: str, wrong: dict[str, Any]) -> None:
    assert _read({"statusCode": 200, "body": "x", **wrong}, mode) == _read({"statusCode": 200, "body": "x"})


@pytest.mark.parametrize(
    ("body", "sent"), [(None, b""), ("", b""), ({"a": "é"}, b'{"a": "\\u00e9"}'), ([1], b"[1]"), (0, b"0")]
)
def test_body_is_text_or_its_json(body: Any, sent: bytes) -> None:
    assert _read({"statusCode": 200, "body": body}).body == sent


def test_result_of_one_mebibyte_is_sent() -> None:
    payload = _sized(MIB)
    assert len(response_of(*SHAPES["alb"], payload).body) == MIB - len('{"statusCode": 200, "body": ""}')


@pytest.mark.parametrize("mode", ["alb", "alb-multi"])
def test_result_is_malformed_when_it_is_over_one_mebibyte(mode: str) -> None:
    with pytest.raises(MalformedProxyResponse, match="over 1048576 bytes"):
        response_of(*SHAPES[mode], _sized(MIB + 1))


def test_function_error_over_one_mebibyte_is_a_function_error() -> None:
    shape, route = SHAPES["alb"]
    with pytest.raises(FunctionFailed):
        shape.read_result(make_call(route), result_of(_sized(MIB + 1), "Unhandled"))


@for_each(
    "payload",
    [
        *("", "{", "nonsense", '"text"', "[]", "null", "200", "{}", '{"body": "x"}', '{"errorMessage": "x"}'),
        *('{"statusCode": 200, "body": NaN}', '{"statusCode": 200, "isBase64Encoded": 1}', "[" * 100_000),
    ],
)
def test_result_is_malformed_in_both_modes(payload: str) -> None:
    for mode in ("alb", "alb-multi"):
        with pytest.raises(MalformedProxyResponse, match=r"^orders returned a malformed proxy response: "):
            response_of(*SHAPES[mode], payload)


@pytest.mark.parametrize(
    ("mode", "headers"),
    [
        ("alb", {"headers": []}),
        ("alb", {"headers": {"A": ["1"]}}),
        ("alb-multi", {"multiValueHeaders": {"A": "1"}}),
        ("alb-multi", {"multiValueHeaders": []}),
    ],
)
def test_result_is_malformed_when_its_modes_map_is(mode: str, headers: dict[str, Any]) -> None:
    with pytest.raises(MalformedProxyResponse):
        _read({"statusCode": 200, **headers}, mode)


def _sized(size: int) -> str:
    """A plain result of so many bytes."""
    text = "a" * (size - len('{"statusCode": 200, "body": ""}'))
    return f'{{"statusCode": 200, "body": "{text}"}}'
