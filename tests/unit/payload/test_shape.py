"""A shape under test goes through its schema as well, and what every shape makes of a result."""

import json
from dataclasses import replace
from typing import Any

import pytest

from berth.errors import FunctionFailed, MalformedDocument, MalformedProxyResponse, UndecodableBody
from berth.model.call import ANONYMOUS
from berth.payload.results import check_plain
from berth.payload.shape import checked
from kit.gateway_values import SHAPES, event_of, make_call, response_of, result_of
from kit.tables import for_each

NOT_REST = {name: shape for name, shape in SHAPES.items() if name != "rest"}
NUL_BODY = {"headers": (("Content-Type", "text/plain"),), "body": b"a\0b"}


@pytest.mark.parametrize("name", SHAPES)
def test_checked_shape_says_what_the_shape_says(name: str) -> None:
    shape, route = SHAPES[name]
    call, result = make_call(route), result_of('{"statusCode": 200, "body": "x"}')
    assert checked(shape).build_event(call, ANONYMOUS) == event_of(shape, route)
    assert checked(shape).read_result(call, result) == shape.read_result(call, result)


def test_event_is_refused_when_its_shape_builds_another_one_than_its_schema_knows() -> None:
    wrong = replace(SHAPES["rest"][0], build_event=lambda call, identity: {"path": "/x"})
    with pytest.raises(MalformedDocument, match="resource: is required"):
        checked(wrong).build_event(make_call(), ANONYMOUS)


@for_each(
    "name, changes",
    [
        ("rest", {"path": "/a%00b"}),
        ("rest", NUL_BODY),
        ("rest", {"query": "a=%00"}),
        ("http1", {"path": "/a%00b"}),
        ("http1", NUL_BODY),
        ("http1", {"path_parameters": {"id": "a%00"}}),
        ("http2", {"path": "/a%00b"}),
        ("http2", NUL_BODY),
        ("http2", {"query": "a=%00"}),
        ("url", {"path": "/a%00b"}),
        ("url", NUL_BODY),
        ("alb", {"path": "/a%00b"}),
        ("alb", NUL_BODY),
    ],
)
def test_checked_event_may_hold_nul(name: str, changes: dict[str, Any]) -> None:
    shape, route = SHAPES[name]
    event_of(checked(shape), route, **changes)


@pytest.mark.parametrize("payload", ["{}", '{"statusCode": 200}', '{"headers": {"A": 1}}', "nonsense", "1"])
def test_result_passes_when_short_cut_and_schema_agree(payload: str) -> None:
    for shape, _ in SHAPES.values():
        check_plain(result_of(payload), shape.result_schema)


def test_result_has_failed_when_it_is_a_function_error() -> None:
    result = result_of('{"statusCode": 200, "errorMessage": "no"}', "Unhandled")
    for shape, route in SHAPES.values():
        with pytest.raises(FunctionFailed, match="orders failed: Unhandled"):
            shape.read_result(make_call(route), result)


@for_each(
    "status, shown",
    [
        *(
            ("0", "0"),
            ("199", "199"),
            ("600", "600"),
            ("200.5", "200.5"),
            ("200.0", "200.0"),
            ("true", "true"),
        ),
        *(("[200]", "an array"), ('"OK"', "'OK'"), ('"0"', "'0'"), ('""', "''")),
    ],
)
def test_result_is_malformed_when_its_status_is_none(status: str, shown: str) -> None:
    for shape, route in SHAPES.values():
        with pytest.raises(MalformedProxyResponse) as malformed:
            response_of(shape, route, f'{{"statusCode": {status}, "body": "x"}}')
        assert malformed.value.problem == f"statusCode: {shown} is not an HTTP status"


@pytest.mark.parametrize(("status", "code"), [("200", 200), ("599", 599), ('"201"', 201)])
def test_status_is_a_number_or_its_text(status: str, code: int) -> None:
    for shape, route in SHAPES.values():
        assert response_of(shape, route, f'{{"statusCode": {status}}}').status == code


def test_result_is_malformed_when_its_status_is_null_unless_the_api_is_rest() -> None:
    for shape, route in NOT_REST.values():
        with pytest.raises(MalformedProxyResponse, match="statusCode: must not be null"):
            response_of(shape, route, '{"statusCode": null}')


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-A", "a\r\nb"), ("X-A", "\n"), ("X-A", "\0"), ("X A", "1"), ("", "1"), ("é", "1"), ("X:A", "1")],
)
def test_result_is_malformed_when_a_header_cannot_be_sent(name: str, value: str) -> None:
    single = json.dumps({"statusCode": 200, "headers": {name: value}})
    multi = json.dumps({"statusCode": 200, "multiValueHeaders": {name: [value]}})
    for shape, route in SHAPES.values():
        payload = multi if route.function.multi_value_headers else single
        with pytest.raises(MalformedProxyResponse, match="cannot be sent"):
            response_of(shape, route, payload)


@pytest.mark.parametrize(("flag", "body"), [("true", b"\x01\x02"), ("false", b"AQI="), ("null", b"AQI=")])
def test_base64_is_decoded_when_it_is_flagged_whatever_the_client_accepts(flag: str, body: bytes) -> None:
    payload = f'{{"statusCode": 200, "body": "AQI=", "isBase64Encoded": {flag}}}'
    for shape, route in NOT_REST.values():
        assert response_of(shape, route, payload, headers=(("Accept", "text/html"),)).body == body


def test_body_is_undecodable_when_it_is_flagged_and_is_no_base64() -> None:
    for shape, route in NOT_REST.values():
        with pytest.raises(UndecodableBody):
            response_of(shape, route, '{"statusCode": 200, "body": "no base64", "isBase64Encoded": true}')


@pytest.mark.parametrize("status", [204, 304])
def test_response_has_neither_body_nor_length_when_its_status_allows_none(status: int) -> None:
    for shape, route in SHAPES.values():
        response = response_of(shape, route, f'{{"statusCode": {status}, "body": "ignored"}}')
        assert (response.status, response.body) == (status, b"")
        assert "Content-Length" not in dict(response.headers)


def test_header_lines_are_those_that_may_be_sent() -> None:
    headers = {"X-A": "1", "X-B": None, "TE": "x", "keep-alive": "1", "Transfer-Encoding": "chunked"}
    multi = {name: [value] for name, value in headers.items()}
    payload = json.dumps({"statusCode": 200, "headers": headers, "multiValueHeaders": multi})
    for shape, route in SHAPES.values():
        sent = {name.lower() for name, _ in response_of(shape, route, payload).headers}
        assert "x-a" in sent
        assert not sent & {"x-b", "te", "keep-alive", "transfer-encoding"}


@pytest.mark.parametrize("headers", ["null", "{}"])
def test_headers_may_be_null(headers: str) -> None:
    payload = f'{{"statusCode": 200, "headers": {headers}, "multiValueHeaders": {headers}}}'
    for shape, route in SHAPES.values():
        assert response_of(shape, route, payload).status == 200
