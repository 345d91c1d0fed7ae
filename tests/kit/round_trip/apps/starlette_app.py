"""An app that reports what it saw of a request, and answers in every way there is, in Starlette."""

from collections.abc import AsyncIterator
from typing import Any

import content
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def report(request: Request) -> Response:
    """Say what was seen of the request."""
    body = await request.body()
    form, files = await _form(request)
    seen = {
        "method": request.method,
        "base": str(request.base_url),
        "path": request.scope["path"],
        "query": request.query_params.multi_items(),
        "headers": {name: request.headers.getlist(name) for name in request.headers},
        "cookies": sorted(request.cookies.items()),
        "body": content.shown(body),
        "form": form,
        "files": files,
    }
    return JSONResponse(seen, headers={content.REPORT_HEADER: "request"})


async def _form(request: Request) -> tuple[list[Any], list[Any]]:
    if not request.headers.get("content-type", "").startswith(_FORMS):
        return [], []
    fields, files = [], []
    async with request.form() as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                encoded = content.shown(await value.read())
                files.append([name, value.filename, value.content_type, encoded])
            else:
                fields.append([name, value])
    return fields, files


async def connection(request: Request) -> Response:
    """Say what was seen of the connection, and of the target before it was decoded."""
    raw_path = request.scope["raw_path"]
    seen = {
        "protocol": f"HTTP/{request.scope['http_version']}",
        "client": request.client.host if request.client else None,
        "raw_path": raw_path and raw_path.decode(),
        "raw_query": request.scope["query_string"].decode(),
        "content_length": request.headers.get("content-length"),
        "transfer_encoding": request.headers.get("transfer-encoding"),
        "cookie": request.headers.getlist("cookie"),
        "size": len(await request.body()),
    }
    return JSONResponse(seen, headers={content.REPORT_HEADER: "connection"})


async def status(request: Request) -> Response:
    """Answer with a status."""
    code = request.path_params["code"]
    headers = {"X-Status": str(code)}
    if code in content.BODILESS:
        return Response(status_code=code, headers=headers)
    return PlainTextResponse(f"status {code}", code, headers)


async def redirect(request: Request) -> Response:
    """Lead to another path."""
    return RedirectResponse(content.after_redirect(request.path_params["mount"]), request.path_params["code"])


async def redirect_away(request: Request) -> Response:
    """Lead to another host."""
    return RedirectResponse(content.ELSEWHERE, 302)


async def cookies(request: Request) -> Response:
    """Set cookies, one of them with a comma in it."""
    response = PlainTextResponse("cookies")
    response.set_cookie("session", "abc123", httponly=True, path="/")
    response.set_cookie("theme", "dark", expires="Wed, 21 Oct 2026 07:28:00 GMT", samesite=None)
    response.set_cookie("old", "", max_age=0)
    return response


async def headers(request: Request) -> Response:
    """Answer with header lines of every kind."""
    response = PlainTextResponse("headers")
    for name, value in content.HEADERS:
        response.headers.append(name, value)
    return response


async def header_utf_8(request: Request) -> Response:
    """Answer with a header in UTF-8."""
    response = PlainTextResponse("header")
    response.raw_headers.append((b"x-utf-8", "Grüße".encode()))
    return response


async def stream(request: Request) -> Response:
    """Answer in parts."""

    async def parts() -> AsyncIterator[str]:
        for part in content.PARTS:
            yield part

    return StreamingResponse(parts(), media_type="text/plain")


async def raises(request: Request) -> Response:
    """Fail."""
    raise RuntimeError("meant to fail")


def _fixed(path: str, response: Response) -> Route:
    async def endpoint(request: Request) -> Response:
        return response

    return Route(path, endpoint)


app = Starlette(
    routes=[
        Route("/{mount}", report, methods=METHODS),
        Route("/{mount}/report", report, methods=METHODS),
        Route("/{mount}/report/{rest:path}", report, methods=METHODS),
        Route("/{mount}/connection/{rest:path}", connection, methods=METHODS),
        Route("/{mount}/status/{code:int}", status, methods=METHODS),
        Route("/{mount}/redirect/{code:int}", redirect, methods=METHODS),
        Route("/{mount}/redirect-away", redirect_away),
        Route("/{mount}/cookies", cookies),
        Route("/{mount}/headers", headers),
        Route("/{mount}/header-utf-8", header_utf_8),
        Route("/{mount}/stream", stream),
        Route("/{mount}/raises", raises),
        _fixed("/{mount}/slashed/", PlainTextResponse("slashed")),
        _fixed("/{mount}/text", PlainTextResponse(content.TEXT)),
        _fixed(
            "/{mount}/latin-1",
            Response(content.LATIN_1, headers={"Content-Type": "text/plain; charset=iso-8859-1"}),
        ),
        _fixed("/{mount}/html", HTMLResponse(content.HTML)),
        _fixed("/{mount}/json", JSONResponse(content.DOCUMENT)),
        _fixed("/{mount}/svg", Response(content.SVG, media_type="image/svg+xml")),
        _fixed("/{mount}/binary", Response(content.EVERY_BYTE, media_type="application/octet-stream")),
        _fixed(
            "/{mount}/gzip",
            Response(content.COMPRESSED, headers={"Content-Encoding": "gzip"}, media_type="text/plain"),
        ),
        _fixed("/{mount}/empty", Response(b"", media_type="text/plain")),
        _fixed("/{mount}/untyped", Response(b"untyped")),
        _fixed("/{mount}/large-text", PlainTextResponse(content.LARGE_TEXT)),
        _fixed(
            "/{mount}/large-binary", Response(content.LARGE_BINARY, media_type="application/octet-stream")
        ),
    ]
)
