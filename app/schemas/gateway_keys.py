"""What a stage says about its gateway: CORS and API keys."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from app.model.cors import Cors
from app.model.manifest import ApiKeyManifest
from app.model.route import METHODS
from app.schemas.fields import Flag, Pattern, Text, Whole
from app.schemas.manifest_keys import hint

# https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid.html#apis-apiid-model-cors
_ORIGIN = r"(\*|https?://\*|[a-z][a-z0-9+.-]*://[^/*\s]+)"
_HEADER = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_DAY = 86_400


def _texts(pattern: str, wrong: str, key: str, about: str, **kwargs: Any) -> fields.List[Any]:
    return fields.List(
        Pattern(pattern, wrong), data_key=key, allow_none=False, metadata=hint(about), **kwargs
    )


class CorsSchema(Schema):
    """A stage's `cors`, with the field names of HTTP APIs and function URLs."""

    allow_origins = _texts(
        _ORIGIN,
        "is no origin: *, https://*, http://* or scheme://host[:port]",
        "allowOrigins",
        "Origins that may call: *, https://*, http://*, or one such as https://www.example.com.",
        required=True,
        validate=validate.Length(min=1, error="must name at least one origin"),
    )
    allow_methods = _texts(
        rf"(\*|{'|'.join(METHODS)})", "is no HTTP method and not *", "allowMethods", "Methods they may use."
    )
    allow_headers = _texts(_HEADER, "is no header name", "allowHeaders", "Request headers they may send.")
    expose_headers = _texts(_HEADER, "is no header name", "exposeHeaders", "Response headers they may read.")
    allow_credentials = Flag(
        data_key="allowCredentials", metadata=hint("Whether cookies and Authorization may come along.")
    )
    max_age = Whole(
        data_key="maxAge",
        validate=validate.Range(0, _DAY, error=f"must be from 0 to {_DAY} seconds"),
        metadata=hint("Seconds a browser may remember a preflight's answer."),
    )

    @validates_schema
    def _credentials_need_origins(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("allow_credentials") and "*" in data.get("allow_origins", ()):
            wrong = (
                "cannot be true while allowOrigins has *: no browser accepts that, and API Gateway refuses it"
            )
            raise ValidationError(wrong, "allowCredentials")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Cors:
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return Cors(**values)


class ApiKeySchema(Schema):
    """One of a stage's `apiKeys`: never the key itself."""

    id = Pattern(
        "[a-zA-Z0-9_.-]+",
        "is no key id: letters, digits, . _ and - only",
        required=True,
        metadata=hint("What requestContext.identity.apiKeyId says."),
    )
    sha256 = Pattern(
        "[0-9a-fA-F]{64}",
        "is no SHA-256 in hexadecimal",
        load_default=None,
        metadata=hint("The SHA-256 of the key, in hexadecimal."),
    )
    environment = Text(load_default=None, metadata=hint("The environment variable that holds the key."))

    @validates_schema
    def _one_source(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("sha256") is None) is (data.get("environment") is None):
            raise ValidationError("needs either sha256 or environment")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> ApiKeyManifest:
        return ApiKeyManifest(**data)
