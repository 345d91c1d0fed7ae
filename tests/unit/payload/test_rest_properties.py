"""What holds for every request and every result."""

import json
import string
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import APIGatewayProxyEventModel
from gateway_values import STAMP, make_request, make_route
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import GatewayRefusal, MalformedDocument, MalformedRequest
from app.model.gateway_context import ANONYMOUS
from app.model.http import HttpRequest
from app.model.invocation import InvocationResult, encode_event
from app.model.proxy_response import ProxyResponse
from app.model.route import METHODS
from app.payload.headers import canonical_name
from app.payload.rest import build_event, read_result
from app.payload.result import plain_response
from app.schemas.event_v1 import check_rest_event
from app.schemas.response import load_rest_response

often = settings(deadline=None, max_examples=100, derandomize=True, database=None)

numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
scalars = st.one_of(st.none(), st.booleans(), numbers, st.text())
any_json = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)), max_leaves=10
)
header_names = st.sampled_from(
    ["X-A", "x-a", "Content-Type", "Date", "Set-Cookie", "TE", "bad name", "", "é"]
)
header_values = st.one_of(scalars, st.sampled_from(["a\r\nb", "\n", "☕", "\0", "\ud800", "image/png"]))
header_maps = st.one_of(any_json, st.dictionaries(header_names, header_values))
statuses = st.one_of(any_json, st.integers(190, 610), st.sampled_from(["200", "201", "0", "20x", "٢٠٠"]))
bodies = st.one_of(any_json, st.text(), st.sampled_from(["AQI=", "AQI", "☕", "\ud800"]))
# What looks like a proxy response: each key may be missing, and one that does not belong may be there.
responses = st.fixed_dictionaries(
    {},
    optional={
        "statusCode": statuses,
        "headers": header_maps,
        "multiValueHeaders": st.one_of(any_json, st.dictionaries(header_names, st.lists(header_values))),
        "body": bodies,
        "isBase64Encoded": st.one_of(st.booleans(), any_json),
        "base64Encoded": st.booleans(),
        "cookies": any_json,
    },
)
plain_looking = st.fixed_dictionaries(
    {"statusCode": st.integers(195, 605)},
    optional={
        "headers": st.one_of(st.none(), st.dictionaries(header_names, st.text())),
        "body": st.one_of(st.none(), st.text()),
    },
)
documents = st.one_of(any_json, responses, plain_looking)

latin_1 = st.text(st.characters(codec="latin-1"))
tokens = st.text(string.ascii_letters + string.digits + "!#$%&'*+.^`|~-", min_size=1, max_size=12)
known_names = st.sampled_from(["Content-Type", "User-Agent", "Authorization", "Cookie", "Host", "TE"])
known_values = st.sampled_from(["image/png", "AWS4-HMAC-SHA256 x", "text/plain; a=b", ""])
lines = st.tuples(st.one_of(tokens, known_names).map(canonical_name), st.one_of(latin_1, known_values))
addresses = st.ip_addresses().map(str)
http_requests = st.builds(
    HttpRequest,
    method=st.sampled_from(METHODS),
    path=st.text(string.printable).map(lambda text: f"/{text}"),
    query=st.one_of(latin_1, st.text()),
    path_parameters=st.dictionaries(tokens, latin_1, max_size=2),
    headers=st.lists(lines),
    body=st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "replace"))),
    protocol=st.sampled_from(["HTTP/1.0", "HTTP/1.1"]),
    host=latin_1.filter(bool),
    source_ip=addresses,
)
ROUTES = (
    make_route("ANY", "/{proxy+}"),
    make_route("ANY", "/{proxy+}", "image/*"),
    make_route("ANY", "/", "*/*"),
)


@often
@given(documents)
def test_short_cut_says_what_the_schema_says(document: Any) -> None:
    plain = plain_response(document)
    assert plain is None or plain == load_rest_response(document)


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
@given(documents, st.sampled_from(ROUTES))
def test_result_is_sent_or_refused(document: Any, route: Any) -> None:
    request = make_request(headers=(("Accept", "image/png"),))
    try:
        result = InvocationResult(json.dumps(document).encode())
        response = read_result(route, request, STAMP, result)
    except GatewayRefusal:
        return
    assert 200 <= response.status <= 599
    for name, value in response.headers:
        assert name.isascii()
        assert name
        assert not set(f"{name}{value}") & set("\r\n\0")
        assert value.encode("latin-1") is not None
    lengths = [value for name, value in response.headers if name.lower() == "content-length"]
    assert lengths == ([] if response.status in {204, 304} else [str(len(response.body))])


@often
@given(st.binary())
def test_result_of_any_bytes_is_sent_or_refused(payload: bytes) -> None:
    try:
        response = read_result(ROUTES[0], make_request(), STAMP, InvocationResult(payload))
    except GatewayRefusal:
        return
    assert response.status == 200


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


@often
@given(http_requests, st.sampled_from(ROUTES))
def test_every_event_is_read_by_the_library_that_functions_use(request: HttpRequest, route: Any) -> None:
    try:
        event = build_event(route, request, ANONYMOUS, STAMP)
    except MalformedRequest:
        return
    model = APIGatewayProxyEventModel.model_validate(event)
    assert model.path == event["path"]
    assert model.body == event["body"]
    assert model.requestContext.requestTimeEpoch.isoformat() == "2026-07-10T19:19:04.123000+00:00"


@pytest.mark.parametrize("route", ROUTES)
def test_plain_request_is_read_by_the_library_that_functions_use(route: Any) -> None:
    model = APIGatewayProxyEventModel.model_validate(build_event(route, make_request(), ANONYMOUS, STAMP))
    assert str(model.requestContext.identity.sourceIp) == "203.0.113.7/32"
