"""The REST API event shape (payload 1.0), both directions; HTTP APIs' version 1.0 has much of it too."""

from collections.abc import Iterable, Mapping
from typing import Any

from berth.errors import MalformedProxyResponse, MalformedRequest
from berth.model.authorizer import IamCredential
from berth.model.call import Call, Identity
from berth.model.http import HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.model.proxy_response import ProxyResponse
from berth.payload import results, urls
from berth.payload.body import EncodedBody, encode_body, is_binary_type
from berth.payload.caller import rest_authorizer
from berth.payload.headers import (
    CLOUDFRONT,
    canonical_name,
    find_header,
    first_media_type,
    spell_headers,
)
from berth.payload.schema.event_v1 import REST_EVENT
from berth.payload.schema.proxy_response import REST_RESPONSE
from berth.payload.shape import Shape

# Sent by a client and absent from the event (recorded from a regional API).
DROPPED = frozenset(
    """Connection Content-Length Content-MD5 Expect Max-Forwards Proxy-Authenticate Server TE Trailer
    Transfer-Encoding Upgrade WWW-Authenticate""".split()
)
# Spelled so in events, however the client spelled them; an edge API's `Authorization` is CloudFront's doing,
# and a regional API keeps `authorization` (recorded, and reported in aws/aws-sdk-js#2719).
RESPELLED = CLOUDFRONT | frozenset(
    "Host User-Agent X-Amzn-Trace-Id X-Forwarded-For X-Forwarded-Port X-Forwarded-Proto".split()
)
# Returned by a function and given another name, since the gateway sends its own.
REMAPPED = frozenset(
    {"connection", "content-length", "date", "server", "www-authenticate", "x-amzn-requestid"}
)
DEFAULT_CONTENT_TYPE = "application/json"
_NO_IDENTITY: dict[str, Any] = dict.fromkeys(
    """accessKey accountId caller cognitoAuthenticationProvider cognitoAuthenticationType
    cognitoIdentityId cognitoIdentityPoolId principalOrgId sourceIp user userAgent userArn""".split()
)


def build_event(call: Call, identity: Identity) -> Event:
    """Build the proxy event, its twelve keys always present.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    Raises MalformedRequest for a query string that API Gateway refuses.
    """
    request = call.request
    refused = urls.REFUSED.search(request.query)
    if refused:
        raise MalformedRequest(f"the query string holds a plain {refused[0]!r}")
    headers = _event_headers(call)
    content_type = first_media_type(headers.get("Content-Type"))
    return event_of(
        call,
        urls.collapse_leading_slashes(f"{call.facts.base_path}{request.path}"),
        spell_headers(headers, request.lines, RESPELLED),
        urls.decode_rest_query(request.query),
        _request_context(call, headers, identity),
        encode_body(request.body, is_binary_type(content_type, call.route.function.binary_media_types)),
    )


def read_result(call: Call, result: InvocationResult) -> HttpResponse:
    """Read a function's result into the response API Gateway would send.

    Raises FunctionFailed, MalformedProxyResponse or UndecodableBody.
    """
    response = results.read_response(call, result, REST_RESPONSE)
    # API Gateway takes no object, list, number or boolean (reported: vincentsarago/lambda-proxy#59).
    if not isinstance(response.body, str | None) and not call.route.stage.serialize_bodies:
        raise MalformedProxyResponse(call.route.function.name, "body is not a string")
    # Otherwise the base64 text itself is the body.
    is_decoded = response.is_base64_encoded and _accepts_binary(call)
    body = results.decoded_body(call, response) if is_decoded else results.body_bytes(call, response.body)
    return results.http_response(response.status_code, _response_lines(call, response), body)


SHAPE = Shape(build_event, read_result, REST_EVENT, REST_RESPONSE)


def event_of(
    call: Call,
    path: str,
    headers: dict[str, list[str]],
    query: dict[str, list[str]],
    context: dict[str, Any],
    body: EncodedBody,
) -> Event:
    """The keys that events of REST APIs and HTTP APIs have in common: null, never `{}`, where nothing is."""
    request, facts = call.request, call.facts
    return {
        "resource": facts.resource_path,
        "path": path,
        "httpMethod": request.method,
        "headers": urls.last_values(headers) or None,
        "multiValueHeaders": headers or None,
        "queryStringParameters": urls.last_values(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(request.path_parameters) or None,
        "stageVariables": facts.event_variables() or None,
        "requestContext": context,
        "body": body.text,
        "isBase64Encoded": body.is_base64,
    }


def request_context(
    call: Call, identity: dict[str, Any], *, path: str, request_id: str, resource_id: str
) -> dict[str, Any]:
    """The keys of requestContext that REST APIs and HTTP APIs have in common."""
    facts, stamp = call.facts, call.stamp
    return {
        "accountId": facts.account_id,
        "apiId": facts.api_id,
        "domainName": facts.domain_name,
        "domainPrefix": facts.domain_prefix,
        "extendedRequestId": stamp.extended_request_id,
        "httpMethod": call.request.method,
        "identity": identity,
        "path": path,
        "protocol": facts.protocol,
        "requestId": request_id,
        "requestTime": stamp.time,
        "requestTimeEpoch": stamp.epoch_ms,
        "resourceId": resource_id,
        "resourcePath": facts.resource_path,
        "stage": facts.stage,
    }


def identity_keys(call: Call, user_agent: str | None, identity: Identity) -> dict[str, Any]:
    """requestContext.identity: null wherever no authorizer has filled it."""
    keys = _NO_IDENTITY.copy()
    keys["sourceIp"], keys["userAgent"] = call.facts.source_ip, user_agent
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


def _event_headers(call: Call) -> dict[str, list[str]]:
    headers = urls.values_by_name(call.request.headers)
    if not DROPPED.isdisjoint(headers):
        headers = {name: values for name, values in headers.items() if name not in DROPPED}
    if "Authorization" in headers:
        # "API Gateway drops the Authorization header if it is a SigV4 signature".
        values = headers.pop("Authorization")
        unsigned = [value for value in values if not value.startswith("AWS4-HMAC-SHA256")]
        if unsigned:
            headers["Authorization"] = unsigned
    headers["X-Amzn-Trace-Id"] = [call.stamp.trace_header]
    return headers


def _request_context(call: Call, headers: dict[str, list[str]], identity: Identity) -> dict[str, Any]:
    user_agents, facts = headers.get("User-Agent"), call.facts
    context = request_context(
        call,
        identity_keys(call, user_agents[-1] if user_agents else None, identity),
        path=facts.path,
        request_id=call.stamp.request_id,
        resource_id=facts.resource_id,
    )
    context["deploymentId"] = facts.deployment_id
    context.update(rest_authorizer(identity))
    return context


def _response_lines(call: Call, response: ProxyResponse) -> results.Lines:
    lines = results.header_lines(call, _remapped(_merged_headers(response)))
    if not _has_type(response.headers) and not _has_type(response.multi_value_headers):
        lines.append(("Content-Type", DEFAULT_CONTENT_TYPE))
    ids = call.route.function.api.id_headers(call.stamp)
    return [*lines, *ids, ("X-Amzn-Trace-Id", call.stamp.trace_id)]


def _has_type(headers: Mapping[str, object] | None) -> bool:
    """Whether a result names a Content-Type; one of null keeps the default away, too."""
    if not headers:
        return False
    return "Content-Type" in headers or find_header(headers, "content-type") is not None


def _merged_headers(response: ProxyResponse) -> Iterable[tuple[str, str | None]]:
    """Multi values first, then the single one unless it repeats one of them (the documentation's rule)."""
    single, multi = response.headers or {}, response.multi_value_headers or {}
    if not multi:
        return single.items()
    lines = [(name, value) for name, values in multi.items() for value in values]
    for name, value in single.items():
        spelled = find_header(multi, name.lower())
        if spelled is None or value not in multi[spelled]:
            lines.append((spelled or name, value))
    return lines


def _remapped(pairs: Iterable[tuple[str, str | None]]) -> Iterable[tuple[str, str | None]]:
    return [
        (f"x-amzn-Remapped-{canonical_name(name)}" if name.lower() in REMAPPED else name, value)
        for name, value in pairs
    ]


def _accepts_binary(call: Call) -> bool:
    """Only the first media type of Accept counts; the response's own type does not (recorded)."""
    accepts = [value for name, value in call.request.headers if name == "Accept"]
    return is_binary_type(first_media_type(accepts), call.route.function.binary_media_types)
