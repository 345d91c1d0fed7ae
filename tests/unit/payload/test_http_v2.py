"""An HTTP API's event of payload format version 2.0, whole and in its corners."""

from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.payload import http_v2
from berth.schemas.reading import read
from kit.gateway_values import HTTP_2, SHAPES, TRACE, event_of, make_route

ROUTE = SHAPES["http2"][1]
EVENT = {
    "version": "2.0",
    "routeKey": "GET /orders/{id}",
    "rawPath": "/orders/7",
    "rawQueryString": "",
    "headers": {"host": "api.example.com", "x-amzn-trace-id": TRACE},
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "a1b2c3d4e5",
        "domainName": "api.example.com",
        "domainPrefix": "api",
        "http": {
            "method": "GET",
            "path": "/orders/7",
            "protocol": "HTTP/1.1",
            "sourceIp": "203.0.113.7",
            "userAgent": "",
        },
        "requestId": "ATfSdF7nPHcErRA=",
        "routeKey": "GET /orders/{id}",
        "stage": "$default",
        "time": "10/Jul/2026:19:19:04 +0000",
        "timeEpoch": 1_783_711_144_123,
    },
    "isBase64Encoded": False,
}


def test_event_lacks_the_keys_of_what_is_not_there() -> None:
    assert event_of(http_v2.SHAPE, ROUTE) == EVENT


def test_event_holds_all_that_was_sent() -> None:
    route = make_route("POST", "/orders/{id}", stage_variables={"host": "db"}, **HTTP_2)
    event = event_of(
        http_v2,
        route,
        method="POST",
        query="x=1%2B1&y=a+b&x=2",
        path_parameters={"id": "7"},
        headers=(
            *(("Host", "api.example.com"), ("User-Agent", "first"), ("User-Agent", "last")),
            *(("Content-Length", "2"), ("Content-Type", "application/json"), ("Cookie", "a=1; b=2")),
        ),
        body=b"{}",
    )
    assert {key: value for key, value in event.items() if key != "requestContext"} == {
        "version": "2.0",
        "routeKey": "POST /orders/{id}",
        "rawPath": "/orders/7",
        "rawQueryString": "x=1%2B1&y=a+b&x=2",
        "cookies": ["a=1", "b=2"],
        "headers": {
            "host": "api.example.com",
            "user-agent": "first,last",
            "content-length": "2",
            "content-type": "application/json",
            "x-amzn-trace-id": TRACE,
        },
        "queryStringParameters": {"x": "1+1,2", "y": "a b"},
        "body": "{}",
        "pathParameters": {"id": "7"},
        "isBase64Encoded": False,
        "stageVariables": {"host": "db"},
    }
    assert event["requestContext"]["http"] == {
        "method": "POST",
        "path": "/orders/7",
        "protocol": "HTTP/1.1",
        "sourceIp": "203.0.113.7",
        "userAgent": "last",
    }


@pytest.mark.parametrize(
    ("path", "decoded"),
    [
        ("/orders/a%2Fb", "/orders/a/b"),
        ("/orders/%23%20+", "/orders/# +"),
        ("/orders/%2520", "/orders/%20"),
        ("/caf%C3%A9/%E2%98%95", "/café/☕"),
        ("/orders/a%3Fb%3Fc", "/orders/a"),
        ("/%3F", "/"),
        ("/orders/7/", "/orders/7/"),
        ("//orders//7", "//orders//7"),
        ("/a%FFb%zz%", "/a\ufffdb%zz%"),
    ],
)
def test_path_is_decoded_once_and_ends_at_an_encoded_question_mark(path: str, decoded: str) -> None:
    event = event_of(http_v2.SHAPE, ROUTE, path=path)
    assert (event["rawPath"], event["requestContext"]["http"]["path"]) == (decoded, decoded)


@pytest.mark.parametrize(
    ("is_named", "stage", "path"), [(True, "prod", "/prod/orders/7"), (False, "$default", "/orders/7")]
)
def test_stage_is_part_of_the_path_when_it_has_a_name(is_named: bool, stage: str, path: str) -> None:
    event = event_of(http_v2.SHAPE, make_route(is_named=is_named, **HTTP_2))
    context = event["requestContext"]
    assert (context["stage"], event["rawPath"], context["http"]["path"]) == (stage, path, path)


@pytest.mark.parametrize(
    ("method", "path", "route_key"),
    [
        ("GET", "/orders/{id}", "GET /orders/{id}"),
        ("ANY", "/{proxy+}", "ANY /{proxy+}"),
        ("ANY", "$default", "$default"),
    ],
)
def test_route_key_is_told_twice(method: str, path: str, route_key: str) -> None:
    event = event_of(http_v2.SHAPE, make_route(method, path, **HTTP_2))
    assert (event["routeKey"], event["requestContext"]["routeKey"]) == (route_key, route_key)


def test_path_parameters_are_those_of_the_decoded_path() -> None:
    event = event_of(http_v2.SHAPE, ROUTE, path_parameters={"id": "a/b?c%20"})
    assert event["pathParameters"] == {"id": "a/b?c%20"}


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("foo=,/bar&foo=x", {"foo": ",/bar,x"}),
        ("a&b=", {"a": "", "b": ""}),
        ("a=1;b=2", {"a": "1;b=2"}),
        ("a=%E2%98%95&a+b=%2B", {"a": "☕", "a b": "+"}),
    ],
)
def test_query_is_raw_and_decoded(query: str, parameters: dict[str, str]) -> None:
    event = event_of(http_v2.SHAPE, ROUTE, query=query)
    assert (event["rawQueryString"], event["queryStringParameters"]) == (query, parameters)


def test_query_without_a_parameter_is_raw_alone() -> None:
    event = event_of(http_v2.SHAPE, ROUTE, query="&")
    assert event["rawQueryString"] == "&"
    assert "queryStringParameters" not in event


@pytest.mark.parametrize(
    ("lines", "cookies"),
    [
        (["session=abc123;theme=dark"], ["session=abc123", "theme=dark"]),
        ([" a=1 ;  b=2; "], ["a=1", "b=2"]),
        (["a=1", "b=2; a=3"], ["a=1", "b=2", "a=3"]),
        (['a="x, y"; b'], ['a="x, y"', "b"]),
    ],
)
def test_cookies_become_a_list_and_leave_the_headers(lines: list[str], cookies: list[str]) -> None:
    event = event_of(http_v2.SHAPE, ROUTE, headers=[("Cookie", line) for line in lines])
    assert event["cookies"] == cookies
    assert event["headers"] == {"x-amzn-trace-id": TRACE}


@pytest.mark.parametrize("line", ["", " ", ";", " ; ;"])
def test_cookies_are_absent_when_the_header_holds_none(line: str) -> None:
    event = event_of(http_v2.SHAPE, ROUTE, headers=(("Cookie", line),))
    assert "cookies" not in event
    assert event["headers"] == {"x-amzn-trace-id": TRACE}


def test_header_lines_are_joined_without_a_blank_and_keep_their_own() -> None:
    event = event_of(http_v2.SHAPE, ROUTE, headers=(("X-A", "a, b"), ("X-A", "c"), ("X-B", ""), ("X-B", "")))
    assert event["headers"] == {"x-a": "a, b,c", "x-b": ",", "x-amzn-trace-id": TRACE}


@pytest.mark.parametrize(
    ("headers", "body", "is_base64"),
    [
        ((("Content-Type", "text/csv"),), "hi", False),
        ((("Content-Type", "application/vnd.api+json"),), "aGk=", True),
        ((("Content-Type", "application/xml"), ("Content-Encoding", "gzip")), "aGk=", True),
        ((), "aGk=", True),
    ],
)
def test_body_is_base64_unless_its_type_is_text(
    headers: tuple[tuple[str, str], ...], body: str, is_base64: bool
) -> None:
    event = event_of(http_v2.SHAPE, ROUTE, headers=headers, body=b"hi")
    assert (event["body"], event["isBase64Encoded"]) == (body, is_base64)


def test_events_of_one_route_share_nothing_that_can_change() -> None:
    route = make_route(stage_variables={"a": "1"}, **HTTP_2)
    first, second = (event_of(http_v2.SHAPE, route, path_parameters={"id": "7"}) for _ in range(2))
    first["requestContext"]["stage"] = "other"
    first["stageVariables"]["a"] = "2"
    first["pathParameters"]["id"] = "8"
    assert second == event_of(http_v2.SHAPE, route, path_parameters={"id": "7"})
    assert second["requestContext"]["stage"] == "$default"


def test_checked_event_is_refused_when_it_has_lost_a_key() -> None:
    event: dict[str, Any] = dict(event_of(http_v2.SHAPE, ROUTE))
    read(http_v2.SHAPE.event_schema, event)
    del event["rawQueryString"]
    with pytest.raises(MalformedDocument, match="rawQueryString: is required"):
        read(http_v2.SHAPE.event_schema, event)
