"""The events of payload format version 1.0: exactly twelve keys, null where there is nothing.

Keys AWS adds are kept, so that events recorded elsewhere load as well.
"""

from typing import Any

from marshmallow import fields, validate

from berth.schemas.fields import AnyText, AwsSchema, ClientText, Flag, Text, Whole


def _value_map(**kwargs: Any) -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True, required=True, **kwargs)


def _list_map() -> fields.Dict:
    return fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), allow_none=True, required=True
    )


class IdentitySchema(AwsSchema):
    """requestContext.identity: null wherever an authorizer would have filled it."""

    sourceIp = Text(required=True)
    userAgent = fields.String(allow_none=True)


class RequestContextSchema(AwsSchema):
    """requestContext; an event of the console's test button lacks all that is not required here."""

    accountId = Text(required=True)
    apiId = Text(required=True)
    httpMethod = Text(required=True)
    identity = fields.Nested(IdentitySchema, required=True)
    path = ClientText(required=True)  # an HTTP API's is decoded
    protocol = Text()
    requestId = Text(required=True)
    requestTime = Text()
    requestTimeEpoch = Whole()
    resourcePath = Text(required=True)
    stage = Text(required=True)


class RestEventSchema(AwsSchema):
    """The whole event."""

    resource = Text(required=True)
    path = Text(required=True)
    httpMethod = Text(required=True)
    headers = _value_map()
    multiValueHeaders = _list_map()
    queryStringParameters = _value_map()
    multiValueQueryStringParameters = _list_map()
    pathParameters = _value_map()
    stageVariables = _value_map()
    requestContext = fields.Nested(RequestContextSchema, required=True)
    body = fields.String(required=True, allow_none=True)
    isBase64Encoded = Flag(required=True)


class HttpRequestContextSchema(RequestContextSchema):
    """requestContext of an HTTP API: its ids are one."""

    extendedRequestId = Text(required=True)
    resourceId = Text(required=True)


class HttpEventSchema(RestEventSchema):
    """The event of an HTTP API: a REST API's keys and its version."""

    version = AnyText(required=True, validate=validate.Equal("1.0"))
    requestContext = fields.Nested(HttpRequestContextSchema, required=True)


REST_EVENT, HTTP_EVENT = RestEventSchema(), HttpEventSchema()
