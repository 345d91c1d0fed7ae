"""Who the caller is, by what a trusted API Gateway has forwarded of the authorizer that it has run.

A value is read only where the route's own authorizer can have produced it, and each kind has a proof
that the authorizer ran for this request; without it the caller is refused.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from berth.errors import TokenRefused, Unauthorized
from berth.gateway.authorizers.identity_source import read_sources
from berth.gateway.authorizers.jwt_authorizer import (
    BEARER,
    identity_of,
    refuse_other_claims,
    subject_of,
    trusted_issuer,
)
from berth.gateway.facts import forwarded_group
from berth.model.authorizer import JWT_TYPES, LAMBDA_TYPES, Authorizer, IamCredential
from berth.model.call import ANONYMOUS, Call, Identity


def forwarded_identity(call: Call) -> Identity:
    """The identity that API Gateway has found; raises Unauthorized or AccessDenied if it forwarded none."""
    authorizer = call.route.authorizer
    if authorizer is None:
        return ANONYMOUS
    if authorizer.type in LAMBDA_TYPES:
        return _of_lambda(call)
    if authorizer.type in JWT_TYPES:
        return _of_token(call, authorizer)
    return _of_signature(call)


def _of_lambda(call: Call) -> Identity:
    forwarded = call.facts.authorization
    principal, context = forwarded.get("principalId", ""), forwarded_group(forwarded, "auth.")
    # A REST API's authorizer has to name a principal; a simple response of an HTTP API has none.
    if not principal and (call.route.function.api.needs_principal or not context):
        raise Unauthorized("the gateway has forwarded nothing of an authorizer")
    return Identity(kind="lambda", principal_id=principal, context=context)


def _of_token(call: Call, authorizer: Authorizer) -> Identity:
    """The identity of the token that API Gateway has verified; the forwarded subject proves it.

    Names with punctuation, such as `cognito:groups`, cannot be mapped into headers. Neither signature
    nor times are looked at again: an answer that API Gateway keeps may outlive its token.
    """
    values = read_sources(authorizer.identity_sources, call)
    claims = read_claims(values[0].removeprefix(BEARER)) if values else {}
    forwarded = call.facts.authorization.get("claims.sub")
    if not forwarded or not _is_subject(call, authorizer, forwarded, subject_of(claims)):
        raise TokenRefused("the token is not the one that the gateway has verified")
    refuse_other_claims(trusted_issuer(authorizer, claims), claims)
    return identity_of(call.route, authorizer, claims)


def _is_subject(call: Call, authorizer: Authorizer, forwarded: str, subject: str | int | None) -> bool:
    """Whether a token's subject is the one that API Gateway has mapped into a header.

    A mapping gets a claim of a REST API's JWT authorizer as JSON, `"alice"` in quotes; others are text.
    """
    if subject is None:
        return False
    if authorizer.type == "JWT" and call.route.function.api.has_typed_claims:
        with suppress(ValueError, RecursionError):
            told = json.loads(forwarded)
            return type(told) is type(subject) and bool(told == subject)
        return False
    return forwarded == str(subject)


def _of_signature(call: Call) -> Identity:
    signer = forwarded_group(call.facts.authorization, "iam.")
    if not signer.get("userArn"):
        raise Unauthorized("the gateway has forwarded nobody who signed")
    user_id = signer.get("user", signer.get("caller", ""))
    credential = IamCredential("", "", signer.get("accountId", ""), signer["userArn"], user_id)
    return Identity(kind="iam", credential=credential, iam=signer)


def read_claims(token: str) -> Mapping[str, Any]:
    """Read the claims of a token without checking its signature; raises TokenRefused if it is not a token."""
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError) as wrong:
        raise TokenRefused("the token cannot be read") from wrong
    if not isinstance(claims, dict):
        raise TokenRefused("the token has no claims")
    return claims
