"""The request that an event stands for, as its client sent it."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from berth.comparison.exchange import SentRequest
from berth.model import api_kind
from berth.model.stage import DEFAULT_STAGE, stage_path
from berth.payload.schema.event import claimed_kind
from berth.payload.urls import strip_prefix

# What gateways add; the gateway of each side adds its own.
_OF_GATEWAYS = ("x-forwarded-", "x-amzn-", "cloudfront-", "x-amz-cf-")
_ALSO_OF_GATEWAYS = frozenset({"via", "forwarded"})
_IN_PATHS = "/:@!$&'()*+,;=-._~"


def event_method(event: Any) -> str | None:
    """The HTTP method of the request that an event stands for; None if it stands for none."""
    if not isinstance(event, dict):
        return None
    context = event.get("requestContext")
    inner = context.get("http") if isinstance(context, dict) else None
    method = inner.get("method") if isinstance(inner, dict) else event.get("httpMethod")
    return method.upper() if isinstance(method, str) and method else None


def request_of_event(event: Mapping[str, Any]) -> SentRequest | None:
    """The request of an event, without what the gateway has added; None if the event stands for none."""
    kind, method = claimed_kind(event), event_method(event)
    if kind is None or method is None:
        return None
    path, query = _target_parts(event, kind)
    headers = [(name, value) for name, value in _header_lines(event) if not is_of_gateway(name)]
    return SentRequest(method, f"{path}?{query}" if query else path, headers, _body(event))


def is_of_gateway(name: str) -> bool:
    """Whether a header was added by a gateway."""
    lower = name.lower()
    return lower.startswith(_OF_GATEWAYS) or lower in _ALSO_OF_GATEWAYS


def _target_parts(event: Mapping[str, Any], kind: api_kind.ApiKind) -> tuple[str, str]:
    """The path without the stage, and the query, both encoded."""
    if kind in (api_kind.HTTP_2, api_kind.URL):
        path = str(event.get("rawPath") or "/")
        stage = str((event.get("requestContext") or {}).get("stage") or DEFAULT_STAGE)
        path = strip_prefix(path, stage_path(stage)) or path
        encoded = quote(path, safe=_IN_PATHS) if kind.matches_decoded_path else path
        return encoded, str(event.get("rawQueryString") or "")
    path = quote(str(event.get("path") or "/"), safe=f"{_IN_PATHS}%")
    pairs = list(_query_pairs(event))
    if kind is api_kind.ALB:  # the only kind whose values are as they were sent
        return path, "&".join(f"{key}={value}" for key, value in pairs)
    return path, urlencode(pairs)


def _query_pairs(event: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    return _pairs(event, "multiValueQueryStringParameters", "queryStringParameters")


def _header_lines(event: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    return _pairs(event, "multiValueHeaders", "headers")


def _pairs(event: Mapping[str, Any], many: str, single: str) -> Iterator[tuple[str, str]]:
    given = event.get(many) or event.get(single)
    for name, value in given.items() if isinstance(given, dict) else ():
        values = value if isinstance(value, list) else [value]
        yield from ((str(name), str(each)) for each in values if each is not None)


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body")
    if not isinstance(body, str):
        return b""
    if event.get("isBase64Encoded") is True:
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            pass
    return body.encode("utf-8", "surrogatepass")
