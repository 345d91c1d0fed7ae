"""The name under which a caller's invocations are kept: only the same caller may read their pages."""

import hashlib
import json

from berth.errors import TokenRefused
from berth.gateway.authorizers.identity_source import read_sources
from berth.gateway.authorizers.jwt_authorizer import subject_of
from berth.model.call import Call, Identity


def caller_name(call: Call, identity: Identity) -> str | None:
    """The caller's name, the same for every request of one caller; None where anybody may call.

    Raises TokenRefused if nothing tells the caller from others: a token without a subject, for example.
    """
    parts = [*_authorized(call, identity), *_api_key(identity)]
    return json.dumps(parts) if parts else None


def _authorized(call: Call, identity: Identity) -> list[str]:
    """What an authorizer has found out of the caller."""
    authorizer = call.route.authorizer
    if authorizer is None:
        return []
    if identity.kind in {"jwt", "cognito"}:
        subject = subject_of(identity.claims)
        if subject is None:
            raise TokenRefused("the token has no subject to whom a page could belong")
        return ["token", str(identity.claims.get("iss")), str(subject)]
    if identity.kind == "iam":
        credential = identity.credential
        key = credential.access_key_id if credential else ""
        return ["iam", key or identity.iam.get("accessKey") or identity.iam["userArn"]]
    if identity.principal_id:
        return ["principal", authorizer.name, identity.principal_id]
    # A simple response names no principal, so what the caller proved itself with is its name.
    values = read_sources(authorizer.identity_sources, call)
    if not values:
        raise TokenRefused(f"the authorizer {authorizer.name} names no caller to whom a page could belong")
    return ["source", authorizer.name, hashlib.sha256(json.dumps(values).encode()).hexdigest()]


def _api_key(identity: Identity) -> list[str]:
    return ["key", identity.api_key_id] if identity.api_key_id else []
