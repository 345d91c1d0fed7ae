"""What REST APIs and HTTP APIs share of payload 1.0."""

from typing import Any

from berth.model.authorizer import IamCredential
from berth.model.gateway_context import Identity, Stamp
from berth.model.http import HttpRequest
from berth.payload.body import EncodedBody
from berth.payload.query import last_values

_NO_IDENTITY = dict.fromkeys(
    """accessKey accountId caller cognitoAuthenticationProvider cognitoAuthenticationType
    cognitoIdentityId cognitoIdentityPoolId principalOrgId user userArn""".split()
)


def request_keys(
    request: HttpRequest, headers: dict[str, list[str]], query: dict[str, list[str]]
) -> dict[str, Any]:
    """Method, headers and query string; null, never `{}`, where there is nothing."""
    return {
        "httpMethod": request.method,
        "headers": last_values(headers) or None,
        "multiValueHeaders": headers or None,
        "queryStringParameters": last_values(query) or None,
        "multiValueQueryStringParameters": query or None,
    }


def body_keys(body: EncodedBody) -> dict[str, Any]:
    """An event's body; null when it was empty."""
    return {"body": body.text, "isBase64Encoded": body.is_base64}


def request_context(request: HttpRequest, stamp: Stamp) -> dict[str, Any]:
    """The keys of requestContext that change from request to request, in both kinds of API."""
    return {
        "domainName": request.host,
        "domainPrefix": request.host.split(".", 1)[0],
        "extendedRequestId": stamp.extended_request_id,
        "httpMethod": request.method,
        "protocol": request.protocol,
        "requestTime": stamp.time,
        "requestTimeEpoch": stamp.epoch_ms,
    }


def identity_keys(request: HttpRequest, user_agent: str | None, identity: Identity) -> dict[str, Any]:
    """requestContext.identity: null wherever no authorizer has filled it."""
    keys = _NO_IDENTITY | {"sourceIp": request.source_ip, "userAgent": user_agent}
    if identity.api_key is not None:
        keys |= {"apiKey": identity.api_key, "apiKeyId": identity.api_key_id}
    if identity.credential is not None:
        keys |= {**_iam_keys(identity.credential), **identity.iam}
    return keys


def _iam_keys(credential: IamCredential) -> dict[str, Any]:
    """Who signed, as AWS_IAM fills it in."""
    return {
        "accessKey": credential.access_key_id or None,
        "accountId": credential.account_id or None,
        "caller": credential.user_id or None,
        "user": credential.user_id or None,
        "userArn": credential.user_arn or None,
    }
