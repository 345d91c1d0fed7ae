"""The events of a load balancer's Lambda target: single or multi-value maps, never both, never null."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from berth.schemas import fields as strict
from berth.schemas.reading import MISSING

_SINGLE = {"queryStringParameters", "headers"}
_MULTI = {"multiValueQueryStringParameters", "multiValueHeaders"}


def _value_map() -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.String(), allow_none=False)


def _list_map() -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.List(fields.String()), allow_none=False)


class ElbSchema(strict.AwsSchema):
    """requestContext.elb."""

    targetGroupArn = strict.Text(required=True)


class RequestContextSchema(strict.AwsSchema):
    """requestContext."""

    elb = fields.Nested(ElbSchema, required=True)


class AlbEventSchema(strict.AwsSchema):
    """The whole event."""

    requestContext = fields.Nested(RequestContextSchema, required=True)
    httpMethod = strict.Text(required=True)
    path = strict.Text(required=True)
    queryStringParameters = _value_map()
    headers = _value_map()
    multiValueQueryStringParameters = _list_map()
    multiValueHeaders = _list_map()
    body = fields.String(required=True)
    isBase64Encoded = strict.Flag(required=True)

    @validates_schema
    def _one_kind_of_maps(self, data: dict[str, Any], **_: Any) -> None:
        if _SINGLE & data.keys() and _MULTI & data.keys():
            raise ValidationError("must have both single-value maps or both multi-value maps, and no other")
        wanted = _MULTI if _MULTI & data.keys() else _SINGLE
        if lacking := sorted(wanted - data.keys()):
            raise ValidationError({key: [MISSING] for key in lacking})


ALB_EVENT = AlbEventSchema()
