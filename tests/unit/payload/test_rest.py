"""A REST API's event, whole and in its corners."""

from typing import Any

import pytest

from berth.errors import MalformedDocument, MalformedRequest
from berth.model.call import ANONYMOUS
from berth.payload.rest import build_event
from berth.payload.schema.event_v1 import REST_EVENT
from berth.schemas.reading import read
from kit.gateway_values import TRACE, make_call, make_route
from kit.tables import for_each

EVENT = {
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
        "deploymentId": "d1e2f3",
        "domainName": "api.example.com",
        "domainPrefix": "api",
        "extendedRequestId": "ATfSdF7nPHcErRA=",
        "httpMethod": "GET",
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": "203.0.113.7",
            "user": None,
            "userAgent": None,
            "userArn": None,
        },
        "path": "/prod/orders/7",
        "protocol": "HTTP/1.1",
        "requestId": "0f5c2a8e-6a0b-4f0e-9b7e-3d2c1b0a9f8e",
        "requestTime": "10/Jul/2026:19:19:04 +0000",
        "requestTimeEpoch": 1_783_711_144_123,
        "resourceId": "8113ed",
        "resourcePath": "/orders/{id}",
        "stage": "prod",
    },
    "body": None,
    "isBase64Encoded": False,
}


def test_event_has_twelve_keys_and_null_for_what_is_not_there() -> None:
    assert build_event(make_call(), ANONYMOUS) == EVENT


def test_event_holds_all_that_was_sent() -> None:
    route = make_route("ANY", "/{proxy+}", "image/*", stage_variables={"host": "db"})
    call = make_call(
        route,
        method="PUT",
        path="//a%2Fb/",
        query="x=1&y=a+b&x=2",
        path_parameters={"proxy": "a%2Fb"},
        headers=(
            ("User-Agent", "first"),
            ("X-A", "1"),
            ("User-Agent", "last"),
            ("Content-Type", "image/png"),
        ),
        body=b"\x89PNG",
    )
    event = build_event(call, ANONYMOUS)
    assert event["resource"] == "/{proxy+}"
    assert event["path"] == "/a%2Fb/"
    assert event["requestContext"]["path"] == "/prod//a%2Fb/"
    assert event["httpMethod"] == event["requestContext"]["httpMethod"] == "PUT"
    assert event["queryStringParameters"] == {"x": "2", "y": "a b"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": ["a b"]}
    assert event["pathParameters"] == {"proxy": "a%2Fb"}
    assert event["stageVariables"] == {"host": "db"}
    assert event["headers"]["User-Agent"] == "last"
    assert event["multiValueHeaders"]["User-Agent"] == ["first", "last"]
    assert event["requestContext"]["identity"]["userAgent"] == "last"
    assert (event["body"], event["isBase64Encoded"]) == ("iVBORw==", True)


@for_each(
    "name",
    [
        *("Connection", "Content-Length", "Content-MD5", "Expect", "Max-Forwards", "Proxy-Authenticate"),
        *("Server", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "WWW-Authenticate"),
    ],
)
def test_header_is_dropped(name: str) -> None:
    event = build_event(make_call(headers=((name, "1"),)), ANONYMOUS)
    assert list(event["headers"]) == list(event["multiValueHeaders"]) == ["X-Amzn-Trace-Id"]


@for_each(
    "name",
    [
        *("Accept-Encoding", "Age", "Authorization", "Cache-Control", "Content-Encoding", "Content-Type"),
        *("Cookie", "Date", "Pragma", "Range", "Referer", "User-Agent", "Via", "Warn", "Keep-Alive"),
    ],
)
def test_header_is_kept(name: str) -> None:
    event = build_event(make_call(headers=((name, "a, b"),)), ANONYMOUS)
    assert event["headers"][name] == "a, b"
    assert event["multiValueHeaders"][name] == ["a, b"]


def test_trace_header_of_the_stamp_replaces_the_clients() -> None:
    sent = (("X-Amzn-Trace-Id", "nonsense"), ("X-Amzn-Trace-Id", "more"))
    event = build_event(make_call(headers=sent), ANONYMOUS)
    assert event["multiValueHeaders"] == {"X-Amzn-Trace-Id": [TRACE]}


@pytest.mark.parametrize(
    ("value", "is_kept"),
    [
        ("AWS4-HMAC-SHA256 Credential=x", False),
        ("Bearer x", True),
        ("", True),
        ("Basic AWS4-HMAC-SHA256", True),
    ],
)
def test_authorization_is_dropped_when_it_is_a_signature(value: str, is_kept: bool) -> None:
    event = build_event(make_call(headers=(("Authorization", value),)), ANONYMOUS)
    assert ("Authorization" in event["headers"]) is is_kept
    assert ("Authorization" in event["multiValueHeaders"]) is is_kept


@pytest.mark.parametrize(
    ("binary", "content_type", "body", "is_base64"),
    [
        ((), "application/octet-stream", "hi", False),
        (("application/octet-stream",), "application/octet-stream", "aGk=", True),
        (("application/octet-stream",), "Application/Octet-Stream; x=1", "aGk=", True),
        (("application/octet-stream",), "text/plain", "hi", False),
        (("*/*",), "text/plain", "aGk=", True),
        (("*/plain",), "text/plain", "hi", False),
    ],
)
def test_body_is_base64_when_its_type_is_binary(
    binary: tuple[str, ...], content_type: str, body: str, is_base64: bool
) -> None:
    route = make_route("POST", "/x", *binary)
    event = build_event(make_call(route, headers=(("Content-Type", content_type),), body=b"hi"), ANONYMOUS)
    assert (event["body"], event["isBase64Encoded"]) == (body, is_base64)


@pytest.mark.parametrize("query", ["a=|", "{", "}"])
def test_request_is_refused_when_its_query_holds_a_pipe_or_brace(query: str) -> None:
    with pytest.raises(MalformedRequest):
        build_event(make_call(query=query), ANONYMOUS)


@pytest.mark.parametrize(
    ("host", "prefix"), [("orders.example.com", "orders"), ("localhost", "localhost"), ("10.0.0.1:80", "10")]
)
def test_domain_prefix_is_the_first_label(host: str, prefix: str) -> None:
    context = build_event(make_call(host=host), ANONYMOUS)["requestContext"]
    assert (context["domainName"], context["domainPrefix"]) == (host, prefix)


def test_events_of_one_route_share_nothing_that_can_change() -> None:
    call = make_call(make_route(stage_variables={"a": "1"}), path_parameters={"id": "7"})
    first, second = (build_event(call, ANONYMOUS) for _ in range(2))
    first["requestContext"]["identity"]["user"] = "me"
    first["requestContext"]["stage"] = "other"
    first["stageVariables"]["a"] = "2"
    first["pathParameters"]["id"] = "8"
    assert second == build_event(call, ANONYMOUS)
    assert second["requestContext"]["identity"]["user"] is None


def test_resource_id_depends_on_the_resource_only() -> None:
    ids: list[Any] = [make_route(*key).resource_id for key in (("GET", "/x"), ("ANY", "/x"), ("GET", "/y"))]
    assert ids[0] == ids[1] != ids[2]


def test_checked_event_is_refused_when_it_has_lost_a_key() -> None:
    event = dict(build_event(make_call(), ANONYMOUS))
    read(REST_EVENT, event)
    del event["stageVariables"]
    with pytest.raises(MalformedDocument, match="stageVariables: is required"):
        read(REST_EVENT, event)
