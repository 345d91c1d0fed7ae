"""The response shape of a REST API's proxy integration (payload 1.0)."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from app.model.proxy_response import ProxyResponse
from app.schemas.fields import Flag, described
from app.schemas.reading import read


class StatusCode(fields.Field[int]):
    """An integer from 200 to 599, or the same as text: API Gateway accepts `"201"`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        number = int(value) if _is_three_digits(value) else value
        if isinstance(number, bool) or not isinstance(number, int) or not 200 <= number <= 599:
            raise ValidationError(f"{described(value)} is not an HTTP status")
        return number


class HeaderText(fields.Field[str]):
    """One header value: text, or a boolean or number as its JSON text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, str | int | float):
            raise ValidationError(f"{described(value)} is not a header value")
        return str(value)


class ProxyResponseSchema(Schema):
    """Nothing is required; any key but these makes the response malformed (recorded from AWS)."""

    status_code = StatusCode(data_key="statusCode", allow_none=True)
    headers = fields.Dict(keys=fields.String(), values=HeaderText(allow_none=True), allow_none=True)
    multi_value_headers = fields.Dict(
        keys=fields.String(),
        values=fields.List(HeaderText(allow_none=True)),
        data_key="multiValueHeaders",
        allow_none=True,
    )
    body = fields.Raw(allow_none=True)
    is_base64_encoded = Flag(data_key="isBase64Encoded", allow_none=True)
    base64_encoded = Flag(data_key="base64Encoded", allow_none=True)  # the key's first spelling

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> ProxyResponse:
        legacy = data.pop("base64_encoded", None)
        given: dict[str, Any] = {name: value for name, value in data.items() if value is not None}
        return ProxyResponse(**({"is_base64_encoded": legacy} if legacy else {}) | given)


_SCHEMA = ProxyResponseSchema()


def load_proxy_response(document: Any) -> ProxyResponse:
    """Load a function's result; raises MalformedDocument saying what is malformed."""
    response: ProxyResponse = read(_SCHEMA, document)
    return response


def _is_three_digits(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit()
