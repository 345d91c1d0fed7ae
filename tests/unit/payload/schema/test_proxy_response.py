"""The shapes of a proxy response, one for each event shape."""

from collections.abc import Callable
from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.model.proxy_response import ProxyResponse
from berth.payload.schema.proxy_response import (
    ALB_MULTI_VALUE_RESPONSE,
    ALB_RESPONSE,
    HTTP_V1_RESPONSE,
    REST_RESPONSE,
    V2_RESPONSE,
)
from berth.schemas.reading import Schema, read
from kit.tables import for_each

Load = Callable[[Any], ProxyResponse]

# What all but a REST API's have in common: a status is required, unknown keys are passed over.
SCHEMAS: dict[str, Schema] = {
    "http1": HTTP_V1_RESPONSE,
    "v2": V2_RESPONSE,
    "alb": ALB_RESPONSE,
    "alb-multi": ALB_MULTI_VALUE_RESPONSE,
}


@for_each(
    "document, response",
    [
        ({}, ProxyResponse()),
        ({"statusCode": 404}, ProxyResponse(404)),
        ({"statusCode": "201"}, ProxyResponse(201)),
        ({"statusCode": None}, ProxyResponse(200)),
        ({"headers": {"A": "b"}}, ProxyResponse(headers={"A": "b"})),
        ({"headers": {"A": True, "B": False}}, ProxyResponse(headers={"A": "true", "B": "false"})),
        ({"headers": {"A": 1, "B": -2.5}}, ProxyResponse(headers={"A": "1", "B": "-2.5"})),
        ({"headers": {"A": None}}, ProxyResponse(headers={"A": None})),
        ({"headers": None}, ProxyResponse()),
        (
            {"multiValueHeaders": {"A": ["1", True, None]}},
            ProxyResponse(200, None, {"A": ["1", "true", None]}),
        ),
        ({"multiValueHeaders": {"A": []}}, ProxyResponse(multi_value_headers={"A": []})),
        ({"multiValueHeaders": None}, ProxyResponse()),
        ({"body": "x"}, ProxyResponse(body="x")),
        ({"body": {"a": [1]}}, ProxyResponse(body={"a": [1]})),
        ({"body": 0}, ProxyResponse(body=0)),
        ({"body": None}, ProxyResponse()),
        ({"isBase64Encoded": True}, ProxyResponse(is_base64_encoded=True)),
        ({"isBase64Encoded": None}, ProxyResponse()),
        ({"base64Encoded": True}, ProxyResponse(is_base64_encoded=True)),
        ({"base64Encoded": True, "isBase64Encoded": False}, ProxyResponse(is_base64_encoded=False)),
        ({"base64Encoded": False, "isBase64Encoded": True}, ProxyResponse(is_base64_encoded=True)),
    ],
)
def test_response_is_read_when_it_is_well_formed(document: Any, response: ProxyResponse) -> None:
    assert read(REST_RESPONSE, document) == response


@for_each(
    "document, message",
    [
        ("text", "must be an object"),
        ([], "must be an object"),
        (5, "must be an object"),
        (None, "must be an object"),
        (True, "must be an object"),
        ({"wrongValue": 1}, "wrongValue: unknown key"),
        ({"cookies": []}, "cookies: unknown key"),
        ({"errorMessage": "x"}, "errorMessage: unknown key"),
        ({"statuscode": 200}, "statuscode: unknown key: did you mean 'statusCode'?"),
        ({"status_code": 200}, "status_code: unknown key: did you mean 'statusCode'?"),
        ({"statusCode": 0}, "statusCode: 0 is not an HTTP status"),
        ({"statusCode": 199}, "statusCode: 199 is not an HTTP status"),
        ({"statusCode": 600}, "statusCode: 600 is not an HTTP status"),
        ({"statusCode": 200.0}, "statusCode: 200.0 is not an HTTP status"),
        ({"statusCode": True}, "statusCode: true is not an HTTP status"),
        ({"statusCode": "OK"}, "statusCode: 'OK' is not an HTTP status"),
        ({"statusCode": "0"}, "statusCode: '0' is not an HTTP status"),
        ({"statusCode": "٢٠٠"}, "statusCode: '٢٠٠' is not an HTTP status"),
        ({"statusCode": [200]}, "statusCode: an array is not an HTTP status"),
        ({"headers": []}, "headers: must be an object"),
        ({"headers": "A: b"}, "headers: must be an object"),
        ({"headers": {"A": ["b"]}}, "headers.A: an array is not a header value"),
        ({"headers": {"A": {}}}, "headers.A: an object is not a header value"),
        ({"multiValueHeaders": {"A": "b"}}, "multiValueHeaders.A: must be an array"),
        ({"multiValueHeaders": {"A": [[]]}}, "multiValueHeaders.A[0]: an array is not a header value"),
        ({"multiValueHeaders": {"A": None}}, "multiValueHeaders.A: must not be null"),
        ({"multiValueHeaders": []}, "multiValueHeaders: must be an object"),
        ({"isBase64Encoded": "true"}, "isBase64Encoded: must be true or false, not 'true'"),
        ({"isBase64Encoded": 1}, "isBase64Encoded: must be true or false, not 1"),
    ],
)
def test_response_is_refused_with_the_key_that_is_malformed(document: Any, message: str) -> None:
    with pytest.raises(MalformedDocument) as malformed:
        read(REST_RESPONSE, document)
    assert str(malformed.value) == message


def test_every_malformed_key_is_named() -> None:
    with pytest.raises(MalformedDocument) as malformed:
        read(REST_RESPONSE, {"statusCode": 0, "headers": [], "extra": 1})
    assert sorted(key for key, _ in malformed.value.messages) == ["extra", "headers", "statusCode"]


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("http1", ProxyResponse(201, {"A": "true"}, {"B": ["1", None]}, [1], True)),
        ("v2", ProxyResponse(201, {"A": "true"}, None, [1], True, ["a=1"])),
        ("alb", ProxyResponse(201, {"A": "true"}, None, [1], True)),
        ("alb-multi", ProxyResponse(201, None, {"B": ["1", None]}, [1], True)),
    ],
)
def test_each_shape_reads_the_keys_that_it_knows(name: str, response: ProxyResponse) -> None:
    document = {
        "statusCode": "201",
        "statusDescription": "201 Created",
        "headers": {"A": True},
        "multiValueHeaders": {"B": [1, None]},
        "cookies": ["a=1"],
        "body": [1],
        "isBase64Encoded": True,
        "errorMessage": "x",
    }
    assert read(SCHEMAS[name], document) == response


def test_null_stands_for_a_key_that_is_not_there() -> None:
    keys = ("headers", "multiValueHeaders", "cookies", "body", "isBase64Encoded", "base64Encoded")
    for schema in SCHEMAS.values():
        assert read(schema, {"statusCode": 200, **dict.fromkeys(keys)}) == ProxyResponse(200)


def test_first_spelling_of_base64_counts_in_rest_apis_only() -> None:
    for schema in SCHEMAS.values():
        assert read(schema, {"statusCode": 200, "base64Encoded": True}) == ProxyResponse(200)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("text", "must be an object"),
        ([], "must be an object"),
        (None, "must be an object"),
        ({}, "statusCode: is required"),
        ({"body": "x", "errorMessage": "x"}, "statusCode: is required"),
        ({"statusCode": None}, "statusCode: must not be null"),
        ({"statusCode": 0}, "statusCode: 0 is not an HTTP status"),
        ({"statusCode": 200.5}, "statusCode: 200.5 is not an HTTP status"),
        ({"statusCode": 200, "isBase64Encoded": 1}, "isBase64Encoded: must be true or false, not 1"),
    ],
)
def test_response_is_refused_in_every_shape_but_a_rest_apis(document: Any, message: str) -> None:
    for schema in SCHEMAS.values():
        with pytest.raises(MalformedDocument) as malformed:
            read(schema, document)
        assert str(malformed.value) == message


@pytest.mark.parametrize(
    ("names", "document", "message"),
    [
        (("http1", "v2", "alb"), {"headers": []}, "headers: must be an object"),
        (("http1", "v2", "alb"), {"headers": {"A": ["b"]}}, "headers.A: an array is not a header value"),
        (("http1", "alb-multi"), {"multiValueHeaders": "A"}, "multiValueHeaders: must be an object"),
        (
            ("http1", "alb-multi"),
            {"multiValueHeaders": {"A": "b"}},
            "multiValueHeaders.A: must be an array",
        ),
        (("v2",), {"cookies": "a=1"}, "cookies: must be an array"),
        (("v2",), {"cookies": [1]}, "cookies[0]: must be a string"),
        (("v2",), {"cookies": [None]}, "cookies[0]: must not be null"),
    ],
)
def test_key_is_looked_at_in_the_shapes_that_know_it(
    names: tuple[str, ...], document: dict[str, Any], message: str
) -> None:
    refused = {}
    for name, schema in SCHEMAS.items():
        try:
            read(schema, {"statusCode": 200, **document})
        except MalformedDocument as malformed:
            refused[name] = str(malformed)
    assert refused == dict.fromkeys(names, message)
