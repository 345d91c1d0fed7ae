"""Who may call: security schemes for the authorizers of a stage, and what each operation requires."""

from collections.abc import Mapping
from typing import Any

from berth.model.authorizer import JWT_TYPES, Authorizer, IdentitySource
from berth.model.route import Route
from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.openapi.references import References, used_authorizers

API_KEY = "api.key"  # no authorizer's name has a dot
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_AUTH_TYPE = "x-amazon-apigateway-authtype"
_Scheme = dict[str, Any]


def security_schemes(deployment: Deployment, references: References, *, is_rest: bool) -> dict[str, _Scheme]:
    """A scheme for each authorizer that API Gateway runs, and one for API keys where a route asks for one.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
    """
    build = _rest_scheme if is_rest else _http_scheme
    schemes = {each.name: build(each, references) for each in used_authorizers(deployment)}
    asks_key = any(route.method_request.api_key_required for route in deployment.routes)
    if deployment.runs_authorizers and asks_key:
        schemes[API_KEY] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    return schemes


def security_of(deployment: Deployment, route: Route) -> list[dict[str, list[str]]]:
    """What an operation requires, all at once; nothing where Berth runs the authorizers itself."""
    if not deployment.runs_authorizers:
        return []
    required: dict[str, list[str]] = {}
    if route.authorizer is not None:
        required[route.authorizer.name] = list(route.scopes)
    if route.method_request.api_key_required:
        required[API_KEY] = []
    return [required] if required else []


def _rest_scheme(authorizer: Authorizer, references: References) -> _Scheme:
    sources = authorizer.identity_sources
    own: dict[str, Any]
    if authorizer.type == "AWS_IAM":
        return _in_header("Authorization", {_AUTH_TYPE: "awsSigv4"})
    if authorizer.type == "COGNITO_USER_POOLS":
        own = {"type": "cognito_user_pools", "providerARNs": [references.user_pool_arn(authorizer)]}
        return _in_header(sources[0].name, {_AUTH_TYPE: "cognito_user_pools", _AUTHORIZER: own})
    written = ", ".join(map(_rest_source, sources))
    if authorizer.type == "JWT":
        own = {"type": "jwt", "identitySource": written, "jwtConfiguration": _issuers(authorizer)}
        return _in_header(sources[0].name, {_AUTH_TYPE: "jwt", _AUTHORIZER: own})
    own = {"type": authorizer.type.lower(), "authorizerUri": references.authorizer_uri(authorizer)}
    if authorizer.type == "REQUEST" and written:
        own["identitySource"] = written
    if authorizer.validation_expression is not None:
        own["identityValidationExpression"] = authorizer.validation_expression
    if authorizer.ttl is not None:
        own["authorizerResultTtlInSeconds"] = authorizer.ttl
    # The name says where a TOKEN authorizer finds its token, and nothing to one of the type REQUEST.
    name = sources[0].name if authorizer.type == "TOKEN" else "Unused"
    return _in_header(name, {_AUTH_TYPE: "custom", _AUTHORIZER: own})


def _http_scheme(authorizer: Authorizer, references: References) -> _Scheme:
    sources = [_http_source(source) for source in authorizer.identity_sources]
    own: dict[str, Any]
    if authorizer.type == "AWS_IAM":
        return _in_header("Authorization", {_AUTH_TYPE: "awsSigv4"})
    if authorizer.type in JWT_TYPES:
        issuer = authorizer.issuers[0]
        configuration = {"issuer": issuer.issuer, "audience": list(issuer.audience)}
        own = {"type": "jwt", "identitySource": ", ".join(sources), "jwtConfiguration": configuration}
        discovery = f"{issuer.issuer.rstrip('/')}/.well-known/openid-configuration"
        return {"type": "openIdConnect", "openIdConnectUrl": discovery, _AUTHORIZER: own}
    own = {
        "type": "request",
        "authorizerUri": references.authorizer_uri(authorizer),
        "authorizerPayloadFormatVersion": authorizer.payload_format_version,
        "authorizerResultTtlInSeconds": authorizer.ttl or 0,
    }
    if authorizer.has_simple_responses:
        own["enableSimpleResponses"] = True
    if sources:
        own["identitySource"] = ", ".join(sources)
    return _in_header("Authorization", {_AUTHORIZER: own})


def _in_header(name: str, extensions: Mapping[str, Any]) -> _Scheme:
    return {"type": "apiKey", "name": name, "in": "header", **extensions}


def _rest_source(source: IdentitySource) -> str:
    is_parameter = source.location in {"header", "querystring"}
    return f"{'method.request.' if is_parameter else ''}{source.location}.{source.name}"


def _http_source(source: IdentitySource) -> str:
    is_parameter = source.location in {"header", "querystring"}
    return f"${'request.' if is_parameter else ''}{source.location}.{source.name}"


def _issuers(authorizer: Authorizer) -> dict[str, Any]:
    """A REST API's configuration of a JWT authorizer.

    https://docs.aws.amazon.com/apigateway/latest/api/API_JwtConfiguration.html
    """
    issuers = []
    for each in authorizer.issuers:
        issuer: dict[str, Any] = {"issuer": each.issuer, "audiences": list(each.audience)}
        if each.additional_claims:
            issuer["additionalClaims"] = [
                {
                    "claimName": claim.name,
                    "format": "SINGLE_STRING",
                    "required": claim.is_required,
                    **({"expectedValues": list(claim.expected_values)} if claim.expected_values else {}),
                }
                for claim in each.additional_claims
            ]
        issuers.append(issuer)
    return {"issuers": issuers, "defaultAlgorithms": list(authorizer.algorithms)}
