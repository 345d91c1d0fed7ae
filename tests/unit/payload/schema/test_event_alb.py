"""The events of a load balancer's target, as their schema knows them."""

from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.payload.schema.event_alb import ALB_EVENT
from berth.schemas.reading import read

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/x/0123456789abcdef"
COMMON: dict[str, Any] = {
    "requestContext": {"elb": {"targetGroupArn": ARN}},
    "httpMethod": "GET",
    "path": "/x",
    "body": "",
    "isBase64Encoded": False,
}
SINGLE: dict[str, Any] = {**COMMON, "queryStringParameters": {}, "headers": {}}
MULTI: dict[str, Any] = {**COMMON, "multiValueQueryStringParameters": {}, "multiValueHeaders": {}}
ONE_KIND = "must have both single-value maps or both multi-value maps, and no other"


def _problems(event: Any) -> str:
    with pytest.raises(MalformedDocument) as malformed:
        read(ALB_EVENT, event)
    return str(malformed.value)


@pytest.mark.parametrize(
    "event",
    [
        SINGLE,
        MULTI,
        {**SINGLE, "queryStringParameters": {"a%20": ""}, "headers": {"a": "b"}},
        {**MULTI, "multiValueQueryStringParameters": {"a": ["1", ""]}, "multiValueHeaders": {"a": []}},
        {**SINGLE, "body": "AQI=", "isBase64Encoded": True},
        {**SINGLE, "addedOneDay": 1, "requestContext": {"elb": {"targetGroupArn": ARN, "more": 1}}},
    ],
)
def test_event_is_accepted(event: dict[str, Any]) -> None:
    read(ALB_EVENT, event)


@pytest.mark.parametrize("key", sorted(COMMON))
def test_event_is_refused_when_it_lacks_a_key(key: str) -> None:
    assert _problems({name: value for name, value in MULTI.items() if name != key}) == f"{key}: is required"


@pytest.mark.parametrize(
    "event",
    [
        {**COMMON, "headers": {}, "multiValueQueryStringParameters": {}},
        {**SINGLE, **MULTI},
        {**SINGLE, "multiValueHeaders": {}},
    ],
)
def test_event_is_refused_when_it_mixes_the_maps(event: dict[str, Any]) -> None:
    assert _problems(event) == ONE_KIND


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (COMMON, "headers: is required; queryStringParameters: is required"),
        ({**COMMON, "headers": {}}, "queryStringParameters: is required"),
        ({**COMMON, "queryStringParameters": {}}, "headers: is required"),
        ({**COMMON, "multiValueHeaders": {}}, "multiValueQueryStringParameters: is required"),
        ({**SINGLE, "body": None}, "body: must not be null"),
        ({**SINGLE, "path": ""}, "path: must not be empty"),
        ({**SINGLE, "httpMethod": 1}, "httpMethod: must be a string, not 1"),
        ({**SINGLE, "isBase64Encoded": "no"}, "isBase64Encoded: must be true or false, not 'no'"),
        ({**SINGLE, "requestContext": {}}, "requestContext.elb: is required"),
        ({**SINGLE, "requestContext": {"elb": {}}}, "requestContext.elb.targetGroupArn: is required"),
        ({**SINGLE, "requestContext": {"elb": None}}, "requestContext.elb: must not be null"),
    ],
)
def test_event_is_refused_with_the_key_that_is_malformed(event: dict[str, Any], message: str) -> None:
    assert _problems(event) == message


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({**SINGLE, "headers": None}, "headers: must not be null"),
        ({**SINGLE, "headers": {"a": ["b"]}}, "headers.a: must be a string"),
        ({**SINGLE, "queryStringParameters": {"a": None}}, "queryStringParameters.a: must not be null"),
        ({**MULTI, "multiValueHeaders": {"a": "b"}}, "multiValueHeaders.a: must be an array"),
        ({**MULTI, "multiValueHeaders": {"a": [1]}}, "multiValueHeaders.a[0]: must be a string"),
        (
            {**MULTI, "multiValueQueryStringParameters": None},
            "multiValueQueryStringParameters: must not be null",
        ),
    ],
)
def test_event_is_refused_with_the_map_that_is_malformed(event: dict[str, Any], message: str) -> None:
    assert _problems(event) == message


@pytest.mark.parametrize("document", [None, [], "text", 1])
def test_event_is_an_object(document: Any) -> None:
    assert _problems(document) == "must be an object"
