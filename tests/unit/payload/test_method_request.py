"""What a REST API's request validator refuses."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from berth.errors import InvalidRequest
from berth.model.method_request import NO_METHOD_REQUEST, MethodRequest
from berth.payload import rest
from berth.payload.method_request import check_method_request
from kit.gateway_values import event_of, make_call, make_route
from kit.tables import for_each

NAMED = json.dumps({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}})
ANYTHING = "{}"
NOTHING = json.dumps({"not": {}})
PAGED = replace(make_route(), method_request=MethodRequest(False, ("method.request.querystring.page",)))


def _refusal(wanted: MethodRequest, query: dict[str, list[str]] | None = None, **request: Any) -> str | None:
    try:
        pairs = [(name, value) for name, values in (query or {}).items() for value in values]
        route = replace(make_route(), method_request=wanted)
        check_method_request(make_call(route, query=urlencode(pairs), **request))
    except InvalidRequest as refused:
        return str(refused)
    return None


def test_nothing_is_refused_when_nothing_is_asked_for() -> None:
    assert _refusal(NO_METHOD_REQUEST, body=b"nonsense") is None


@for_each(
    "name, query, headers, path_parameters, is_there",
    [
        ("querystring.page", {"page": ["1"]}, (), {}, True),
        ("querystring.page", {"page": ["", "1"]}, (), {}, True),
        ("querystring.page", {"page": [""]}, (), {}, False),
        ("querystring.page", {"Page": ["1"]}, (), {}, False),
        ("querystring.page", {}, (("Page", "1"),), {"page": "1"}, False),
        ("querystring.a.b", {"a.b": ["1"]}, (), {}, True),
        ("header.x-a", {}, (("X-A", "1"),), {}, True),
        ("header.X-A", {}, (("X-A", " "), ("X-A", "1")), {}, True),
        ("header.X-A", {}, (("X-A", " \t"),), {}, False),
        ("header.X-A", {"X-A": ["1"]}, (("X-B", "1"),), {}, False),
        ("path.id", {}, (), {"id": "7"}, True),
        ("path.id", {}, (), {"id": ""}, False),
        ("path.id", {"id": ["7"]}, (), {}, False),
    ],
)
def test_parameter_is_missing_when_it_is_not_there_or_blank(
    name: str,
    query: dict[str, list[str]],
    headers: tuple[tuple[str, str], ...],
    path_parameters: dict[str, str],
    is_there: bool,
) -> None:
    wanted = MethodRequest(required_parameters=(f"method.request.{name}",))
    refusal = _refusal(wanted, query, headers=headers, path_parameters=path_parameters)
    missing = f"Missing required request parameters: [{name.split('.', 1)[1]}]"
    assert refusal == (None if is_there else missing)


def test_missing_parameters_are_named_in_order() -> None:
    wanted = MethodRequest(
        required_parameters=(
            *("method.request.querystring.b", "method.request.path.c", "method.request.header.A"),
            "method.request.querystring.a",
        )
    )
    assert _refusal(wanted, {"a": ["1"]}) == "Missing required request parameters: [A, c, b]"


@pytest.mark.parametrize(
    ("body", "is_valid"),
    [
        (b'{"name": "Ada"}', True),
        (b'{"name": "Ada", "more": 1}', True),
        (b'{"name": 1}', False),
        (b"{}", False),
        (b"", False),
        (b"[]", False),
        (b"nonsense", False),
        (b'{"name": "\xff"}', False),
        (b"[" * 100_000, False),
    ],
)
def test_body_is_refused_when_it_does_not_meet_its_model(body: bytes, is_valid: bool) -> None:
    wanted = MethodRequest(models={"application/json": NAMED})
    assert _refusal(wanted, body=body) == (None if is_valid else "Invalid request body")


@pytest.mark.parametrize(
    ("content_type", "models", "is_refused"),
    [
        (None, {"application/json": NOTHING}, True),
        ("application/json", {"application/json": NOTHING}, True),
        ("Application/JSON; charset=utf-8", {"application/json": NOTHING}, True),
        ("text/plain", {"application/json": NOTHING}, False),
        ("text/plain", {"$default": NOTHING}, True),
        (None, {"$default": NOTHING}, True),
        ("text/plain", {"text/plain": ANYTHING, "$default": NOTHING}, False),
        ("application/json", {"text/plain": NOTHING}, False),
    ],
)
def test_model_is_chosen_by_the_media_type(
    content_type: str | None, models: dict[str, str], is_refused: bool
) -> None:
    headers = (("Content-Type", content_type),) if content_type else ()
    refusal = _refusal(MethodRequest(models=models), headers=headers, body=b"{}")
    assert refusal == ("Invalid request body" if is_refused else None)


def test_parameters_are_checked_before_the_body() -> None:
    wanted = MethodRequest(
        required_parameters=("method.request.querystring.page",), models={"application/json": NOTHING}
    )
    assert _refusal(wanted) == "Missing required request parameters: [page]"


def test_request_is_let_through_when_its_event_shows_what_its_route_asks_for() -> None:
    check_method_request(make_call(PAGED, query="a=1;page=2"))
    assert event_of(rest.SHAPE, PAGED, query="a=1;page=2")["queryStringParameters"] == {"a": "1", "page": "2"}


def test_request_is_refused_when_it_lacks_what_its_route_asks_for() -> None:
    with pytest.raises(InvalidRequest, match=r"Missing required request parameters: \[page\]"):
        check_method_request(make_call(PAGED, query="a=1"))
