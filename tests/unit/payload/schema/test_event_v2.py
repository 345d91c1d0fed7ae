"""The events of payload format version 2.0, as their schema knows them."""

from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.payload.schema.event_v2 import EVENT_V2
from berth.schemas.reading import read
from kit.tables import for_each

OPTIONAL = {
    "cookies": ["a=1"],
    "queryStringParameters": {"a": "1"},
    "pathParameters": {"id": "7"},
    "stageVariables": {"host": "db"},
    "body": "x",
}


def _event(**changes: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "GET /x",
        "rawPath": "/x",
        "rawQueryString": "",
        "headers": {},
        "requestContext": _context(),
        "isBase64Encoded": False,
        **changes,
    }


def _context(**changes: Any) -> dict[str, Any]:
    return {
        "accountId": "123456789012",
        "apiId": "a1b2c3d4e5",
        "domainName": "api.example.com",
        "domainPrefix": "api",
        "http": _http(),
        "requestId": "ATfSdF7nPHcErRA=",
        "routeKey": "GET /x",
        "stage": "$default",
        "time": "10/Jul/2026:19:19:04 +0000",
        "timeEpoch": 1_783_711_144_123,
        **changes,
    }


def _http(**changes: Any) -> dict[str, Any]:
    http = {"method": "GET", "path": "/x", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": ""}
    return http | changes


def _problems(event: Any) -> str:
    with pytest.raises(MalformedDocument) as malformed:
        read(EVENT_V2, event)
    return str(malformed.value)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        OPTIONAL,
        {"rawPath": "", "rawQueryString": "a=1", "headers": {"a": "", "": "b"}},
        {"body": "", "isBase64Encoded": True},
        {"queryStringParameters": {"": ""}},
        {"requestContext": _context(http=_http(path="", userAgent="curl"), apiId="", domainPrefix="")},
        {"requestContext": _context(authorizer={"jwt": {"claims": {}}}, authentication=None)},
        {"addedOneDay": {"a": 1}},
    ],
)
def test_event_is_accepted(changes: dict[str, Any]) -> None:
    read(EVENT_V2, _event(**changes))


@pytest.mark.parametrize("key", sorted(_event()))
def test_event_is_refused_when_it_lacks_a_key(key: str) -> None:
    event = _event()
    del event[key]
    assert _problems(event) == f"{key}: is required"


@for_each("key", sorted(_context()))
def test_event_is_refused_when_its_context_lacks_a_key(key: str) -> None:
    context = _context()
    del context[key]
    assert _problems(_event(requestContext=context)) == f"requestContext.{key}: is required"


@pytest.mark.parametrize("key", sorted(_http()))
def test_event_is_refused_when_its_http_lacks_a_key(key: str) -> None:
    http = _http()
    del http[key]
    assert _problems(_event(requestContext=_context(http=http))) == f"requestContext.http.{key}: is required"


@pytest.mark.parametrize("key", sorted(OPTIONAL))
def test_event_is_refused_when_a_key_without_a_value_is_null(key: str) -> None:
    assert _problems(_event(**{key: None})) == f"{key}: must not be null"


@for_each(
    "changes, message",
    [
        ({"version": "1.0"}, "version: Must be equal to 2.0."),
        ({"version": 2.0}, "version: must be a string, not 2.0"),
        ({"routeKey": ""}, "routeKey: must not be empty"),
        ({"rawPath": None}, "rawPath: must not be null"),
        ({"rawQueryString": None}, "rawQueryString: must not be null"),
        ({"headers": None}, "headers: must not be null"),
        ({"headers": {"a": ["b"]}}, "headers.a: must be a string"),
        ({"headers": {"a": None}}, "headers.a: must not be null"),
        ({"cookies": "a=1"}, "cookies: must be an array"),
        ({"cookies": []}, "cookies: Shorter than minimum length 1."),
        ({"cookies": [1]}, "cookies[0]: must be a string"),
        ({"queryStringParameters": {}}, "queryStringParameters: Shorter than minimum length 1."),
        ({"queryStringParameters": {"a": ["1"]}}, "queryStringParameters.a: must be a string"),
        ({"pathParameters": {}}, "pathParameters: Shorter than minimum length 1."),
        ({"stageVariables": {}}, "stageVariables: Shorter than minimum length 1."),
        ({"body": {}}, "body: must be a string, not an object"),
        ({"isBase64Encoded": 0}, "isBase64Encoded: must be true or false, not 0"),
        ({"requestContext": None}, "requestContext: must not be null"),
        ({"requestContext": _context(accountId="")}, "requestContext.accountId: must not be empty"),
        (
            {"requestContext": _context(timeEpoch="1")},
            "requestContext.timeEpoch: must be a whole number, not '1'",
        ),
        (
            {"requestContext": _context(http=_http(userAgent=None))},
            "requestContext.http.userAgent: must not be null",
        ),
    ],
)
def test_event_is_refused_with_the_key_that_is_malformed(changes: dict[str, Any], message: str) -> None:
    assert _problems(_event(**changes)) == message


@pytest.mark.parametrize("document", [None, [], "text", 1])
def test_event_is_an_object(document: Any) -> None:
    assert _problems(document) == "must be an object"
