"""The one table of requests that every adapter gets in every event shape."""

import zlib
from dataclasses import dataclass

from kit.raw_http import chunked

HOST = "service.example"
EVERY_BYTE = bytes(range(256))
LARGE_TEXT = b"0123456789" * 25_000
LARGE_BINARY = (EVERY_BYTE * 977)[:250_000]
BOUNDARY = "parts-end-here"
_UNICODE = "/report/%C3%BC%E4%B8%96%F0%9F%8C%8D"


@dataclass(frozen=True)
class Sent:
    """A request as it is sent, its target without the first part of the path."""

    name: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    is_chunked: bool = False

    def wire(self, mount: str) -> bytes:
        """The bytes to send; header values travel in UTF-8."""
        headers = [("Host", HOST), *self.headers]
        if self.is_chunked:
            headers.append(("Transfer-Encoding", "chunked"))
        elif self.body is not None:
            headers.append(("Content-Length", str(len(self.body))))
        lines = [
            f"{self.method} /{mount}{self.target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers),
        ]
        head = "\r\n".join([*lines, "", ""]).encode()
        body = self.body or b""
        return head + (chunked(body) if self.is_chunked else body)


def _get(name: str, target: str, *headers: tuple[str, str]) -> Sent:
    return Sent(name, "GET", target, headers)


def _query(name: str, query: str) -> Sent:
    return Sent(f"query-{name}", "GET", f"/report?{query}")


def _path(name: str, target: str) -> Sent:
    return Sent(f"path-{name}", "GET", target)


def _header(name: str, *headers: tuple[str, str]) -> Sent:
    return Sent(f"header-{name}", "GET", "/report", headers)


def _post(name: str, content_type: str | None, body: bytes | None, *headers: tuple[str, str]) -> Sent:
    types = (("Content-Type", content_type),) if content_type else ()
    return Sent(f"body-{name}", "POST", "/report", (*types, *headers), body)


def _gzipped(data: bytes) -> bytes:
    """The same bytes in every Python; the header that the module gzip writes has changed."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return compressor.compress(data) + compressor.flush()


def _part(disposition: str, data: bytes, content_type: str = "") -> bytes:
    type_line = f"Content-Type: {content_type}\r\n" if content_type else ""
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n{type_line}\r\n"
    return head.encode() + data + b"\r\n"


_MULTIPART = b"".join(
    [
        _part('name="title"', "Grüße".encode()),
        _part('name="tag"', b"one"),
        _part('name="tag"', b""),
        _part('name="picture"; filename="bild ü.bin"', EVERY_BYTE, "image/png"),
        _part('name="notes"; filename="notes.txt"', b"line\r\nline", "text/plain"),
        f"--{BOUNDARY}--\r\n".encode(),
    ]
)
_FORM_TYPE = "application/x-www-form-urlencoded"
_JSON = ("Content-Type", "application/json")

METHODS = [
    _get("method-get", "/report"),
    Sent("method-post", "POST", "/report", (_JSON,), b'{"a": 1}'),
    Sent("method-put", "PUT", "/report/1", (_JSON,), b'{"a": 2}'),
    Sent("method-patch", "PATCH", "/report/1", (_JSON,), b'[{"op": "remove"}]'),
    Sent("method-delete", "DELETE", "/report/1"),
    Sent("method-delete-with-body", "DELETE", "/report/1", (_JSON,), b'{"why": "old"}'),
    Sent("method-head", "HEAD", "/text"),
    Sent("method-head-status", "HEAD", "/status/404"),
    Sent("method-options", "OPTIONS", "/report"),
    Sent("method-override", "POST", "/report", (("X-HTTP-Method-Override", "PUT"),), b""),
    Sent("method-not-allowed", "POST", "/text", (), b""),
]

PATHS = [
    _path("root", ""),
    _path("not-found", "/nowhere"),
    _path("trailing-slash", "/report/"),
    _path("slash-missing", "/slashed"),
    _path("double-slash", "/report/a//b"),
    _path("dots", "/report/a/../b/./c"),
    _path("unicode", _UNICODE),
    _path("lower-case-hex", "/report/%c3%bc"),
    _path("space", "/report/a%20b"),
    _path("plus", "/report/a+b"),
    _path("percent-2b", "/report/a%2Bb"),
    _path("percent-2f", "/report/a%2Fb"),
    _path("percent-25", "/report/100%25"),
    _path("twice-encoded", "/report/a%252Fb"),
    _path("percent-3f", "/report/a%3Fb"),
    _path("percent-23", "/report/a%23b"),
    _path("reserved", "/report/:@!$&'()*+,;=-._~"),
    _path("not-utf-8", "/report/%FF%FE"),
]

QUERIES = [
    _query("none", ""),
    _query("plain", "a=1&b=2"),
    _query("repeated", "a=1&a=2&a=1"),
    _query("repeated-apart", "a=1&b=2&a=3"),
    _query("empty-value", "a=&b="),
    _query("key-only", "a&b&a"),
    _query("no-key", "=1&a=2"),
    _query("doubled-ampersand", "a=1&&b=2&"),
    _query("plus", "a=1+2&c+d=3"),
    _query("percent-20", "a=1%202&c%20d=3"),
    _query("percent-2b", "a=1%2B2"),
    _query("percent-25", "a=100%25&b=%2525"),
    _query("percent-26", "a=1%262&b%3Dc=3%3D4"),
    _query("equals", "a=b=c=="),
    _query("comma", "a=1,2&a=3"),
    _query("semicolon", "a=1;b=2"),
    _query("reserved", "a=/?:@!$'()*,-._~&b[]=1&b[]=2"),
    _query("braces", "a={1|2}"),
    _query("encoded-braces", "a=%7B1%7C2%7D"),
    _query("unicode", "name=%C3%BC&%E4%B8%96=%F0%9F%8C%8D"),
    _query("lower-case-hex", "a=%c3%bc%2f"),
    _query("not-utf-8", "a=%FF"),
    _query("long", f"a={'x' * 3000}&b={'%C3%BC' * 500}"),
    _query("many", "&".join(f"key{number}={number}" for number in range(100))),
]

HEADERS = [
    _header("plain", ("X-One", "1"), ("User-Agent", "round-trip/1.0"), ("Accept", "text/html, */*;q=0.1")),
    _header("repeated", ("X-Many", "one"), ("X-Many", "two"), ("x-many", "three")),
    _header("comma", ("X-Comma", "a, b,c")),
    _header("quoted", ("X-Quoted", '"quoted, \\"text\\""; key="v=1"')),
    _header("empty", ("X-Empty", "")),
    _header("utf-8", ("X-Utf-8", "Grüße 世界")),
    _header("long", ("X-Long", "0123456789" * 400)),
    _header("authorization", ("Authorization", "Basic dXNlcjpwYXNzOndvcmQ=")),
    _header("conditional", ("If-None-Match", 'W/"a", "b"'), ("Range", "bytes=0-1, 5-"), ("Via", "1.1 proxy")),
    _header("hops", ("TE", "trailers"), ("Max-Forwards", "5"), ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==")),
]

COOKIES = [
    _header("cookie", ("Cookie", "session=abc123")),
    _header("cookies", ("Cookie", "session=abc123; theme=dark;last=1")),
    _header("cookie-lines", ("Cookie", "session=abc123; theme=dark"), ("Cookie", "last=1")),
    _header("cookie-values", ("Cookie", 'quoted="a b"; pairs=a=1&b=2; empty=; encoded=%C3%BC%3B')),
]

BODIES = [
    _post("none", None, None),
    _post("empty", None, b""),
    _post("empty-json", "application/json", b""),
    _post("json", "application/json", '{"text": "Grüße 世界 🌍", "list": [1, null, 1.10]}'.encode()),
    _post("json-charset", "application/json; charset=UTF-8", b" null\n"),
    _post("vendor-json", "application/vnd.api+json", '{"text": "ü"}'.encode()),
    _post("xml", "application/xml", '<?xml version="1.0"?><a>ü</a>'.encode()),
    _post("text", "text/plain; charset=utf-8", "Grüße\r\n\x00\ttab \u2028 🌍".encode()),
    _post("text-bom", "text/plain", b"\xef\xbb\xbftext"),
    _post("text-latin-1", "text/plain; charset=iso-8859-1", "Grüße".encode("latin-1")),
    _post("form", _FORM_TYPE, b"a=1&b=2&a=3&empty=&only"),
    _post("form-encoded", _FORM_TYPE, b"name=Gr%C3%BC%C3%9Fe+%2B+%26&a%20b=%2F"),
    _post("multipart", f"multipart/form-data; boundary={BOUNDARY}", _MULTIPART),
    _post("every-byte", "application/octet-stream", EVERY_BYTE),
    _post("image", "image/png", b"\x89PNG\r\n\x1a\n" + EVERY_BYTE),
    _post("untyped", None, EVERY_BYTE),
    _post("untyped-text", None, b"plain"),
    _post("gzip", "application/json", _gzipped(b'{"a": 1}'), ("Content-Encoding", "gzip")),
    _post(
        "gzip-binary",
        "application/octet-stream",
        _gzipped(EVERY_BYTE),
        ("Content-Encoding", "gzip"),
    ),
    _post("large-text", "text/plain", LARGE_TEXT),
    _post("large-binary", "application/octet-stream", LARGE_BINARY),
    Sent("body-chunked", "POST", "/report", (_JSON,), b'{"a": 1}', is_chunked=True),
    Sent("body-chunked-binary", "POST", "/report", (), EVERY_BYTE, is_chunked=True),
    Sent(
        "body-chunked-large",
        "PUT",
        "/report",
        (("Content-Type", "image/png"),),
        LARGE_BINARY,
        is_chunked=True,
    ),
    Sent("body-chunked-empty", "POST", "/report", (), b"", is_chunked=True),
]

CONNECTIONS = [
    _get("connection-get", "/connection/a%20b%2Fc?x=%c3%bc&y=a+b"),
    _get(
        "connection-cookies",
        "/connection/a",
        ("Cookie", "session=abc123; theme=dark;last=1"),
        ("Cookie", "size=2"),
    ),
    Sent("connection-post", "POST", "/connection/a", (_JSON,), b"{}"),
    Sent("connection-chunked", "POST", "/connection/a", (_JSON,), b"{}", is_chunked=True),
]

RESPONSES = [
    *(_get(f"status-{code}", f"/status/{code}") for code in (200, 201, 204, 304, 400, 404, 418, 500, 503)),
    Sent("status-204-delete", "DELETE", "/status/204"),
    *(_get(f"redirect-{code}", f"/redirect/{code}") for code in (301, 302, 307)),
    Sent("redirect-303-post", "POST", "/redirect/303", (("Content-Type", _FORM_TYPE),), b"a=1"),
    _get("redirect-away", "/redirect-away"),
    _get("answer-cookies", "/cookies"),
    _get("answer-headers", "/headers"),
    _get("answer-header-utf-8", "/header-utf-8"),
    _get("answer-text", "/text"),
    _get("answer-latin-1", "/latin-1"),
    _get("answer-html", "/html", ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")),
    _get("answer-json", "/json", ("Accept", "application/json")),
    _get("answer-svg", "/svg"),
    _get("answer-binary", "/binary"),
    _get("answer-binary-accepted", "/binary", ("Accept", "application/octet-stream")),
    _get("answer-gzip", "/gzip", ("Accept-Encoding", "gzip, deflate")),
    _get("answer-stream", "/stream"),
    _get("answer-empty", "/empty"),
    _get("answer-untyped", "/untyped"),
    _get("answer-large-text", "/large-text"),
    _get("answer-large-binary", "/large-binary"),
    Sent("answer-large-head", "HEAD", "/large-text"),
    _get("answer-failure", "/raises"),
]

REQUESTS = [*METHODS, *PATHS, *QUERIES, *HEADERS, *COOKIES, *BODIES, *CONNECTIONS, *RESPONSES]
