"""The events of payload format version 1.0: exactly twelve keys, null where there is nothing.

Keys AWS adds are kept, so that events recorded elsewhere load as well.
"""

from typing import Any

from marshmallow import fields, validate

from berth.schemas import fields as strict


def _value_map(**kwargs: Any) -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True, required=True, **kwargs)


def _list_map() -> fields.Dict:
    return fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), allow_none=True, required=True
    )


class IdentitySchema(strict.AwsSchema):
    """requestContext.identity: null wherever an authorizer would have filled it."""

    sourceIp = strict.Text(required=True)
    userAgent = fields.String(allow_none=True)


class RequestContextSchema(strict.AwsSchema):
    """requestContext; an event of the console's test button lacks all that is not required here."""

    accountId = strict.Text(required=True)
    apiId = strict.Text(required=True)
    httpMethod = strict.Text(required=True)
    identity = fields.Nested(IdentitySchema, required=True)
    path = strict.ClientText(required=True)  # an HTTP API's is decoded
    protocol = strict.Text()
    requestId = strict.Text(required=True)
    requestTime = strict.Text()
    requestTimeEpoch = strict.Whole()
    resourcePath = strict.Text(required=True)
    stage = strict.Text(required=True)


class RestEventSchema(strict.AwsSchema):
    """The whole event."""

    resource = strict.Text(required=True)
    path = strict.Text(required=True)
    httpMethod = strict.Text(required=True)
    headers = _value_map()
    multiValueHeaders = _list_map()
    queryStringParameters = _value_map()
    multiValueQueryStringParameters = _list_map()
    pathParameters = _value_map()
    stageVariables = _value_map()
    requestContext = fields.Nested(RequestContextSchema, required=True)
    body = fields.String(required=True, allow_none=True)
    isBase64Encoded = strict.Flag(required=True)


class HttpRequestContextSchema(RequestContextSchema):
    """requestContext of an HTTP API: its ids are one."""

    extendedRequestId = strict.Text(required=True)
    resourceId = strict.Text(required=True)


class HttpEventSchema(RestEventSchema):
    """The event of an HTTP API: a REST API's keys and its version."""

    version = strict.AnyText(required=True, validate=validate.Equal("1.0"))
    requestContext = fields.Nested(HttpRequestContextSchema, required=True)


REST_EVENT, HTTP_EVENT = RestEventSchema(), HttpEventSchema()
