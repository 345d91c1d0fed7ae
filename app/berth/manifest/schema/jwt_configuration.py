"""Whose tokens a JWT authorizer accepts, with API Gateway's own words.

https://docs.aws.amazon.com/apigateway/latest/api/API_JwtConfiguration.html
"""

from collections.abc import Iterable
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from berth.manifest.schema.keys import OPEN_TEXT, hint
from berth.model.authorizer import ALGORITHMS, AdditionalClaim, TokenIssuer
from berth.schemas import fields as strict

_ALGORITHMS = [name for names in ALGORITHMS.values() for name in names]
# API Gateway checks these claims by itself.
# https://docs.aws.amazon.com/apigateway/latest/api/API_JwtAdditionalClaim.html
_CHECKED_CLAIMS = ("iss", "aud", "exp", "nbf", "iat", "scope", "scp")
_AT_LEAST_ONE = validate.Length(min=1, error="must name at least one")


def issuer_address(**kwargs: Any) -> strict.Pattern:
    """The address of an issuer, as `iss` in its tokens says."""
    return strict.Pattern(
        rf"https://[^\s?#]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?(/[^\s?#]*)?|{OPEN_TEXT}",
        "is no issuer: https://..., or http:// on this machine",
        metadata=hint("Who issues the tokens, as `iss` says; its keys are found by discovery."),
        **kwargs,
    )


def audience(**kwargs: Any) -> fields.List[Any]:
    """The audiences that are accepted."""
    return fields.List(strict.Text(), validate=_AT_LEAST_ONE, metadata=hint("`aud`."), **kwargs)


class AdditionalClaimSchema(Schema):
    """One more claim of an issuer's tokens."""

    name = strict.Text(
        data_key="claimName",
        required=True,
        validate=validate.NoneOf(_CHECKED_CLAIMS, error="{input!r} is checked anyway"),
        metadata=hint("The name of the claim."),
    )
    format = strict.Text(
        required=True,
        validate=validate.OneOf(["SINGLE_STRING"], error="'{input}' is not SINGLE_STRING"),
        metadata=hint("SINGLE_STRING: the claim is one text."),
    )
    is_required = strict.Flag(
        data_key="required", load_default=False, metadata=hint("Whether a token must have the claim.")
    )
    expected_values = fields.List(
        strict.Text(),
        data_key="expectedValues",
        load_default=list,
        metadata=hint("The values that are accepted; any text without this key."),
    )

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> AdditionalClaim:
        return AdditionalClaim(data["name"], data["is_required"], tuple(data["expected_values"]))


class TokenIssuerSchema(Schema):
    """One issuer whose tokens are accepted."""

    issuer = issuer_address(required=True)
    audiences = audience(required=True)
    additional_claims = fields.List(
        fields.Nested(AdditionalClaimSchema),
        data_key="additionalClaims",
        load_default=list,
        metadata=hint("What else the issuer's tokens must say."),
    )

    @validates_schema
    def _names_are_unique(self, data: dict[str, Any], **_: Any) -> None:
        _refuse_repeated("additionalClaims", (claim.name for claim in data["additional_claims"]))

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> TokenIssuer:
        return TokenIssuer(data["issuer"], tuple(data["audiences"]), tuple(data["additional_claims"]))


class JwtConfigurationSchema(Schema):
    """`jwtConfiguration`: several issuers, and the algorithms of their signatures."""

    issuers = fields.List(fields.Nested(TokenIssuerSchema), required=True, validate=_AT_LEAST_ONE)
    algorithms = fields.List(
        strict.Text(
            validate=validate.OneOf(_ALGORITHMS, error=f"'{{input}}' is not one of {', '.join(_ALGORITHMS)}")
        ),
        data_key="defaultAlgorithms",
        load_default=_ALGORITHMS,
        validate=_AT_LEAST_ONE,
        metadata=hint("The algorithms of signatures that are accepted."),
    )

    @validates_schema
    def _issuers_are_unique(self, data: dict[str, Any], **_: Any) -> None:
        _refuse_repeated("issuers", (each.issuer for each in data["issuers"]))


def _refuse_repeated(key: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValidationError(f"names {name!r} twice", key)
        seen.add(name)
