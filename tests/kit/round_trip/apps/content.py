"""What every app answers with, so that the three differ in nothing but their framework."""

import base64
import gzip
import hashlib

LARGE = 1_000_000
EVERY_BYTE = bytes(range(256))
TEXT = "first line\r\nGrüße, 世界 🌍\n\tlast line"
LATIN_1 = "déjà vu".encode("latin-1")
DOCUMENT = {"text": "Grüße, 世界", "list": [1, 2.5, None, True], "empty": {}}
HTML = "<!doctype html>\n<title>Grüße</title>\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><title>Grüße</title></svg>'
COMPRESSED = gzip.compress(TEXT.encode(), mtime=0)
LARGE_TEXT = "0123456789" * (LARGE // 10)
LARGE_BINARY = (EVERY_BYTE * (LARGE // 256 + 1))[:LARGE]
PARTS = ("one", "two", "three")
ELSEWHERE = "https://elsewhere.example/path?x=1&y=%C3%A9#part"
# Two lines of one name, and values that are easily split, trimmed or unquoted.
HEADERS = (
    ("X-Many", "one"),
    ("X-Many", "two"),
    ("X-Comma", "a, b,c"),
    ("X-Quoted", '"quoted, text"; key="v=1"'),
    ("Cache-Control", "private, max-age=60"),
    ("Link", '</style.css>; rel=preload, </next>; rel="next"'),
    ("ETag", 'W/"abc"'),
    ("WWW-Authenticate", 'Bearer realm="example", error="invalid_token"'),
)
# Says that the body is what the app saw of its request.
REPORT_HEADER = "X-Report"
BODILESS = frozenset({204, 304})


def after_redirect(mount: str) -> str:
    """Where a redirect leads."""
    return f"/{mount}/report/next?x=1&y=a%2Fb"


def shown(body: bytes) -> str:
    """A body in a report: base64, or a digest where that would be long."""
    if len(body) > 64:
        return f"{len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()[:16]}"
    return base64.b64encode(body).decode()
