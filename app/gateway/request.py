"""From a server's request to ours: every quirk of WSGI and of the three servers settled here."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from flask import Request
from werkzeug.wsgi import get_input_stream

from app.model.http import Headers, HttpRequest
from app.model.route import METHODS, Route
from app.payload.headers import canonical_name, text_value
from app.payload.path import split_target, strip_stage

Environ = dict[str, Any]

# Where a server that still sees the header lines leaves them. WSGI has joined repeated ones with
# commas, and a comma may be part of a value. No client can name this key: of all HTTP_ keys it
# alone holds a space, and servers refuse a header name with one.
RAW_HEADERS_NAME = "berth raw headers"
RAW_HEADERS = f"HTTP_{RAW_HEADERS_NAME}"
MAX_BODY_BYTES = 10 * 1024 * 1024  # API Gateway's payload limit, REST and HTTP APIs
_NOT_IN_HTTP = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}


def read_request(request: Request, route: Route) -> HttpRequest:
    """Read the current request; raises werkzeug's RequestEntityTooLarge for more than 10 MB."""
    environ = request.environ
    headers = [(canonical_name(name), text_value(value)) for name, value in _header_lines(environ)]
    path, query = split_target(raw_target(environ))
    stage = route.stage
    source_ip, forwarded = _forwarded(environ, headers, stage.trusted_proxy_hops)
    return HttpRequest(
        method=request_method(environ),
        path=(strip_stage(path, stage.name) or path) if stage.stage_in_path else path,
        query=query,
        path_parameters=request.view_args or {},
        headers=forwarded,
        body=_read_body(request),
        protocol=environ["SERVER_PROTOCOL"],
        host=_last(headers, "Host") or environ["SERVER_NAME"],
        source_ip=source_ip,
    )


def raw_target(environ: Environ) -> str:
    """The request target as the client sent it; both servers and the test client keep it."""
    return str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"])


def request_method(environ: Environ) -> str:
    """The method, overridden by X-HTTP-Method-Override as API Gateway's known issues describe."""
    override = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE")
    return override if override in METHODS else str(environ["REQUEST_METHOD"])


def incoming_trace(request: HttpRequest) -> str | None:
    """The client's X-Amzn-Trace-Id, if it sent one."""
    return _last(request.headers, "X-Amzn-Trace-Id")


def _header_lines(environ: Environ) -> Iterable[tuple[str, str]]:
    lines: Headers | None = environ.get(RAW_HEADERS)
    return _joined_headers(environ) if lines is None else lines


def _joined_headers(environ: Environ) -> Iterable[tuple[str, str]]:
    """The headers of a server that shows no header lines: repeated ones stay joined."""
    for key, value in environ.items():
        if key in _NOT_IN_HTTP and value:
            yield _NOT_IN_HTTP[key], value
        elif key.startswith("HTTP_"):
            yield key[5:].replace("_", "-"), value


def _last(headers: Headers, name: str) -> str | None:
    return next((value for each, value in reversed(headers) if each == name), None)


def _forwarded(environ: Environ, headers: list[tuple[str, str]], hops: int) -> tuple[str, Headers]:
    """The client's address, and the headers with X-Forwarded-* as API Gateway would set them.

    Only the last `hops` entries of X-Forwarded-For were written by balancers of ours; with none,
    the connection's own address counts and is appended, and nothing the client claims is believed.
    """
    peer = environ.get("REMOTE_ADDR") or "127.0.0.1"
    lines = [value for name, value in headers if name == "X-Forwarded-For"]
    chain = [entry.strip() for entry in ",".join(lines).split(",") if entry.strip()]
    source = chain[-hops] if 0 < hops <= len(chain) and _is_address(chain[-hops]) else peer
    facts = {
        "X-Forwarded-For": ", ".join(chain if hops and chain else [*chain, peer]),
        "X-Forwarded-Port": environ["SERVER_PORT"],
        "X-Forwarded-Proto": environ["wsgi.url_scheme"],
    }
    if hops:
        facts |= {
            name: _last(headers, name) or fact for name, fact in facts.items() if name != "X-Forwarded-For"
        }
    return source, [line for line in headers if line[0] not in facts] + list(facts.items())


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _read_body(request: Request) -> bytes:
    if not (request.environ.get("CONTENT_LENGTH") or request.environ.get("HTTP_TRANSFER_ENCODING")):
        return b""
    return request.get_data(cache=False)


def drain_body(environ: Environ) -> None:
    """Read on a little: most clients look for an answer only once they have sent everything."""
    rest, most = get_input_stream(environ), 2 * MAX_BODY_BYTES
    while most > 0 and (chunk := rest.read(65536)):
        most -= len(chunk)
