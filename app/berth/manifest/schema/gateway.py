"""What a stage says about its gateway: whether it is trusted, CORS and API keys."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from berth.manifest.schema.keys import STAGE_VARIABLE_NAME, hint
from berth.model.cors import Cors
from berth.model.manifest import ApiKeyManifest, GatewayManifest, SecretManifest
from berth.model.route import METHODS
from berth.schemas import fields as strict

# https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid.html#apis-apiid-model-cors
_ORIGIN = r"(\*|https?://\*|[a-z][a-z0-9+.-]*://[^/*\s]+)"
_HEADER = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_DAY = 86_400


def _texts(pattern: str, wrong: str, key: str, about: str, **kwargs: Any) -> fields.List[Any]:
    return fields.List(
        strict.Pattern(pattern, wrong), data_key=key, allow_none=False, metadata=hint(about), **kwargs
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
    allow_credentials = strict.Flag(
        data_key="allowCredentials", metadata=hint("Whether cookies and Authorization may come along.")
    )
    max_age = strict.Whole(
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

    id = strict.Pattern(
        "[a-zA-Z0-9_.-]+",
        "is no key id: letters, digits, . _ and - only",
        required=True,
        metadata=hint("What requestContext.identity.apiKeyId says."),
    )
    sha256 = strict.Pattern(
        "[0-9a-fA-F]{64}",
        "is no SHA-256 in hexadecimal",
        load_default=None,
        metadata=hint("The SHA-256 of the key, in hexadecimal."),
    )
    environment = strict.Text(
        load_default=None, metadata=hint("The environment variable that holds the key.")
    )

    @validates_schema
    def _one_source(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("sha256") is None) is (data.get("environment") is None):
            raise ValidationError("needs either sha256 or environment")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> ApiKeyManifest:
        return ApiKeyManifest(**data)


class SecretSchema(Schema):
    """Where a secret is: in an environment variable or in a file, never in the manifest."""

    environment = strict.Text(load_default=None, metadata=hint("An environment variable."))
    file = strict.Text(load_default=None, metadata=hint("A file, such as a mounted secret."))

    @validates_schema
    def _one_place(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("environment") is None) is (data.get("file") is None):
            raise ValidationError("needs either environment or file")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> SecretManifest:
        return SecretManifest(**data)


class GatewaySchema(Schema):
    """A stage's `gateway`: whether it is trusted to describe requests in headers."""

    trust = strict.Text(
        required=True,
        validate=validate.OneOf(["none", "token"], error="'{input}' is neither 'none' nor 'token'"),
        metadata=hint("'token': context headers are believed of whoever brings a token."),
    )
    prefix = fields.Nested(
        SecretSchema, metadata=hint("The prefix of the headers, which nobody else can guess.")
    )
    tokens = fields.List(
        fields.Nested(SecretSchema),
        validate=validate.Length(1, 2, error="must be one token, or two while one takes the other's place"),
        metadata=hint("The tokens that are valid."),
    )
    variables = fields.List(
        strict.Pattern(STAGE_VARIABLE_NAME, "is not a stage variable's name: 1 to 64 letters, digits or _"),
        load_default=list,
        metadata=hint("The stage variables in the headers Var-1, Var-2, ..."),
    )
    context = fields.List(
        strict.Pattern("[a-zA-Z0-9_]{1,128}", "is no key that can be mapped: letters, digits and _ only"),
        load_default=list,
        metadata=hint("The authorizer's context in the headers Auth-1, Auth-2, ..."),
    )

    @validates_schema
    def _fits_its_trust(self, data: dict[str, Any], **_: Any) -> None:
        given = data.keys() & {"prefix", "tokens"}
        if data.get("trust") == "token" and len(given) < 2:
            raise ValidationError("needs prefix and tokens where trust is 'token'")
        if data.get("trust") == "none" and (given or data.get("variables") or data.get("context")):
            raise ValidationError("has no other key where trust is 'none'")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> GatewayManifest | None:
        if data["trust"] == "none":
            return None
        listed = {name: tuple(data[name]) for name in ("tokens", "variables", "context")}
        return GatewayManifest(prefix=data["prefix"], **listed)
