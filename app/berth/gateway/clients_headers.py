"""The headers that a client has sent, out of those that API Gateway and a load balancer have made of them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

import re

from berth.gateway.trusted_context import Context
from berth.model.api_kind import REST, ApiKind
from berth.model.http import Headers

_TOLD = {"Host": "domainName", "User-Agent": "userAgent", "Via": "via"}
# API Gateway puts its own in their place, or adds them.
_REPLACED = frozenset({"Host", "User-Agent", "X-Amzn-Apigateway-Api-Id"})
# A load balancer that gets a trace with a root adds an id of its own.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
_SELF = re.compile(r"(?:^|(?<=;))\s*Self=[^;]*(?:;|$)")


# A REST API sends it where the client has sent no Accept in any spelling; so this spelling is its own.
_MADE_UP = ("Accept", "application/json")


def clients_headers(headers: Headers, lines: Headers, kind: ApiKind, context: Context) -> Headers:
    """The header lines as API Gateway would have handed them to a function, by what it has forwarded.

    Names in `headers` are in their canonical form, and in `lines` as they were sent on. API Gateway is called
    through TLS alone.
    """
    told = {name: context[field] for name, field in _TOLD.items() if context.get(field)}
    if "sourceIp" in context:
        told["X-Forwarded-For"] = context.get("forwardedFor") or context["sourceIp"]
        told |= {"X-Forwarded-Port": "443", "X-Forwarded-Proto": "https"}
    kept = [line for line in headers if line[0] not in _REPLACED and line[0] not in told]
    if context.get("apiKind") == REST.name and "accept" not in context and _MADE_UP in lines:
        kept.remove(_MADE_UP)
    if kind is not REST:
        kept = [line for line in map(_without_gateway, kept) if line != ("Forwarded", "")]
    return [*told.items(), *kept]


def clients_trace(header: str | None) -> str | None:
    """The trace header as API Gateway has sent it, without what the load balancer has added."""
    return _SELF.sub("", header).rstrip("; ") if header else header


def _without_gateway(line: tuple[str, str]) -> tuple[str, str]:
    """A header line of an HTTP API; of Forwarded without its last entry, which API Gateway has added."""
    name, value = line
    return (name, value.rpartition(",")[0].rstrip()) if name == "Forwarded" else line
