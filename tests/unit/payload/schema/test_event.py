"""Events of any shape, told apart as functions tell them apart."""

from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.payload.schema.event import check_event
from kit.gateway_values import SHAPES, event_of

EVENTS: dict[str, dict[str, Any]] = {name: dict(event_of(*shape)) for name, shape in SHAPES.items()}


@pytest.mark.parametrize("name", SHAPES)
def test_event_of_every_shape_is_accepted(name: str) -> None:
    check_event(EVENTS[name])


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *(("rest", "stageVariables"), ("http1", "stageVariables"), ("http2", "rawPath"), ("url", "rawPath")),
        *(("alb", "body"), ("alb-multi", "body")),
    ],
)
def test_event_is_checked_by_the_schema_of_its_own_shape(name: str, key: str) -> None:
    event = {each: value for each, value in EVENTS[name].items() if each != key}
    with pytest.raises(MalformedDocument) as malformed:
        check_event(event)
    assert str(malformed.value) == f"{key}: is required"


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"requestContext": {"elb": None}, "version": "2.0"}, "requestContext.elb: must not be null"),
        ({"version": "2.0"}, "rawPath: is required"),
        ({"version": "1.0", "requestContext": {}}, "requestContext.extendedRequestId: is required"),
        ({"version": "3.0"}, "resource: is required"),
        ({"version": 2.0}, "resource: is required"),
        ({"version": ["2.0"]}, "resource: is required"),
        ({"requestContext": "elb"}, "resource: is required"),
        ({}, "resource: is required"),
    ],
)
def test_event_is_told_apart_by_its_version_and_its_context(event: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedDocument) as malformed:
        check_event(event)
    assert message in str(malformed.value).split("; ")


def test_event_of_an_http_api_is_no_rest_apis_without_its_version() -> None:
    event = {key: value for key, value in EVENTS["http1"].items() if key != "version"}
    check_event(event)
    with pytest.raises(MalformedDocument, match=r"requestContext.resourceId: is required"):
        check_event(EVENTS["http1"] | {"requestContext": _without(event["requestContext"], "resourceId")})


def _without(document: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != key}
