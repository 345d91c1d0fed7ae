"""The events of payload format version 1.0, as their schemas know them."""

from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.payload.schema.event_v1 import HTTP_EVENT, REST_EVENT
from berth.schemas.reading import read
from kit.tables import for_each

NULLABLE = (
    *("headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters"),
    *("pathParameters", "stageVariables", "body"),
)


def _event(**changes: Any) -> dict[str, Any]:
    return {
        "resource": "/x",
        "path": "/x",
        "httpMethod": "GET",
        **dict.fromkeys(NULLABLE),
        "requestContext": _context(),
        "isBase64Encoded": False,
        **changes,
    }


def _http_event(**changes: Any) -> dict[str, Any]:
    return _event(version="1.0", requestContext=_http_context()) | changes


def _http_context(**changes: Any) -> dict[str, Any]:
    return _context(extendedRequestId="ATfSdF7nPHcErRA=", resourceId="GET /x", stage="$default") | changes


def _context(**changes: Any) -> dict[str, Any]:
    return {
        "accountId": "123456789012",
        "apiId": "a1b2c3d4e5",
        "httpMethod": "GET",
        "identity": {"sourceIp": "203.0.113.7", "userAgent": None},
        "path": "/prod/x",
        "protocol": "HTTP/1.1",
        "requestId": "0f5c2a8e-6a0b-4f0e-9b7e-3d2c1b0a9f8e",
        "requestTime": "10/Jul/2026:19:19:04 +0000",
        "requestTimeEpoch": 1_783_711_144_123,
        "resourcePath": "/x",
        "stage": "prod",
        **changes,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"headers": {"A": "b"}, "multiValueHeaders": {"A": ["b", ""]}},
        {"queryStringParameters": {"": ""}, "multiValueQueryStringParameters": {"": [""]}},
        {"pathParameters": {"proxy": "a"}, "stageVariables": {"a": ""}},
        {"body": "", "isBase64Encoded": True},
        {"version": "1.0"},
        {"requestContext": _context(authorizer={"principalId": "me"}, identity={"sourceIp": "test-invoke"})},
    ],
)
def test_event_is_accepted(changes: dict[str, Any]) -> None:
    read(REST_EVENT, _event(**changes))


@for_each("key", sorted(_event()))
def test_event_is_refused_when_it_lacks_a_key(key: str) -> None:
    event = _event()
    del event[key]
    with pytest.raises(MalformedDocument) as malformed:
        read(REST_EVENT, event)
    assert str(malformed.value) == f"{key}: is required"


@pytest.mark.parametrize(
    "key", ["accountId", "apiId", "httpMethod", "identity", "path", "requestId", "resourcePath", "stage"]
)
def test_event_is_refused_when_its_context_lacks_a_key(key: str) -> None:
    context = _context()
    del context[key]
    with pytest.raises(MalformedDocument) as malformed:
        read(REST_EVENT, _event(requestContext=context))
    assert str(malformed.value) == f"requestContext.{key}: is required"


@for_each(
    "changes, message",
    [
        ({"path": ""}, "path: must not be empty"),
        ({"path": None}, "path: must not be null"),
        ({"headers": []}, "headers: must be an object"),
        ({"headers": {"A": 1}}, "headers.A: must be a string"),
        ({"multiValueHeaders": {"A": "b"}}, "multiValueHeaders.A: must be an array"),
        ({"multiValueHeaders": {"A": [1]}}, "multiValueHeaders.A[0]: must be a string"),
        ({"queryStringParameters": {"A": None}}, "queryStringParameters.A: must not be null"),
        ({"body": {}}, "body: must be a string"),
        ({"isBase64Encoded": None}, "isBase64Encoded: must not be null"),
        ({"isBase64Encoded": 0}, "isBase64Encoded: must be true or false, not 0"),
        ({"requestContext": None}, "requestContext: must not be null"),
        (
            {"requestContext": _context(requestTimeEpoch="1")},
            "requestContext.requestTimeEpoch: must be a whole number, not '1'",
        ),
        ({"requestContext": _context(identity={})}, "requestContext.identity.sourceIp: is required"),
    ],
)
def test_event_is_refused_with_the_key_that_is_malformed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedDocument) as malformed:
        read(REST_EVENT, _event(**changes))
    assert str(malformed.value) == message


@pytest.mark.parametrize("document", [None, [], "text", 1])
def test_event_is_an_object(document: Any) -> None:
    with pytest.raises(MalformedDocument, match="must be an object"):
        read(REST_EVENT, document)


def _http_problems(event: Any) -> str:
    with pytest.raises(MalformedDocument) as malformed:
        read(HTTP_EVENT, event)
    return str(malformed.value)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"headers": {"A": "b"}, "body": "x", "addedOneDay": 1},
        {"requestContext": _http_context(authorizer={"claims": None, "scopes": None})},
        {"requestContext": _http_context(identity={"sourceIp": "203.0.113.7", "cognitoAmr": None})},
    ],
)
def test_event_of_an_http_api_is_accepted(changes: dict[str, Any]) -> None:
    read(HTTP_EVENT, _http_event(**changes))


@for_each("key", sorted(_http_event()))
def test_event_of_an_http_api_is_refused_when_it_lacks_a_key(key: str) -> None:
    event = _http_event()
    del event[key]
    assert _http_problems(event) == f"{key}: is required"


@pytest.mark.parametrize("key", ["extendedRequestId", "resourceId", "accountId", "stage"])
def test_event_of_an_http_api_is_refused_when_its_context_lacks_a_key(key: str) -> None:
    context = _http_context()
    del context[key]
    assert _http_problems(_http_event(requestContext=context)) == f"requestContext.{key}: is required"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": "2.0"}, "version: Must be equal to 1.0."),
        ({"version": 1.0}, "version: must be a string, not 1.0"),
        ({"version": None}, "version: must not be null"),
        ({"pathParameters": []}, "pathParameters: must be an object"),
        (
            {"requestContext": _http_context(extendedRequestId="")},
            "requestContext.extendedRequestId: must not be empty",
        ),
        (
            {"requestContext": _http_context(resourceId=None)},
            "requestContext.resourceId: must not be null",
        ),
    ],
)
def test_event_of_an_http_api_is_refused_with_the_key_that_is_malformed(
    changes: dict[str, Any], message: str
) -> None:
    assert _http_problems(_http_event(**changes)) == message


def test_event_of_an_http_api_is_a_rest_apis_too() -> None:
    read(REST_EVENT, _http_event())
