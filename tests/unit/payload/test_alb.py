"""A load balancer's event in both header modes, whole and in its corners."""

from typing import Any

import pytest

from berth.errors import MalformedDocument, MethodNotSupported
from berth.model.function import Function
from berth.model.route import Route, RouteKey
from berth.payload import alb
from berth.schemas.reading import read
from berth.testing.values import make_function, make_stage
from kit.gateway_values import ALB, SHAPES, TRACE, event_of, make_route

ROUTE, MULTI_ROUTE = SHAPES["alb"][1], SHAPES["alb-multi"][1]
ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/orders/60b3a3b6da2f7636"
EVENT = {
    "requestContext": {"elb": {"targetGroupArn": ARN}},
    "httpMethod": "GET",
    "path": "/orders/7",
    "queryStringParameters": {},
    "headers": {"host": "api.example.com", "x-amzn-trace-id": TRACE},
    "body": "",
    "isBase64Encoded": False,
}
MULTI_EVENT = {
    "requestContext": {"elb": {"targetGroupArn": ARN}},
    "httpMethod": "GET",
    "path": "/orders/7",
    "multiValueQueryStringParameters": {},
    "multiValueHeaders": {"host": ["api.example.com"], "x-amzn-trace-id": [TRACE]},
    "body": "",
    "isBase64Encoded": False,
}


def test_event_has_seven_keys_and_nothing_is_null() -> None:
    assert event_of(alb.SHAPE, ROUTE) == EVENT


def test_maps_of_all_values_take_the_place_of_the_others() -> None:
    assert event_of(alb.SHAPE, MULTI_ROUTE) == MULTI_EVENT


@pytest.mark.parametrize(
    ("query", "single", "multi"),
    [
        ("x=1%2B1&y=a+b&x=2", {"x": "2", "y": "a+b"}, {"x": ["1%2B1", "2"], "y": ["a+b"]}),
        ("a%20b=%E2%98%95", {"a%20b": "%E2%98%95"}, {"a%20b": ["%E2%98%95"]}),
        ("k&l=", {"k": "", "l": ""}, {"k": [""], "l": [""]}),
        ("a=1;b=2&c=|", {"a": "1;b=2", "c": "|"}, {"a": ["1;b=2"], "c": ["|"]}),
        ("&", {}, {}),
    ],
)
def test_query_is_not_decoded(query: str, single: dict[str, str], multi: dict[str, list[str]]) -> None:
    assert event_of(alb.SHAPE, ROUTE, query=query)["queryStringParameters"] == single
    assert event_of(alb.SHAPE, MULTI_ROUTE, query=query)["multiValueQueryStringParameters"] == multi


@pytest.mark.parametrize("path", ["/", "/a%2Fb%3F%C3%A9", "//a//b/", "/a%20b"])
def test_path_is_as_it_was_sent(path: str) -> None:
    assert event_of(alb.SHAPE, ROUTE, path=path)["path"] == path


def test_stage_and_path_parameters_are_unknown_to_a_load_balancer() -> None:
    route = make_route(is_named=True, stage_variables={"host": "db"}, **ALB)
    assert event_of(alb.SHAPE, route, path_parameters={"id": "7"}) == EVENT


def test_header_names_are_in_lower_case_and_the_last_value_counts() -> None:
    headers = (("X-A", "1"), ("Cookie", "a=1; b=2"), ("X-A", "2, 3"))
    assert event_of(alb.SHAPE, ROUTE, headers=headers)["headers"] == {
        "x-a": "2, 3",
        "cookie": "a=1; b=2",
        "x-amzn-trace-id": TRACE,
    }
    assert event_of(alb.SHAPE, MULTI_ROUTE, headers=headers)["multiValueHeaders"] == {
        "x-a": ["1", "2, 3"],
        "cookie": ["a=1; b=2"],
        "x-amzn-trace-id": [TRACE],
    }


@pytest.mark.parametrize("name", ["Connection", "Content-Length", "Keep-Alive", "TE", "Upgrade", "Expect"])
def test_header_of_the_clients_connection_is_kept(name: str) -> None:
    assert event_of(alb.SHAPE, ROUTE, headers=((name, "1"),))["headers"][name.lower()] == "1"


def test_transfer_encoding_is_dropped_since_the_body_is_whole() -> None:
    event = event_of(alb.SHAPE, ROUTE, headers=(("Transfer-Encoding", "chunked"),))
    assert event["headers"] == {"x-amzn-trace-id": TRACE}


def test_trace_header_of_the_stamp_replaces_the_clients() -> None:
    sent = (("X-Amzn-Trace-Id", "nonsense"), ("X-Amzn-Trace-Id", "more"))
    assert event_of(alb.SHAPE, MULTI_ROUTE, headers=sent)["multiValueHeaders"] == {"x-amzn-trace-id": [TRACE]}


@pytest.mark.parametrize(
    ("headers", "raw", "body", "is_base64"),
    [
        ((("Content-Type", "text/html"),), b"hi", "hi", False),
        ((("Content-Type", "application/javascript"),), b"hi", "hi", False),
        ((("Content-Type", "application/x-www-form-urlencoded"),), b"hi", "aGk=", True),
        ((("Content-Type", "application/json"), ("Content-Encoding", "br")), b"hi", "aGk=", True),
        ((), b"hi", "aGk=", True),
        ((("Content-Type", "image/png"),), b"", "", False),
    ],
)
def test_body_is_base64_unless_its_type_is_text(
    headers: tuple[tuple[str, str], ...], raw: bytes, body: str, is_base64: bool
) -> None:
    event = event_of(alb.SHAPE, ROUTE, headers=headers, body=raw)
    assert (event["body"], event["isBase64Encoded"]) == (body, is_base64)


def test_trace_is_not_passed_on() -> None:
    with pytest.raises(MethodNotSupported):
        event_of(alb.SHAPE, ROUTE, method="TRACE")


@pytest.mark.parametrize(
    ("name", "cut"), [("a" * 32, "a" * 32), ("a" * 33, "a" * 32), ("report-all", "report-all")]
)
def test_target_group_has_the_functions_name_as_far_as_it_may_be_long(name: str, cut: str) -> None:
    assert _arn(make_function(name, **ALB)).split("/")[1] == cut


def test_target_group_depends_on_function_and_api_only() -> None:
    one = make_function("one", **ALB)
    other_api = make_function("one", stage=make_stage(api_id="other"), **ALB)
    arns = [_arn(one), _arn(one, "POST /b"), _arn(make_function("two", **ALB)), _arn(other_api)]
    assert arns[0] == arns[1]
    assert len(set(arns)) == 3


@pytest.mark.parametrize("route", [ROUTE, MULTI_ROUTE], ids=["single", "multi"])
def test_checked_event_is_refused_when_it_has_lost_a_key(route: Route) -> None:
    event: dict[str, Any] = dict(event_of(alb.SHAPE, route))
    read(alb.SHAPE.event_schema, event)
    del event["body"]
    with pytest.raises(MalformedDocument, match="body: is required"):
        read(alb.SHAPE.event_schema, event)


def test_events_of_one_route_share_nothing_that_can_change() -> None:
    first, second = (event_of(alb.SHAPE, MULTI_ROUTE) for _ in range(2))
    first["requestContext"]["elb"]["targetGroupArn"] = "other"
    first["multiValueHeaders"]["host"].append("other")
    assert second == MULTI_EVENT


def _arn(function: Function, key: str = "GET /a") -> str:
    method, path = key.split(" ")
    event = event_of(alb.SHAPE, Route(RouteKey(method, path), function, function.stage))
    arn: str = event["requestContext"]["elb"]["targetGroupArn"]
    return arn
