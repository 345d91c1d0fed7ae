"""The shapes of a proxy response, one for each event shape."""

from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, post_load

from berth.model.proxy_response import ProxyResponse
from berth.schemas import fields as strict


class StatusCode(fields.Field[int]):
    """An integer from 200 to 599, or the same as text: API Gateway accepts `"201"`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        number = int(value) if _is_three_digits(value) else value
        if isinstance(number, bool) or not isinstance(number, int) or not 200 <= number <= 599:
            raise ValidationError(f"{strict.described(value)} is not an HTTP status")
        return number


class HeaderText(strict.ScalarText):
    """One header value."""

    wrong = "is not a header value"


def _headers() -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=HeaderText(allow_none=True), allow_none=True)


def _multi_value_headers() -> fields.Dict:
    return fields.Dict(
        keys=fields.String(),
        values=fields.List(HeaderText(allow_none=True)),
        data_key="multiValueHeaders",
        allow_none=True,
    )


class ResponseSchema(Schema):
    """What every shape has: without a status it is malformed, keys that it does not know are passed over."""

    class Meta:
        """marshmallow's own settings."""

        unknown = EXCLUDE

    status_code = StatusCode(data_key="statusCode", required=True)
    body = fields.Raw(allow_none=True)
    is_base64_encoded = strict.Flag(data_key="isBase64Encoded", allow_none=True)

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> ProxyResponse:
        legacy = data.pop("base64_encoded", None)
        given: dict[str, Any] = {name: value for name, value in data.items() if value is not None}
        return ProxyResponse(**({"is_base64_encoded": legacy} if legacy else {}) | given)


class RestResponseSchema(ResponseSchema):
    """A REST API requires nothing; any key but these makes the response malformed (recorded from AWS)."""

    class Meta:
        """marshmallow's own settings."""

        unknown = RAISE

    status_code = StatusCode(data_key="statusCode", allow_none=True)
    headers = _headers()
    multi_value_headers = _multi_value_headers()
    base64_encoded = strict.Flag(data_key="base64Encoded", allow_none=True)  # the key's first spelling


class HttpV1ResponseSchema(ResponseSchema):
    """An HTTP API's, payload format version 1.0."""

    headers = _headers()
    multi_value_headers = _multi_value_headers()


class V2ResponseSchema(ResponseSchema):
    """Payload format version 2.0, of HTTP APIs and function URLs."""

    headers = _headers()
    cookies = fields.List(fields.String(), allow_none=True)


class AlbResponseSchema(ResponseSchema):
    """A load balancer's; `multiValueHeaders` are not looked at."""

    headers = _headers()


class AlbMultiValueResponseSchema(ResponseSchema):
    """A load balancer's with multi-value headers enabled; `headers` are not looked at."""

    multi_value_headers = _multi_value_headers()


REST_RESPONSE = RestResponseSchema()
HTTP_V1_RESPONSE = HttpV1ResponseSchema()
V2_RESPONSE = V2ResponseSchema()
ALB_RESPONSE = AlbResponseSchema()
ALB_MULTI_VALUE_RESPONSE = AlbMultiValueResponseSchema()


def _is_three_digits(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit()
