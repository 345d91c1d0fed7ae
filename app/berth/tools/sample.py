"""Sample events: what an API would send for a request, without one."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from berth.gateway.facts import gateway_facts
from berth.manifest.building import build_function, build_stage
from berth.manifest.schema.manifest import read_function_manifest, read_stage_manifest
from berth.model import api_kind
from berth.model.call import ANONYMOUS, Call
from berth.model.http import HttpRequest
from berth.model.invocation import Event
from berth.model.route import DEFAULT_ROUTE, Route, RouteKey
from berth.model.stamp import Stamp
from berth.payload.by_kind import SHAPES
from berth.payload.headers import canonical_name
from berth.payload.urls import decode_path, split_target
from berth.settings import Settings

_MULTI = "alb-multi"  # a load balancer's event with multi-value headers
# The kind of API behind the name of each shape.
SAMPLE_SHAPES: Mapping[str, api_kind.ApiKind] = {
    **{kind.shape: kind for kind in (api_kind.REST, api_kind.HTTP_1, api_kind.HTTP_2, api_kind.ALB)},
    _MULTI: api_kind.ALB,
    api_kind.URL.shape: api_kind.URL,
}
_API_ID = "a1b2c3d4e5"
_HOST = f"{_API_ID}.execute-api.us-east-1.amazonaws.com"
_URL_HOST = f"{_API_ID}.lambda-url.us-east-1.on.aws"
_TRACE = "Root=1-6553f100-0123456789abcdef01234567"
_ADDRESS = "203.0.113.10"
_FORWARDED = {"X-Forwarded-For": _ADDRESS, "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https"}
_STAMP = Stamp(
    request_id="0f5c2a8e-6a0b-4f0e-9b7e-3d2c1b0a9f8e",
    extended_request_id="ATfSdF7nPHcErRA=",
    epoch_ms=1_700_000_000_000,
    time="14/Nov/2023:22:13:20 +0000",
    trace_header=_TRACE,
    trace_id=_TRACE,
)


def build_sample_event(
    method: str = "GET",
    path: str = "/",
    *,
    shape: str = api_kind.REST.shape,
    resource: str | None = None,
    path_parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    body: object = None,
    binary_media_types: tuple[str, ...] = (),
    stage_variables: Mapping[str, str] | None = None,
) -> Event:
    """The event of one of the SAMPLE_SHAPES for a request; `path` may carry a query string.

    Headers are a mapping, or pairs where a name comes twice. A body that is neither text nor bytes
    is sent as JSON. `resource` is the path's template, or `$default`. `binary_media_types` are a
    REST API's. Raises ValueError for a shape that is none.
    """
    if shape not in SAMPLE_SHAPES:
        raise ValueError(f"{shape!r} is no shape of events; the shapes are {', '.join(SAMPLE_SHAPES)}")
    raw_path, query = split_target(path)
    content = _as_bytes(body)
    given = headers.items() if isinstance(headers, Mapping) else headers
    own = [(canonical_name(name), value) for name, value in given]
    host = _URL_HOST if SAMPLE_SHAPES[shape] is api_kind.URL else _HOST
    sent = {"Accept": "*/*", "Host": host, "User-Agent": "sample", **_described(body, content)}
    names = {name for name, _ in own}
    lines = [line for line in sent.items() if line[0] not in names] + own
    request = HttpRequest(
        method=method,
        path=raw_path,
        query=query,
        path_parameters=_parameters(SAMPLE_SHAPES[shape], path_parameters or {}),
        headers=[*lines, *_FORWARDED.items()],
        body=content,
        lines=list(given),
    )
    key = RouteKey("ANY" if resource == DEFAULT_ROUTE else method, resource or raw_path)
    binary = {"binaryMediaTypes": list(binary_media_types)} if binary_media_types else {}
    route = _route(key, {**manifest_of_shape(shape), **binary}, stage_variables or {})
    facts = gateway_facts(
        route, raw_path, {}, domain_name=dict(lines)["Host"], source_ip=_ADDRESS, protocol="HTTP/1.1"
    )
    event_shape = SHAPES[route.function.api]
    return event_shape.build_event(Call(route, request, _STAMP, facts, event_shape), ANONYMOUS)


def _parameters(kind: api_kind.ApiKind, encoded: Mapping[str, str]) -> dict[str, str]:
    """The path parameters as events of this kind of API show them."""
    decode = decode_path if kind.matches_decoded_path else str
    return {name: decode(value) for name, value in encoded.items()}


def _as_bytes(body: object) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def _described(body: object, content: bytes) -> dict[str, str]:
    """What a client says about its body; only JSON is told by its look."""
    length = {"Content-Length": str(len(content))} if content else {}
    is_json = body is not None and not isinstance(body, str | bytes)
    return length | ({"Content-Type": "application/json"} if is_json else {})


def manifest_of_shape(shape: str) -> dict[str, object]:
    """What the manifest of a function with events of a shape says."""
    kind = SAMPLE_SHAPES[shape]
    version = kind.payload_format_version
    multi = {"multiValueHeaders": True} if shape == _MULTI else {}
    return {"api": kind.name, **({"payloadFormatVersion": version} if version else {}), **multi}


def _route(key: RouteKey, document: Mapping[str, object], stage_variables: Mapping[str, str]) -> Route:
    """The route of a function with an all but empty manifest, so that the defaults are the schema's."""
    stage_manifest = read_stage_manifest({"apiId": _API_ID, "stageVariables": dict(stage_variables)})
    stage = build_stage(stage_manifest, Settings(), {})
    manifest = read_function_manifest({"handler": "app.lambda_handler", **document})
    function = build_function(Path("sample"), manifest, stage)
    return Route(key, function)
