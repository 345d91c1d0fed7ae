"""Which events a function is given, and what is said of the others."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berth.model.api_kind import ALB, HTTP_1, HTTP_2, REST, URL, ApiKind
from berth.testing.values import make_function
from berth.tools.cli.events import EventReport, look_at_event, look_at_sample
from berth.tools.sample import SAMPLE_SHAPES, build_sample_event

NOTHING = EventReport()
REST_OWN = 'the function\'s api is "rest"'
HTTP_OWN = 'the function\'s api is "http" with payloadFormatVersion "2.0"'
MIXED = "must have both single-value maps or both multi-value maps, and no other"
BOTH_MAPS = {"headers": {}, "queryStringParameters": {}}
LACKS = "lacks what AWS always sends: "


def _event(shape: str, *lacking: str, **changes: Any) -> dict[str, Any]:
    """A sample event without some keys and with some others."""
    event = dict(build_sample_event("POST", "/hello?a=1", shape=shape, body={"a": 1})) | changes
    return {key: value for key, value in event.items() if key not in lacking}


def _look(
    event: Any, kind: ApiKind = REST, *, is_multi: bool = False, has_routes: bool = True
) -> EventReport:
    function = make_function(api=kind, multi_value_headers=is_multi)
    return look_at_event(event, function, has_routes=has_routes)


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_event_of_the_functions_own_shape_is_right(shape: str) -> None:
    assert _look(_event(shape), SAMPLE_SHAPES[shape], is_multi=shape.endswith("multi")) == NOTHING


@pytest.mark.parametrize(
    ("shape", "kind", "told"),
    [
        ("http2", REST, f"this is an HTTP API 2.0 event, {REST_OWN}"),
        ("http1", REST, f"this is an HTTP API 1.0 event, {REST_OWN}"),
        ("url", REST, f"this is a function URL event, {REST_OWN}"),
        ("alb", REST, f"this is a load balancer event, {REST_OWN}"),
        ("rest", HTTP_2, f"this is a REST API event, {HTTP_OWN}"),
        ("http1", HTTP_2, f"this is an HTTP API 1.0 event, {HTTP_OWN}"),
        ("rest", ALB, 'this is a REST API event, the function\'s api is "alb"'),
        (
            "alb-multi",
            ALB,
            "this is a load balancer event with multi-value headers, multiValueHeaders is false",
        ),
    ],
)
def test_event_of_another_shape_is_named(shape: str, kind: ApiKind, told: str) -> None:
    assert _look(_event(shape), kind).problems == [told]


def test_event_without_multi_value_headers_is_no_event_of_a_target_with_them() -> None:
    told = "this is a load balancer event without multi-value headers, multiValueHeaders is true"
    assert _look(_event("alb"), ALB, is_multi=True).problems == [told]


@pytest.mark.parametrize(("shape", "kind"), [("http2", URL), ("url", HTTP_2)])
def test_payload_format_2_is_one_shape_for_http_apis_and_function_urls(shape: str, kind: ApiKind) -> None:
    assert _look(_event(shape), kind) == NOTHING


def test_event_of_a_rest_api_lacks_what_an_http_api_adds() -> None:
    report = _look(_event("http1", "version"), HTTP_1)
    assert (report.problems, report.warning) == ([], f"{LACKS}version")


def test_keys_that_a_published_sample_lacks_are_a_warning() -> None:
    context = {"accountId": "1", "identity": {"sourceIp": "1.2.3.4"}, "stage": "prod"}
    event = {"httpMethod": "GET", "path": "/", "headers": None, "body": None, "requestContext": context}
    report = _look(event)
    assert report.problems == []
    assert report.warning.startswith(f"{LACKS}resource, ")
    assert ", requestContext.apiId, " in report.warning


def test_sample_without_a_context_is_an_event_of_a_function_with_routes_alone() -> None:
    event = _event("rest", "requestContext")
    assert _look(event).warning == f"{LACKS}requestContext"
    assert _look(event, has_routes=False) == NOTHING


def test_load_balancers_maps_may_be_lacking_and_may_not_be_mixed() -> None:
    assert _look(_event("alb", "headers"), ALB).warning == f"{LACKS}headers"
    assert _look(_event("alb-multi", **BOTH_MAPS), ALB, is_multi=True).problems == [MIXED]


@pytest.mark.parametrize(
    ("shape", "changes", "told"),
    [
        (
            "rest",
            {"headers": 5, "resource": None},
            ["resource: must not be null", "headers: must be an object"],
        ),
        ("http1", {"pathParameters": 5}, ["pathParameters: must be an object"]),
        ("http2", {"cookies": None}, ["cookies: must not be null"]),
        ("alb", {"queryStringParameters": None}, ["queryStringParameters: must not be null"]),
        ("url", {"rawPath": 5}, ["rawPath: must be a string, not 5"]),
    ],
)
def test_event_that_aws_would_not_send_is_malformed(
    shape: str, changes: dict[str, Any], told: list[str]
) -> None:
    assert _look(_event(shape, **changes), SAMPLE_SHAPES[shape]).problems == told


@pytest.mark.parametrize(
    "event",
    [
        {"Records": []},
        {"name": "Ada"},
        [1],
        "text",
        None,
        {"type": "REQUEST", "methodArn": "arn:...", "httpMethod": "GET", "requestContext": {}},
        {"version": "2.0", "type": "REQUEST", "routeArn": "arn:...", "requestContext": {}},
    ],
)
def test_event_of_another_source_is_not_looked_at(event: Any) -> None:
    assert _look(event) == NOTHING


def test_function_without_routes_may_have_events_of_any_api() -> None:
    assert _look(_event("http2"), has_routes=False) == NOTHING
    assert _look(_event("http2", "rawPath"), has_routes=False).warning == f"{LACKS}rawPath"


@pytest.mark.parametrize("context", ["elb", None, 5, ["elb"]])
def test_context_that_is_no_object_is_malformed(context: Any) -> None:
    (problem,) = _look(_event("rest", requestContext=context)).problems
    assert problem.startswith("requestContext: must ")


def test_sample_on_disk_that_is_not_json_is_told(tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(json.dumps(_event("rest")))
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "folder.json").mkdir()
    looks = [look_at_sample(path, make_function(), has_routes=True) for path in sorted(tmp_path.iterdir())]
    assert [each.problems[0].partition(": ")[0] for each in looks[:2]] == ["not JSON", "cannot be read"]
    assert looks[2] == NOTHING


@pytest.mark.parametrize("arguments", [("htpp2", "GET", "/x"), ("http", "/x"), ("get", "/x")])
def test_sample_of_a_shape_that_is_none_names_those_there_are(
    sample_event: Callable[..., dict[str, Any]], arguments: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match=r"the shapes are rest, http1, http2, alb, alb-multi, url$"):
        sample_event(*arguments)
    with pytest.raises(ValueError, match=f"^'{arguments[0]}' is no shape of events"):
        sample_event("GET", "/x", shape=arguments[0])
