"""What holds for every request to a REST API and every result, beside what holds for all shapes."""

import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import APIGatewayProxyEventModel
from hypothesis import given
from hypothesis import strategies as st

from berth.errors import MalformedDocument, MalformedRequest
from berth.model.call import ANONYMOUS
from berth.model.invocation import encode_event
from berth.model.proxy_response import ProxyResponse
from berth.payload.rest import build_event
from berth.payload.schema.event_v1 import REST_EVENT
from berth.payload.schema.proxy_response import REST_RESPONSE
from berth.schemas.reading import read
from kit.gateway_values import make_call, make_route
from kit.strategies import documents, often, sent_calls

ROUTES = (
    make_route("ANY", "/{proxy+}"),
    make_route("ANY", "/{proxy+}", "image/*"),
    make_route("ANY", "/", "*/*"),
)


@often
@given(documents)
def test_schema_reads_a_response_or_refuses_it(document: Any) -> None:
    try:
        response = read(REST_RESPONSE, document)
    except MalformedDocument:
        return
    assert isinstance(response, ProxyResponse)
    assert 200 <= response.status_code <= 599


@often
@given(sent_calls, st.sampled_from(ROUTES))
def test_every_event_has_the_shape_of_its_schema(sent: dict[str, Any], route: Any) -> None:
    try:
        event = build_event(make_call(route, **sent), ANONYMOUS)
    except MalformedRequest:
        assert set("|{}") & set(sent["query"])
        return
    read(REST_EVENT, event)
    read(REST_EVENT, json.loads(encode_event(event)))
    assert len(event) == 12
    assert {name: values[-1] for name, values in event["multiValueHeaders"].items()} == event["headers"]
    assert (event["queryStringParameters"] is None) is (event["multiValueQueryStringParameters"] is None)


@pytest.mark.parametrize("route", ROUTES)
def test_plain_request_is_read_by_the_library_that_functions_use(route: Any) -> None:
    model = APIGatewayProxyEventModel.model_validate(build_event(make_call(route), ANONYMOUS))
    assert str(model.requestContext.identity.sourceIp) == "203.0.113.7/32"
