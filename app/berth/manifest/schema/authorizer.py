"""A stage's authorizers, with API Gateway's own words."""

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from berth.manifest.schema.jwt_configuration import JwtConfigurationSchema, audience, issuer_address
from berth.manifest.schema.keys import OPEN_TEXT, PAYLOAD_VERSIONS, hint
from berth.model.authorizer import (
    CONTEXT_SOURCES,
    JWT_TYPES,
    LAMBDA_TYPES,
    Authorizer,
    IdentitySource,
    TokenIssuer,
)
from berth.model.expression import ExpressionRefused, compile_expression
from berth.model.manifest import AuthorizerManifest, CredentialManifest
from berth.schemas import fields as strict
from berth.schemas.reading import document_keys

_TYPES = ("TOKEN", "REQUEST", "JWT", "COGNITO_USER_POOLS", "AWS_IAM")
# REST APIs write method.request.header.X, HTTP APIs $request.header.X.
_SOURCE = re.compile(
    r"(?:method\.request|\$request)\.(?P<location>header|querystring)\.(?P<name>[A-Za-z0-9._$-]+)"
    r"|\$?(?P<other>stageVariables|context)\.(?P<value>[A-Za-z0-9._-]+)"
)
_USER_POOL = re.compile(
    r"(?:arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/)?(?P<id>(?P<region>[a-z0-9-]+)_[A-Za-z0-9]+)"
)
_LONGEST_TTL = 3600
_AUTHORIZATION = (IdentitySource("header", "Authorization"),)
# The types of authorizers that have a key, by the name of the key's field.
_KEYS = {
    "function": LAMBDA_TYPES,
    "payload_format_version": {"REQUEST"},
    "has_simple_responses": {"REQUEST"},
    "validation_expression": {"TOKEN"},
    "ttl": LAMBDA_TYPES,
    "issuer": JWT_TYPES,
    "audience": {"JWT"},
    "jwt_configuration": {"JWT"},
    "user_pool": {"COGNITO_USER_POOLS"},
    "credentials": {"AWS_IAM"},
}
_REQUIRED = {
    "TOKEN": ("function",),
    "REQUEST": ("function",),
    "COGNITO_USER_POOLS": ("user_pool",),
    "AWS_IAM": ("credentials",),
}


class IdentitySources(fields.Field[tuple[IdentitySource, ...]]):
    """Identity sources: an array, or one text with commas between them."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> tuple[IdentitySource, ...]:
        texts = value.split(",") if isinstance(value, str) else value
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise ValidationError("must be a string such as method.request.header.Authorization, or several")
        return tuple(_source(text.strip()) for text in texts)


def _source(text: str) -> IdentitySource:
    found = _SOURCE.fullmatch(text)
    if found is None or (found["other"] == "context" and found["value"] not in CONTEXT_SOURCES):
        raise ValidationError(f"{text!r} is no identity source that is known")
    return IdentitySource(found["location"] or found["other"], found["name"] or found["value"])


class Expression(strict.Text):
    """A regular expression."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            compile_expression(text)
        except ExpressionRefused as refused:
            raise ValidationError(str(refused)) from refused
        return text


class CredentialSchema(Schema):
    """An access key that may sign requests; an environment variable holds its secret."""

    access_key_id = strict.Pattern(
        "[A-Za-z0-9]{16,128}",
        "is no access key id",
        data_key="accessKeyId",
        required=True,
        metadata=hint("The id that signatures name."),
    )
    environment = strict.Text(
        required=True, metadata=hint("The environment variable that holds the secret key.")
    )
    account_id = strict.Pattern(
        "[0-9]{12}", "is no account id of 12 digits", data_key="accountId", load_default=""
    )
    user_arn = strict.Text(data_key="userArn", load_default="", metadata=hint("The event's userArn."))
    user_id = strict.Text(data_key="userId", load_default="", metadata=hint("The event's user and caller."))

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> CredentialManifest:
        return CredentialManifest(**data)


class AuthorizerSchema(Schema):
    """One authorizer."""

    type = strict.Text(
        required=True,
        validate=validate.OneOf(_TYPES, error=f"'{{input}}' is not one of {', '.join(_TYPES)}"),
        metadata=hint("The kind of authorizer."),
    )
    function = strict.Text(metadata=hint("A function of this app, or the ARN of one elsewhere."))
    identity_sources = IdentitySources(
        data_key="identitySource", metadata=hint("Where a request holds the caller's identity.")
    )
    validation_expression = Expression(
        data_key="identityValidationExpression",
        metadata=hint("A regular expression that a token must fit before the function is asked."),
    )
    ttl = strict.Whole(
        data_key="resultTtlInSeconds",
        validate=validate.Range(0, _LONGEST_TTL, error=f"must be from 0 to {_LONGEST_TTL}"),
        metadata=hint("Seconds an answer counts: 300 for a REST API without it, 0 for an HTTP API."),
    )
    payload_format_version = strict.Text(
        data_key="payloadFormatVersion",
        validate=validate.OneOf(PAYLOAD_VERSIONS, error="'{input}' is neither '1.0' nor '2.0'"),
        metadata=hint("For HTTP APIs: the version of the event, 2.0 without it."),
    )
    has_simple_responses = strict.Flag(
        data_key="enableSimpleResponses", metadata=hint("For HTTP APIs: whether the answer is isAuthorized.")
    )
    issuer = issuer_address()
    audience = audience()
    jwt_configuration = fields.Nested(
        JwtConfigurationSchema,
        data_key="jwtConfiguration",
        metadata=hint("Instead of issuer and audience: a REST API's issuers, with more rules for each."),
    )
    user_pool = strict.Text(data_key="userPool", metadata=hint("The id or ARN of a Cognito user pool."))
    credentials = fields.List(
        fields.Nested(CredentialSchema),
        validate=validate.Length(min=1, error="must name at least one"),
        metadata=hint("The access keys whose signatures count."),
    )

    @validates_schema
    def _fits_its_type(self, data: dict[str, Any], **_: Any) -> None:
        kind = data.get("type")
        names = document_keys(self)
        for name in data.keys() & _KEYS.keys():
            if kind is not None and kind not in _KEYS[name]:
                raise ValidationError(f"does not belong to the type {kind}", names[name])
        for name in _required(data):
            if name not in data:
                raise ValidationError("is required", names[name])
        pool = data.get("user_pool")
        if pool is not None and not re.fullmatch(f"{_USER_POOL.pattern}|{OPEN_TEXT}", pool):
            raise ValidationError(f"{pool!r} is no user pool's id or ARN", "userPool")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> AuthorizerManifest:
        credentials = tuple(data.pop("credentials", ()))
        if data["type"] in JWT_TYPES:
            data.update(_accepted_tokens(data))
        if data["type"] not in {"REQUEST", "AWS_IAM"}:
            data.setdefault("identity_sources", _AUTHORIZATION)
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return AuthorizerManifest(Authorizer(name="", **values), credentials)


def _required(data: dict[str, Any]) -> tuple[str, ...]:
    if data.get("type") != "JWT":
        return _REQUIRED.get(data.get("type", ""), ())
    if "jwt_configuration" not in data:
        return ("issuer", "audience")
    if data.keys() & {"issuer", "audience"}:
        raise ValidationError("replaces issuer and audience", "jwtConfiguration")
    return ()


def _accepted_tokens(data: dict[str, Any]) -> dict[str, Any]:
    """The issuers of an authorizer, and the algorithms where they are said."""
    configuration: dict[str, Any] = data.pop("jwt_configuration", {})
    pool, issuer, audience = data.get("user_pool"), data.pop("issuer", None), data.pop("audience", ())
    if pool is not None:
        issuer = issuer or _issuer_of(pool)
    return configuration or {"issuers": (TokenIssuer(issuer, tuple(audience)),)}


def _issuer_of(pool: str) -> str:
    found = _USER_POOL.fullmatch(pool)
    if found is None:
        return pool  # its name has no value, so the start is refused
    return f"https://cognito-idp.{found['region']}.amazonaws.com/{found['id']}"
