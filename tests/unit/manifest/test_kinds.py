"""Functions of all kinds of API, loaded."""

from collections.abc import Callable
from typing import Any

import pytest

from berth.manifest.loader import Catalog
from berth.model.api_key import ApiKey
from berth.model.api_kind import HTTP_1, HTTP_2
from berth.model.cors import Cors
from berth.model.listener_rule import ANY_REQUEST, Condition, ListenerRule
from berth.model.method_request import MethodRequest
from berth.model.route import RouteKey

STAGE = "manifests/dev.json"
MANIFEST = "functions/hello/manifest.json"

Load = Callable[..., Catalog]


def _function(*routes: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"handler": "app.handler", "routes": list(routes), **keys}


@pytest.mark.parametrize(
    ("keys", "shape"),
    [
        ({}, "rest"),
        ({"api": "rest"}, "rest"),
        ({"api": "http"}, "http2"),
        ({"api": "http", "payloadFormatVersion": "1.0"}, "http1"),
        ({"api": "http", "payloadFormatVersion": "2.0"}, "http2"),
        ({"api": "alb"}, "alb"),
        ({"api": "url"}, "url"),
    ],
)
def test_shape_follows_from_the_kind_of_api_and_its_version(
    keys: dict[str, str], shape: str, load_files: Load
) -> None:
    assert load_files({MANIFEST: _function(**keys)}).functions["hello"].api.shape == shape


def test_stages_kind_version_and_header_mode_reach_a_function_that_names_none(load_files: Load) -> None:
    stage = {"api": "http", "payloadFormatVersion": "1.0", "multiValueHeaders": True}
    function = load_files({STAGE: stage}).functions["hello"]
    assert function.api is HTTP_1
    assert function.multi_value_headers is True


def test_functions_own_kind_version_and_header_mode_win(load_files: Load) -> None:
    files = {
        STAGE: {"api": "http", "payloadFormatVersion": "1.0", "multiValueHeaders": True},
        MANIFEST: _function(payloadFormatVersion="2.0"),
        "functions/other/app.py": "",
        "functions/other/manifest.json": _function(api="alb", multiValueHeaders=False),
    }
    functions = load_files(files).functions
    assert functions["hello"].api is HTTP_2
    assert functions["other"].multi_value_headers is False


def test_function_url_without_routes_takes_every_request(load_files: Load) -> None:
    catalog = load_files({MANIFEST: {"handler": "app.handler", "api": "url"}})
    assert [route.key for route in catalog.routes] == [RouteKey("ANY", "$default")]


def test_function_url_takes_every_request_when_the_kind_is_the_stages(load_files: Load) -> None:
    assert [str(route.key) for route in load_files({STAGE: {"api": "url"}}).routes] == ["$default"]


def test_function_url_with_routes_takes_those(load_files: Load) -> None:
    manifest = _function({"method": "GET", "path": "/a"}, api="url")
    assert [str(route.key) for route in load_files({MANIFEST: manifest}).routes] == ["GET /a"]


@pytest.mark.parametrize("kind", ["rest", "http", "alb"])
def test_function_of_another_kind_without_routes_takes_none(kind: str, load_files: Load) -> None:
    assert load_files({MANIFEST: {"handler": "app.handler", "api": kind}}).routes == ()


@pytest.mark.parametrize(
    ("stage", "kind", "name", "path", "wire_path"),
    [
        ({}, "rest", "dev", "/dev", ""),
        ({"stageInPath": True}, "rest", "dev", "/dev", "/dev"),
        ({"stage": "live", "stageInPath": True}, "rest", "live", "/live", "/live"),
        ({"stage": "$default", "stageInPath": True}, "rest", "dev", "/dev", "/dev"),
        ({}, "http", "$default", "", ""),
        ({"stageInPath": True}, "http", "$default", "", ""),
        ({"stage": "$default", "stageInPath": True}, "http", "$default", "", ""),
        ({"stage": "live"}, "http", "live", "/live", ""),
        ({"stage": "live", "stageInPath": True}, "http", "live", "/live", "/live"),
        ({"stage": "live", "stageInPath": True}, "alb", "$default", "", ""),
        ({"stage": "live", "stageInPath": True}, "url", "$default", "", ""),
    ],
)
def test_stage_has_a_name_and_a_place_in_paths_by_the_kind_of_api(
    stage: dict[str, Any], kind: str, name: str, path: str, wire_path: str, load_files: Load
) -> None:
    manifest = _function({"method": "GET", "path": "/a"}, api=kind)
    (route,) = load_files({STAGE: stage, MANIFEST: manifest}).routes
    assert (route.stage_name, route.stage_path, route.wire_path) == (name, path, wire_path)


def test_api_keys_become_hashes(load_files: Load) -> None:
    keys = [{"id": "one", "environment": "ONE_KEY"}, {"id": "two", "sha256": "AB" * 32}]
    stage = load_files({STAGE: {"apiKeys": keys}}, {"ONE_KEY": "foo"}).stage
    assert stage.api_keys == (
        ApiKey("one", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
        ApiKey("two", "ab" * 32),
    )


def test_api_keys_are_not_shown_with_their_stage(load_files: Load) -> None:
    stage = load_files({STAGE: {"apiKeys": [{"id": "one", "sha256": "ab" * 32}]}}).stage
    assert "abab" not in repr(stage)


def test_method_request_reaches_its_route_with_models_as_text(load_files: Load) -> None:
    route = {
        "method": "POST",
        "path": "/",
        "apiKeyRequired": True,
        "requestParameters": {"method.request.header.X-A": True, "method.request.path.id": False},
        "requestModels": {"application/json": {"type": "object"}, "$default": "models/any.json"},
    }
    files = {
        STAGE: {"apiKeys": [{"id": "one", "sha256": "0" * 64}]},
        MANIFEST: _function(route, {"method": "GET", "path": "/"}),
        "functions/hello/models/any.json": '{\n  "required": ["a"]\n}\n',
    }
    first, second = load_files(files).routes
    models = {"application/json": '{"type": "object"}', "$default": '{"required": ["a"]}'}
    assert first.method_request == MethodRequest(True, ("method.request.header.X-A",), models)
    assert second.method_request == MethodRequest()


def test_listener_rule_reaches_its_route(load_files: Load) -> None:
    rule = {"priority": 7, "conditions": [{"field": "host-header", "values": ["a.example"]}]}
    manifest = _function({"method": "ANY", "path": "/*", **rule}, {"method": "ANY", "path": "/a?"}, api="alb")
    first, second = load_files({MANIFEST: manifest}).routes
    assert first.listener_rule == ListenerRule(7, (Condition("host-header", ("a.example",)),))
    assert second.listener_rule == ANY_REQUEST


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"conditions": [{"field": "host-header", "values": ["a.example"]}]}, {}),
        (
            {"priority": 1, "conditions": [{"field": "http-header", "httpHeaderName": "A", "values": ["1"]}]},
            {"priority": 2, "conditions": [{"field": "http-header", "httpHeaderName": "B", "values": ["1"]}]},
        ),
    ],
)
def test_rules_of_one_path_are_told_apart_by_their_conditions(
    first: dict[str, Any], second: dict[str, Any], load_files: Load
) -> None:
    manifest = _function(*({"method": "GET", "path": "/a", **each} for each in (first, second)), api="alb")
    assert [str(route.key) for route in load_files({MANIFEST: manifest}).routes] == ["GET /a", "GET /a"]


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("http", ["ANY $default", "ANY /", "ANY /{proxy+}"]),
        ("url", ["ANY $default", "GET /"]),
        ("alb", ["ANY /*", "ANY /?", "ANY /{name}", "ANY /{path+}", "ANY /"]),
    ],
)
def test_routes_that_a_request_can_tell_apart_are_accepted(
    kind: str, keys: list[str], load_files: Load
) -> None:
    routes = [dict(zip(("method", "path"), key.split(), strict=True)) for key in keys]
    loaded = load_files({MANIFEST: _function(*routes, api=kind)}).routes
    assert [f"{route.key.method} {route.key.path}" for route in loaded] == keys


@pytest.mark.parametrize(
    ("kind", "origins"),
    [
        ("rest", ["*"]),
        ("rest", ["https://a.example"]),
        ("http", ["https://a.example", "https://b.example"]),
        ("url", ["https://*"]),
    ],
)
def test_cors_reaches_the_stage(kind: str, origins: list[str], load_files: Load) -> None:
    files = {
        STAGE: {"api": kind, "cors": {"allowOrigins": origins, "maxAge": 60}},
        "functions/other/app.py": "",
        "functions/other/manifest.json": _function(api="alb"),
    }
    assert load_files(files).stage.cors == Cors(tuple(origins), max_age=60)
