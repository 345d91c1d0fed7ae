"""What an event says of its caller: requestContext.authorizer, in the form of each event shape."""

import json
from collections.abc import Mapping
from contextlib import suppress
from email.utils import formatdate
from typing import Any

from berth.model.call import Identity

_DATES = frozenset({"exp", "iat"})


def rest_authorizer(identity: Identity) -> dict[str, Any]:
    """The key of a REST API; AWS_IAM fills requestContext.identity instead.

    A user pool's claims are text; those of a JWT authorizer keep their JSON types.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-jwt-authorizer-claims.html
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    """
    if identity.kind == "lambda":
        own = {"principalId": identity.principal_id, "integrationLatency": identity.latency}
        return {"authorizer": {**identity.context, **own}}
    if identity.kind == "cognito":
        return {"authorizer": {"claims": rest_claims(identity.claims)}}
    if identity.kind == "jwt":
        return {"authorizer": {"claims": dict(identity.claims)}}
    return {}


def http_v1_authorizer(identity: Identity) -> dict[str, Any]:
    """The key of an HTTP API, payload format version 1.0: a Lambda authorizer's context is flat."""
    if identity.kind == "lambda":
        return {"authorizer": dict(identity.context)}
    return {"authorizer": _jwt(identity)} if identity.kind == "jwt" else {}


def http_v2_authorizer(identity: Identity) -> dict[str, Any]:
    """The key of payload format version 2.0, under the authorizer's kind.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    if identity.kind == "lambda":
        return {"authorizer": {"lambda": dict(identity.context)}}
    if identity.kind == "jwt":
        return {"authorizer": {"jwt": _jwt(identity)}}
    if identity.credential is not None:
        return {"authorizer": {"iam": _iam(identity)}}
    return {}


def _jwt(identity: Identity) -> dict[str, Any]:
    scopes = list(identity.scopes) if identity.scopes else None
    return {"claims": http_claims(identity.claims), "scopes": scopes}


def _iam(identity: Identity) -> dict[str, Any]:
    credential = identity.credential
    assert credential is not None
    return {
        "accessKey": credential.access_key_id or None,
        "accountId": credential.account_id,
        "callerId": credential.user_id,
        "cognitoIdentity": _cognito_identity(identity.iam),
        "principalOrgId": identity.iam.get("principalOrgId"),
        "userArn": credential.user_arn,
        "userId": credential.user_id,
    }


def _cognito_identity(signer: Mapping[str, str]) -> dict[str, Any] | None:
    """The identity of an identity pool whose credentials have signed; API Gateway forwards no `amr`."""
    if "cognitoIdentityId" not in signer:
        return None
    pool = signer.get("cognitoIdentityPoolId")
    return {"amr": None, "identityId": signer["cognitoIdentityId"], "identityPoolId": pool}


def rest_claims(claims: Mapping[str, Any]) -> dict[str, str]:
    """A Cognito authorizer's claims: all text, dates as `Fri Jul 29 18:52:53 UTC 2016`, arrays by commas.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integrate-with-cognito.html
    """
    return {name: _rest_text(name, value) for name, value in claims.items()}


def http_claims(claims: Mapping[str, Any]) -> dict[str, str]:
    """A JWT authorizer's claims: all text, arrays as `[a b]` (reported)."""
    return {name: _http_text(value) for name, value in claims.items()}


def _rest_text(name: str, value: Any) -> str:
    if name in _DATES and isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):  # not every number is a date
            return _date(value)
    if isinstance(value, list):
        return ",".join(map(_plain, value))
    return _plain(value)


def _http_text(value: Any) -> str:
    return f"[{' '.join(map(_plain, value))}]" if isinstance(value, list) else _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _date(epoch_seconds: float) -> str:
    """From `Fri, 29 Jul 2016 18:52:53 GMT`."""
    day, number, month, year, clock, _ = formatdate(int(epoch_seconds), usegmt=True).replace(",", "").split()
    return f"{day} {month} {number} {clock} UTC {year}"
