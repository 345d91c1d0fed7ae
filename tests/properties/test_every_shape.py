"""What holds for every request and every result, whatever the shape.

Each request and each result goes through all shapes: making them up is most of what these tests take.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import (
    AlbModel,
    APIGatewayProxyEventModel,
    APIGatewayProxyEventV2Model,
    LambdaFunctionUrlModel,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from berth.errors import GatewayRefusal, MalformedRequest
from berth.manifest.placeholders import ExpandedText
from berth.model.call import ANONYMOUS
from berth.model.http import HttpResponse
from berth.model.invocation import Event, InvocationResult, encode_event
from berth.payload.headers import is_header_name
from berth.payload.results import check_plain
from berth.schemas.reading import read
from kit.gateway_values import (
    ALB,
    ALB_MULTI,
    HTTP_1,
    HTTP_2,
    SHAPES,
    URL,
    event_of,
    make_call,
    make_route,
)
from kit.strategies import documents, often, plain_looking, sent_calls

FIELDS: dict[str, dict[str, Any]] = {
    **{"rest": {}, "http1": HTTP_1, "http2": HTTP_2, "alb": ALB, "alb-multi": ALB_MULTI, "url": URL}
}
ROUTES = {
    name: (
        make_route("ANY", "/{proxy+}", **fields),
        make_route("ANY", "/{proxy+}", "image/*", **fields),
        make_route(
            "GET",
            "/",
            "*/*",
            is_named=True,
            stage_variables={"host": ExpandedText("db", "${deployed.host}")},
            **fields,
        ),
    )
    for name, fields in FIELDS.items()
}
# What functions parse such events with; it knows no event with multi-value headers.
MODELS: dict[str, Any] = {
    "rest": APIGatewayProxyEventModel,
    "http1": APIGatewayProxyEventModel,
    "http2": APIGatewayProxyEventV2Model,
    "alb": AlbModel,
    "url": LambdaFunctionUrlModel,
}


half_as_often = settings(often, max_examples=50)


def _events(sent: dict[str, Any], which: int) -> Iterator[tuple[str, Event]]:
    """The events of all shapes; only a REST API refuses some requests, for their query strings."""
    for name, (shape, _) in SHAPES.items():
        try:
            yield name, shape.build_event(make_call(ROUTES[name][which], **sent), ANONYMOUS)
        except MalformedRequest:
            assert name == "rest"
            assert set("|{}") & set(sent["query"])


def _containers(value: Any) -> Iterator[Any]:
    """Every dict and list in a value, and the value."""
    if isinstance(value, dict | list):
        yield value
        for each in value.values() if isinstance(value, dict) else value:
            yield from _containers(each)


def _responses(payload: bytes, which: int) -> Iterator[tuple[str, HttpResponse]]:
    """The responses of all shapes that do not refuse a result."""
    for name, (shape, _) in SHAPES.items():
        try:
            call = make_call(ROUTES[name][which], headers=(("Accept", "image/png"),))
            yield name, shape.read_result(call, InvocationResult(payload))
        except GatewayRefusal:
            continue


@half_as_often
@given(sent_calls, st.integers(0, 2))
def test_every_event_has_the_shape_of_its_schema(sent: dict[str, Any], which: int) -> None:
    for name, event in _events(sent, which):
        read(SHAPES[name][0].event_schema, event)
        read(SHAPES[name][0].event_schema, json.loads(encode_event(event)))


@half_as_often
@given(sent_calls, st.integers(0, 2))
def test_every_event_is_what_reading_its_json_makes_and_belongs_to_nobody_else(
    sent: dict[str, Any], which: int
) -> None:
    for (_, event), (_, other) in zip(_events(sent, which), _events(sent, which), strict=True):
        assert repr(event) == repr(json.loads(encode_event(event)))  # repr tells order and types, too
        containers = [id(each) for each in (*_containers(event), *_containers(other))]
        assert len(containers) == len(set(containers))


@half_as_often
@given(sent_calls, st.integers(0, 2))
def test_every_event_is_read_by_the_library_that_functions_use(sent: dict[str, Any], which: int) -> None:
    for name, event in _events(sent, which):
        if name in MODELS:
            model = MODELS[name].model_validate(json.loads(encode_event(event)))
            assert model.headers == event["headers"]
            for key in ("body", "path", "rawPath"):
                assert getattr(model, key, None) == event.get(key)


@half_as_often
@given(sent_calls, st.integers(0, 2))
def test_every_event_says_the_same_of_one_request(sent: dict[str, Any], which: int) -> None:
    events = dict(_events(sent, which))
    first, second, url = events["http1"], events["http2"], events["url"]
    assert first["requestContext"]["path"].partition("?")[0] == second["rawPath"]
    assert events["alb"]["path"] == url["rawPath"]
    assert second["rawQueryString"] == url["rawQueryString"]
    assert second.get("cookies") == url.get("cookies")
    texts = [event.get("body") or "" for name, event in events.items() if name != "rest"]
    assert texts == [texts[0]] * 5
    multi = events["alb-multi"]["multiValueHeaders"]
    assert {name: values[-1] for name, values in multi.items()} == events["alb"]["headers"]


@half_as_often
@given(documents, st.integers(0, 2))
def test_every_result_is_sent_or_refused(document: Any, which: int) -> None:
    for _, response in _responses(json.dumps(document).encode(), which):
        assert 200 <= response.status <= 599
        assert all(is_header_name(name) for name, _ in response.headers)
        assert not {each for name, value in response.headers for each in name + value} & set("\r\n\0")
        assert all(value.encode("latin-1") is not None for _, value in response.headers)
        lengths = [value for name, value in response.headers if name.lower() == "content-length"]
        assert lengths == ([] if response.status in {204, 304} else [str(len(response.body))])


@half_as_often
@given(st.binary())
def test_result_of_any_bytes_is_sent_or_refused(payload: bytes) -> None:
    assert {response.status for _, response in _responses(payload, 0)} == {200}


@half_as_often
@given(st.one_of(plain_looking, documents))
def test_short_cut_says_what_every_schema_says(document: Any) -> None:
    result = InvocationResult(json.dumps(document).encode())
    for shape, _ in SHAPES.values():
        check_plain(result, shape.result_schema)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *(("rest", "requestTimeEpoch"), ("http1", "requestTimeEpoch")),
        *(("http2", "timeEpoch"), ("url", "timeEpoch")),
    ],
)
def test_time_is_read_by_the_library_that_functions_use(name: str, key: str) -> None:
    model = MODELS[name].model_validate(event_of(*SHAPES[name]))
    assert getattr(model.requestContext, key).isoformat() == "2026-07-10T19:19:04.123000+00:00"
