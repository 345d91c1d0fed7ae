"""What holds for every request to a REST API and every result, beside what holds for all shapes."""

import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import APIGatewayProxyEventModel
from hypothesis import given
from hypothesis import strategies as st

from berth.errors import MalformedDocument, MalformedRequest
from berth.model.gateway_context import ANONYMOUS
from berth.model.http import HttpRequest
from berth.model.invocation import encode_event
from berth.model.proxy_response import ProxyResponse
from berth.payload.rest import build_event
from berth.payload.schema.event_v1 import check_rest_event
from berth.payload.schema.response import load_rest_response
from kit.gateway_values import STAMP, make_request, make_route
from kit.strategies import documents, http_requests, often

ROUTES = (
    make_route("ANY", "/{proxy+}"),
    make_route("ANY", "/{proxy+}", "image/*"),
    make_route("ANY", "/", "*/*"),
)


@often
@given(documents)
def test_schema_reads_a_response_or_refuses_it(document: Any) -> None:
    try:
        response = load_rest_response(document)
    except MalformedDocument:
        return
    assert isinstance(response, ProxyResponse)
    assert 200 <= response.status_code <= 599


@often
@given(http_requests, st.sampled_from(ROUTES))
def test_every_event_has_the_shape_of_its_schema(request: HttpRequest, route: Any) -> None:
    try:
        event = build_event(route, request, ANONYMOUS, STAMP)
    except MalformedRequest:
        assert set("|{}") & set(request.query)
        return
    check_rest_event(event)
    check_rest_event(json.loads(encode_event(event)))
    assert len(event) == 12
    assert {name: values[-1] for name, values in event["multiValueHeaders"].items()} == event["headers"]
    assert (event["queryStringParameters"] is None) is (event["multiValueQueryStringParameters"] is None)


@pytest.mark.parametrize("route", ROUTES)
def test_plain_request_is_read_by_the_library_that_functions_use(route: Any) -> None:
    model = APIGatewayProxyEventModel.model_validate(build_event(route, make_request(), ANONYMOUS, STAMP))
    assert str(model.requestContext.identity.sourceIp) == "203.0.113.7/32"
