"""What an event says of the caller: requestContext.authorizer, in each shape."""

from typing import Any

from berth.model.gateway_context import Identity
from berth.payload.claims import http_claims, rest_claims


def rest_authorizer(identity: Identity) -> dict[str, Any]:
    """The key of a REST API; AWS_IAM fills requestContext.identity instead.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    """
    if identity.kind == "lambda":
        own = {"principalId": identity.principal_id, "integrationLatency": identity.latency}
        return {"authorizer": {**identity.context, **own}}
    if identity.kind == "cognito":
        return {"authorizer": {"claims": rest_claims(identity.claims)}}
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
        "accessKey": credential.access_key_id,
        "accountId": credential.account_id,
        "callerId": credential.user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": credential.user_arn,
        "userId": credential.user_id,
    }
