"""One route of a function."""

from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.manifest.schema.manifest import read_function_manifest
from berth.model.listener_rule import Condition, ListenerRule
from berth.model.manifest import RouteManifest
from berth.model.method_request import MethodRequest
from berth.model.route import RouteKey
from kit.tables import for_each

FIELDS = "host-header, http-request-method, http-header, query-string, path-pattern"


def _read(**changes: Any) -> RouteManifest:
    route = {"method": "GET", "path": "/x", **changes}
    return read_function_manifest({"handler": "app.handler", "routes": [route]}).routes[0]


def _problems(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(MalformedDocument) as malformed:
        _read(**changes)
    return [(key.removeprefix("routes[0]."), message) for key, message in malformed.value.messages]


def test_route_needs_a_method_and_a_path_only() -> None:
    assert _read() == RouteManifest(
        RouteKey("GET", "/x"), MethodRequest(False, (), {}), ListenerRule(None, ()), {}
    )


def test_method_request_is_read() -> None:
    route = _read(
        apiKeyRequired=True,
        requestParameters={
            "method.request.querystring.page": True,
            "method.request.header.X-A": False,
            "method.request.path.id": True,
        },
        requestModels={"application/json": {"type": "object"}, "$default": "model.json"},
    )
    required = ("method.request.querystring.page", "method.request.path.id")
    assert route.method_request == MethodRequest(True, required, {})
    assert route.models == {"application/json": {"type": "object"}, "$default": "model.json"}


def test_listener_rule_is_read() -> None:
    conditions = [
        {"field": "host-header", "values": ["*.example.com", "example.com"]},
        {"field": "http-request-method", "values": ["GET"]},
        {"field": "http-header", "httpHeaderName": "X-A", "values": ["1*"]},
        {"field": "query-string", "values": ["x", {"value": "y"}, {"key": "k", "value": "z"}]},
        {"field": "path-pattern", "values": ["/a/*"]},
    ]
    assert _read(priority=7, conditions=conditions).listener_rule == ListenerRule(
        7,
        (
            Condition("host-header", ("*.example.com", "example.com")),
            Condition("http-request-method", ("GET",)),
            Condition("http-header", ("1*",), header_name="X-A"),
            Condition("query-string", pairs=((None, "x"), (None, "y"), ("k", "z"))),
            Condition("path-pattern", ("/a/*",)),
        ),
    )


@pytest.mark.parametrize("priority", [1, 50_000])
def test_priority_is_accepted(priority: int) -> None:
    assert _read(priority=priority).listener_rule == ListenerRule(priority)


@for_each(
    "changes, key, message",
    [
        ({"apiKeyRequired": "true"}, "apiKeyRequired", "must be true or false, not 'true'"),
        ({"requestParameters": []}, "requestParameters", "must be an object"),
        (
            {"requestParameters": {"page": True}},
            "requestParameters.page",
            "'page' is not like method.request.querystring.page, ...header.X-A or ...path.id",
        ),
        (
            {"requestParameters": {"method.request.body.a": True}},
            "requestParameters.method.request.body.a",
            "'method.request.body.a' is not like method.request.querystring.page, "
            "...header.X-A or ...path.id",
        ),
        (
            {"requestParameters": {"method.request.path.id": "true"}},
            "requestParameters.method.request.path.id",
            "must be true or false, not 'true'",
        ),
        (
            {"requestModels": {"json": {}}},
            "requestModels.json",
            "'json' is neither a media type nor $default",
        ),
        (
            {"requestModels": {"text/plain": 1}},
            "requestModels.text/plain",
            "must be a JSON Schema or the name of a file in the function's folder",
        ),
        (
            {"requestModels": {"$default": ""}},
            "requestModels.$default",
            "must be a JSON Schema or the name of a file in the function's folder",
        ),
        ({"priority": 0}, "priority", "must be from 1 to 50000"),
        ({"priority": 50_001}, "priority", "must be from 1 to 50000"),
        ({"priority": "1"}, "priority", "must be a whole number, not '1'"),
        ({"conditions": {}}, "conditions", "must be an array"),
        ({"conditions": ["x"]}, "conditions[0]", "must be an object"),
        ({"apikeyRequired": True}, "apikeyRequired", "unknown key: did you mean 'apiKeyRequired'?"),
    ],
)
def test_key_of_a_route_is_refused(changes: dict[str, Any], key: str, message: str) -> None:
    assert _problems(**changes) == [(key, message)]


@for_each(
    "condition, key, message",
    [
        ({"values": ["x"]}, ".field", "is required"),
        ({"field": "source-ip", "values": ["x"]}, ".field", f"'source-ip' is not one of {FIELDS}"),
        ({"field": "path-pattern"}, ".values", "is required"),
        ({"field": "path-pattern", "values": "x"}, ".values", "must be an array"),
        ({"field": "path-pattern", "values": []}, ".values", "must have at least one value"),
        ({"field": "path-pattern", "values": [None]}, ".values[0]", "must not be null"),
        (
            {"field": "path-pattern", "values": [1]},
            ".values[0]",
            'must be a string, or {"key": ..., "value": ...} of a query string',
        ),
        (
            {"field": "query-string", "values": ["x", {"key": "a"}]},
            ".values[1]",
            'must be a string, or {"key": ..., "value": ...} of a query string',
        ),
        (
            {"field": "query-string", "values": [{"key": "a", "value": "b", "c": "d"}]},
            ".values[0]",
            'must be a string, or {"key": ..., "value": ...} of a query string',
        ),
        ({"field": "query-string", "values": [""]}, ".values[0]", "must be text of 1 to 128 characters"),
        (
            {"field": "query-string", "values": [{"key": 1, "value": "b"}]},
            ".values[0]",
            "must be text of 1 to 128 characters",
        ),
        (
            {"field": "query-string", "values": [{"key": None, "value": "b"}]},
            ".values[0]",
            "must be text of 1 to 128 characters",
        ),
        (
            {"field": "host-header", "values": ["a" * 129]},
            ".values[0]",
            "must be text of 1 to 128 characters",
        ),
        (
            {"field": "host-header", "values": [{"key": "a", "value": "b"}]},
            "",
            "only the field query-string has values with a key",
        ),
        (
            {"field": "http-header", "values": ["x"]},
            "",
            "httpHeaderName belongs to the field http-header, and that needs it",
        ),
        (
            {"field": "host-header", "httpHeaderName": "Host", "values": ["x"]},
            "",
            "httpHeaderName belongs to the field http-header, and that needs it",
        ),
        (
            {"field": "http-header", "httpHeaderName": "X A", "values": ["x"]},
            ".httpHeaderName",
            "'X A' is no header name",
        ),
        (
            {"field": "path-pattern", "values": ["x"], "Values": ["x"]},
            ".Values",
            "unknown key: did you mean 'values'?",
        ),
    ],
)
def test_condition_is_refused(condition: dict[str, Any], key: str, message: str) -> None:
    assert _problems(conditions=[condition]) == [(f"conditions[0]{key}", message)]
