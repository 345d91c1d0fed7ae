"""The events of payload format version 2.0, of HTTP APIs and of function URLs.

What has no value is absent, never null. Keys AWS adds are kept.
"""

from typing import Any

from marshmallow import fields, validate

from berth.schemas.fields import AnyText, AwsSchema, ClientText, Flag, Text, Whole


def _text_map(**kwargs: Any) -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.String(), allow_none=False, **kwargs)


def _text_list() -> fields.List[Any]:
    return fields.List(fields.String(), allow_none=False, validate=validate.Length(min=1))


class HttpSchema(AwsSchema):
    """requestContext.http."""

    method = Text(required=True)
    path = ClientText(required=True)
    protocol = Text(required=True)
    sourceIp = Text(required=True)
    userAgent = ClientText(required=True)


class RequestContextSchema(AwsSchema):
    """requestContext."""

    accountId = Text(required=True)
    apiId = AnyText(required=True)
    domainName = Text(required=True)
    domainPrefix = AnyText(required=True)
    http = fields.Nested(HttpSchema, required=True)
    requestId = Text(required=True)
    routeKey = Text(required=True)
    stage = Text(required=True)
    time = Text(required=True)
    timeEpoch = Whole(required=True)


class EventV2Schema(AwsSchema):
    """The whole event."""

    version = AnyText(required=True, validate=validate.Equal("2.0"))
    routeKey = Text(required=True)
    rawPath = ClientText(required=True)
    rawQueryString = ClientText(required=True)
    cookies = _text_list()
    headers = _text_map(required=True)
    queryStringParameters = _text_map(validate=validate.Length(min=1))
    requestContext = fields.Nested(RequestContextSchema, required=True)
    body = ClientText()
    pathParameters = _text_map(validate=validate.Length(min=1))
    isBase64Encoded = Flag(required=True)
    stageVariables = _text_map(validate=validate.Length(min=1))


EVENT_V2 = EventV2Schema()
