"""What API Gateway makes of the results of authorizers, which tests say instead of asking anybody."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.errors import AccessDenied, Forbidden, Unauthorized


@dataclass(frozen=True)
class Callers:
    """Who calls, by the names of security schemes; without an entry a caller has no valid identity.

    A Lambda authorizer's entry is its context with `principalId`, a token's its claims, and a signature's
    what API Gateway knows of the signer. `api_keys` has the ids of keys.
    """

    by_scheme: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    api_keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Authorization:
    """What an authorizer and an API key add to the context."""

    authorizer: Mapping[str, Any] | None = None
    identity: Mapping[str, str] = field(default_factory=dict)


def authorize(
    document: Mapping[str, Any], operation: Mapping[str, Any], headers: Mapping[str, str], callers: Callers
) -> Authorization:
    """Authorize a request; raises Unauthorized, AccessDenied or Forbidden."""
    authorizer, identity = None, {}
    for requirement in operation.get("security", ()):
        for name, scopes in requirement.items():
            scheme = document["components"]["securitySchemes"][name]
            if scheme.get("name") == "x-api-key":
                identity |= _api_key(headers, callers)
            elif scheme.get("x-amazon-apigateway-authtype") == "awsSigv4":
                identity |= _caller(callers, name)
            else:
                authorizer = _authorizer(scheme, _caller(callers, name), scopes)
    return Authorization(authorizer, identity)


def _caller(callers: Callers, name: str) -> Mapping[str, Any]:
    if name not in callers.by_scheme:
        raise Unauthorized(f"nobody for {name}")
    return callers.by_scheme[name]


def _api_key(headers: Mapping[str, str], callers: Callers) -> dict[str, str]:
    key = next((value for name, value in headers.items() if name.lower() == "x-api-key"), "")
    if key not in callers.api_keys:
        raise Forbidden("no valid API key")
    return {"apiKey": key, "apiKeyId": callers.api_keys[key]}


def _authorizer(scheme: Mapping[str, Any], caller: Mapping[str, Any], scopes: list[str]) -> Mapping[str, Any]:
    kind = scheme["x-amazon-apigateway-authorizer"]["type"]
    if kind in {"token", "request"}:
        return caller
    is_typed = scheme.get("x-amazon-apigateway-authtype") == "jwt"  # a REST API maps such claims as JSON
    if scopes and not {*scopes} & {*str(caller.get("scope", "")).split()}:
        raise AccessDenied("none of the scopes")
    return {"claims": {name: json.dumps(value) if is_typed else value for name, value in caller.items()}}
