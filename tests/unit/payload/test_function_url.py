"""A function URL's event, whole and in its corners."""

from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.payload import function_url
from berth.schemas.reading import read
from kit.gateway_values import SHAPES, TRACE, URL, event_of, make_route

ROUTE = SHAPES["url"][1]
EVENT = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/orders/7",
    "rawQueryString": "",
    "headers": {"host": "api.example.com", "x-amzn-trace-id": TRACE},
    "requestContext": {
        "accountId": "anonymous",
        "apiId": "api",
        "domainName": "api.example.com",
        "domainPrefix": "api",
        "http": {
            "method": "GET",
            "path": "/orders/7",
            "protocol": "HTTP/1.1",
            "sourceIp": "203.0.113.7",
            "userAgent": "",
        },
        "requestId": "0f5c2a8e-6a0b-4f0e-9b7e-3d2c1b0a9f8e",
        "routeKey": "$default",
        "stage": "$default",
        "time": "10/Jul/2026:19:19:04 +0000",
        "timeEpoch": 1_783_711_144_123,
    },
    "isBase64Encoded": False,
}


def test_event_lacks_the_keys_of_what_is_not_there() -> None:
    assert event_of(function_url.SHAPE, ROUTE) == EVENT


def test_event_knows_no_route_no_stage_and_no_stage_variables() -> None:
    route = make_route("GET", "/orders/{id}", is_named=True, stage_variables={"host": "db"}, **URL)
    assert event_of(function_url.SHAPE, route, path_parameters={"id": "7"}) == EVENT


def test_event_holds_all_that_was_sent() -> None:
    event = event_of(
        function_url,
        ROUTE,
        method="POST",
        host="abc123.lambda-url.eu-west-1.on.aws",
        query="x=1%2B1&y=a+b&x=2",
        headers=(
            *(("User-Agent", "first"), ("User-Agent", "last"), ("Content-Type", "text/plain; charset=utf-8")),
            *(("Content-Length", "2"), ("X-A", "a, b"), ("X-A", "c"), ("X-Amzn-Trace-Id", "nonsense")),
        ),
        body=b"hi",
    )
    assert event["rawQueryString"] == "x=1%2B1&y=a+b&x=2"
    assert event["queryStringParameters"] == {"x": "1+1,2", "y": "a b"}
    assert event["headers"] == {
        "user-agent": "first,last",
        "content-type": "text/plain; charset=utf-8",
        "content-length": "2",
        "x-a": "a, b,c",
        "x-amzn-trace-id": TRACE,
    }
    assert (event["body"], event["isBase64Encoded"]) == ("hi", False)
    context = event["requestContext"]
    assert context["http"]["method"] == "POST"
    assert context["http"]["userAgent"] == "last"
    assert context["domainName"] == "abc123.lambda-url.eu-west-1.on.aws"
    assert (context["domainPrefix"], context["apiId"]) == ("abc123", "abc123")


@pytest.mark.parametrize(
    ("path", "decoded"),
    [
        ("/a%2Fb", "/a/b"),
        ("/a%3Fb", "/a?b"),
        ("/caf%C3%A9/%2520/", "/café/%20/"),
        ("//a//b", "//a//b"),
        ("/a%FF%", "/a\ufffd%"),
    ],
)
def test_path_is_encoded_and_the_contexts_is_decoded(path: str, decoded: str) -> None:
    event = event_of(function_url.SHAPE, ROUTE, path=path)
    assert (event["rawPath"], event["requestContext"]["http"]["path"]) == (path, decoded)


def test_cookies_are_in_the_headers_and_in_a_list() -> None:
    headers = (("Cookie", "a=1; b=2"), ("Cookie", "c=3"))
    event = event_of(function_url.SHAPE, ROUTE, headers=headers)
    assert event["cookies"] == ["a=1", "b=2", "c=3"]
    assert event["headers"]["cookie"] == "a=1; b=2; c=3"


@pytest.mark.parametrize(
    ("headers", "body", "is_base64"),
    [
        ((("Content-Type", "application/xml"),), "hi", False),
        ((("Content-Type", "multipart/form-data; boundary=x"),), "aGk=", True),
        ((("Content-Type", "text/plain"), ("Content-Encoding", "gzip")), "aGk=", True),
        ((), "aGk=", True),
    ],
)
def test_body_is_base64_unless_its_type_is_text(
    headers: tuple[tuple[str, str], ...], body: str, is_base64: bool
) -> None:
    event = event_of(function_url.SHAPE, ROUTE, headers=headers, body=b"hi")
    assert (event["body"], event["isBase64Encoded"]) == (body, is_base64)


def test_checked_event_is_refused_when_it_has_lost_a_key() -> None:
    event: dict[str, Any] = dict(event_of(function_url.SHAPE, ROUTE))
    read(function_url.SHAPE.event_schema, event)
    del event["rawPath"]
    with pytest.raises(MalformedDocument, match="rawPath: is required"):
        read(function_url.SHAPE.event_schema, event)
