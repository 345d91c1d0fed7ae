"""An HTTP API's event of payload format version 1.0, whole and in its corners."""

from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.payload import http_v1
from berth.schemas.reading import read
from kit.gateway_values import HTTP_1, SHAPES, TRACE, event_of, make_route

ROUTE = SHAPES["http1"][1]
EVENT = {
    "version": "1.0",
    "resource": "/orders/{id}",
    "path": "/orders/7",
    "httpMethod": "GET",
    "headers": {"Host": "api.example.com", "X-Amzn-Trace-Id": TRACE},
    "multiValueHeaders": {"Host": ["api.example.com"], "X-Amzn-Trace-Id": [TRACE]},
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "pathParameters": None,
    "stageVariables": None,
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "a1b2c3d4e5",
        "domainName": "api.example.com",
        "domainPrefix": "api",
        "extendedRequestId": "ATfSdF7nPHcErRA=",
        "httpMethod": "GET",
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoAmr": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": "203.0.113.7",
            "user": None,
            "userAgent": "",
            "userArn": None,
        },
        "path": "/orders/7",
        "protocol": "HTTP/1.1",
        "requestId": "ATfSdF7nPHcErRA=",
        "requestTime": "10/Jul/2026:19:19:04 +0000",
        "requestTimeEpoch": 1_783_711_144_123,
        "resourceId": "GET /orders/{id}",
        "resourcePath": "/orders/{id}",
        "stage": "$default",
    },
    "body": None,
    "isBase64Encoded": False,
}


def test_event_has_a_rest_apis_keys_and_its_version() -> None:
    assert event_of(http_v1.SHAPE, ROUTE) == EVENT


def test_event_holds_all_that_was_sent() -> None:
    route = make_route("ANY", "/{proxy+}", stage_variables={"host": "db"}, **HTTP_1)
    event = event_of(
        http_v1,
        route,
        method="PUT",
        query="x=1%2B1&y=a+b&x=2&z",
        headers=(
            *(("User-Agent", "first"), ("X-A", "1"), ("User-Agent", "last"), ("Content-Length", "4")),
            *(("Cookie", "a=1; b=2"), ("Content-Type", "text/plain")),
        ),
        body=b"text",
    )
    assert event["httpMethod"] == event["requestContext"]["httpMethod"] == "PUT"
    assert event["queryStringParameters"] == {"x": "2", "y": "a b", "z": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1+1", "2"], "y": ["a b"], "z": [""]}
    assert event["stageVariables"] == {"host": "db"}
    assert event["headers"] == {
        "User-Agent": "last",
        "X-A": "1",
        "Content-Length": "4",
        "Cookie": "a=1; b=2",
        "Content-Type": "text/plain",
        "X-Amzn-Trace-Id": TRACE,
    }
    assert event["multiValueHeaders"]["User-Agent"] == ["first", "last"]
    assert event["requestContext"]["identity"]["userAgent"] == "last"
    assert (event["body"], event["isBase64Encoded"]) == ("text", False)


def test_path_is_encoded_and_the_contexts_is_decoded() -> None:
    path = "/orders/a%2Fb%3F%2520%C3%A9"
    event = event_of(http_v1.SHAPE, ROUTE, path=path, path_parameters={"id": "a/b?%20é"})
    assert event["path"] == path
    assert event["requestContext"]["path"] == "/orders/a/b?%20é"
    assert event["pathParameters"] == {"id": "a/b?%20é"}


@pytest.mark.parametrize(
    ("is_named", "stage", "path", "context_path"),
    [
        (True, "prod", "/prod/orders/a%20b/", "/prod/orders/a b/"),
        (False, "$default", "/orders/a%20b/", "/orders/a b/"),
    ],
)
def test_stage_is_part_of_both_paths_when_it_has_a_name(
    is_named: bool, stage: str, path: str, context_path: str
) -> None:
    event = event_of(http_v1.SHAPE, make_route(is_named=is_named, **HTTP_1), path="/orders/a%20b/")
    context = event["requestContext"]
    assert (context["stage"], event["path"], context["path"]) == (stage, path, context_path)


@pytest.mark.parametrize(
    ("method", "path", "resource_id"),
    [
        ("GET", "/orders/{id}", "GET /orders/{id}"),
        ("ANY", "/{proxy+}", "ANY /{proxy+}"),
        ("ANY", "$default", "$default"),
    ],
)
def test_resource_id_is_the_route_key(method: str, path: str, resource_id: str) -> None:
    event = event_of(http_v1.SHAPE, make_route(method, path, **HTTP_1))
    context = event["requestContext"]
    assert (event["resource"], context["resourcePath"], context["resourceId"]) == (path, path, resource_id)


@pytest.mark.parametrize(
    ("query", "values"),
    [("a=1;b=2", {"a": "1;b=2"}), ("a=|{}", {"a": "|{}"}), ("&", None), ("a=%FF", {"a": "\ufffd"})],
)
def test_query_is_read_more_freely_than_a_rest_apis(query: str, values: dict[str, str] | None) -> None:
    assert event_of(http_v1.SHAPE, ROUTE, query=query)["queryStringParameters"] == values


@pytest.mark.parametrize(
    ("content_type", "body", "is_base64"),
    [
        ("application/json; charset=utf-8", "hi", False),
        ("application/octet-stream", "aGk=", True),
        ("application/x-www-form-urlencoded", "aGk=", True),
    ],
)
def test_body_is_base64_unless_its_type_is_text_whatever_is_listed(
    content_type: str, body: str, is_base64: bool
) -> None:
    headers = (("Content-Type", content_type),)
    for route in (ROUTE, make_route("POST", "/x", "*/*", **HTTP_1)):
        event = event_of(http_v1.SHAPE, route, headers=headers, body=b"hi")
        assert (event["body"], event["isBase64Encoded"]) == (body, is_base64)


def test_events_of_one_route_share_nothing_that_can_change() -> None:
    route = make_route(stage_variables={"a": "1"}, **HTTP_1)
    first, second = (event_of(http_v1.SHAPE, route, path_parameters={"id": "7"}) for _ in range(2))
    first["requestContext"]["identity"]["user"] = "me"
    first["requestContext"]["stage"] = "other"
    first["stageVariables"]["a"] = "2"
    first["pathParameters"]["id"] = "8"
    assert second == event_of(http_v1.SHAPE, route, path_parameters={"id": "7"})
    assert second["requestContext"]["identity"]["user"] is None


def test_checked_event_is_refused_when_it_has_lost_a_key() -> None:
    event: dict[str, Any] = dict(event_of(http_v1.SHAPE, ROUTE))
    read(http_v1.SHAPE.event_schema, event)
    del event["stageVariables"]
    with pytest.raises(MalformedDocument, match="stageVariables: is required"):
        read(http_v1.SHAPE.event_schema, event)
