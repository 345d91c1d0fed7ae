"""The events of payload format version 2.0, of HTTP APIs and of function URLs.

What has no value is absent, never null. Keys AWS adds are kept.
"""

from typing import Any

from marshmallow import fields, validate

from berth.schemas import fields as strict


def _text_map(**kwargs: Any) -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.String(), allow_none=False, **kwargs)


def _text_list() -> fields.List[Any]:
    return fields.List(fields.String(), allow_none=False, validate=validate.Length(min=1))


class HttpSchema(strict.AwsSchema):
    """requestContext.http."""

    method = strict.Text(required=True)
    path = strict.ClientText(required=True)
    protocol = strict.Text(required=True)
    sourceIp = strict.Text(required=True)
    userAgent = strict.ClientText(required=True)


class RequestContextSchema(strict.AwsSchema):
    """requestContext."""

    accountId = strict.Text(required=True)
    apiId = strict.AnyText(required=True)
    domainName = strict.Text(required=True)
    domainPrefix = strict.AnyText(required=True)
    http = fields.Nested(HttpSchema, required=True)
    requestId = strict.Text(required=True)
    routeKey = strict.Text(required=True)
    stage = strict.Text(required=True)
    time = strict.Text(required=True)
    timeEpoch = strict.Whole(required=True)


class EventV2Schema(strict.AwsSchema):
    """The whole event."""

    version = strict.AnyText(required=True, validate=validate.Equal("2.0"))
    routeKey = strict.Text(required=True)
    rawPath = strict.ClientText(required=True)
    rawQueryString = strict.ClientText(required=True)
    cookies = _text_list()
    headers = _text_map(required=True)
    queryStringParameters = _text_map(validate=validate.Length(min=1))
    requestContext = fields.Nested(RequestContextSchema, required=True)
    body = strict.ClientText()
    pathParameters = _text_map(validate=validate.Length(min=1))
    isBase64Encoded = strict.Flag(required=True)
    stageVariables = _text_map(validate=validate.Length(min=1))


EVENT_V2 = EventV2Schema()
