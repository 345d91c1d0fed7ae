"""Who the caller is by what a trusted API Gateway tells: it has run the authorizer.

A value is read only where the route's own authorizer can have produced it, and each kind has a proof
that the authorizer ran for this request; without it the caller is refused.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from berth.errors import Unauthorized
from berth.gateway.authorizers.identity_source import read_sources
from berth.gateway.authorizers.jwt_authorizer import BEARER, identity_of, refuse_other_audience
from berth.model.authorizer import JWT_TYPES, LAMBDA_TYPES, Authorizer, IamCredential
from berth.model.gateway_context import ANONYMOUS, Identity, Stamp
from berth.model.http import HttpRequest
from berth.model.route import Route
from berth.payload.told import told_group


def told_identity(route: Route, request: HttpRequest, stamp: Stamp) -> Identity:
    """The identity that API Gateway found; raises Unauthorized or AccessDenied if it has told none."""
    authorizer = route.authorizer
    if authorizer is None:
        return ANONYMOUS
    if authorizer.type in LAMBDA_TYPES:
        return _of_lambda(route, request.context)
    if authorizer.type in JWT_TYPES:
        return _of_token(route, authorizer, request, stamp)
    return _of_signature(request.context)


def _of_lambda(route: Route, context: Mapping[str, str]) -> Identity:
    principal, own = context.get("principalId", ""), told_group(context, "auth.")
    # A REST API's authorizer has to name a principal; a simple response of an HTTP API has none.
    if not principal and (route.function.api == "rest" or not own):
        raise Unauthorized("the gateway tells nothing of an authorizer")
    return Identity(kind="lambda", principal_id=principal, context=own)


def _of_token(route: Route, authorizer: Authorizer, request: HttpRequest, stamp: Stamp) -> Identity:
    """The claims of the token that API Gateway has verified; the subject proves that it was this one.

    Names with punctuation, such as `cognito:groups`, cannot be mapped into headers. Neither signature
    nor times are looked at again: an answer that API Gateway keeps may outlive its token.
    """
    values = read_sources(authorizer.identity_sources, route, request, stamp)
    claims = read_claims(values[0].removeprefix(BEARER)) if values else {}
    subject = request.context.get("claims.sub")
    if not subject or claims.get("sub") != subject:
        raise Unauthorized("the token is not the one that the gateway has verified")
    if claims.get("iss") != authorizer.issuer:
        raise Unauthorized("the token is another issuer's")
    refuse_other_audience(authorizer, claims)
    return identity_of(route, authorizer, claims)


def _of_signature(context: Mapping[str, str]) -> Identity:
    told = told_group(context, "iam.")
    if not told.get("userArn"):
        raise Unauthorized("the gateway tells nobody who signed")
    credential = IamCredential(
        "", "", told.get("accountId", ""), told["userArn"], told.get("user", told.get("caller", ""))
    )
    return Identity(kind="iam", credential=credential, iam=told)


def read_claims(token: str) -> Mapping[str, Any]:
    """The claims of a token, its signature not looked at; raises Unauthorized for what is no token."""
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError) as wrong:
        raise Unauthorized("the token is none") from wrong
    if not isinstance(claims, dict):
        raise Unauthorized("the token has no claims")
    return claims
