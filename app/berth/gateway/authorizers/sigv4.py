"""Verifies signatures of version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Sequence
from urllib.parse import quote, unquote_to_bytes

from berth.errors import SignatureInvalid, SignatureMissing
from berth.model.http import HttpRequest
from berth.model.value_class import value_class
from berth.payload.headers import last_header
from berth.payload.urls import query_pairs

ALGORITHM = "AWS4-HMAC-SHA256"
_LARGEST_SKEW = 300  # seconds that a request's date may be off
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[A-Za-z0-9]{1,128})/(?P<date>[0-9]{8})/(?P<region>[a-z0-9-]{1,32})"
    r"/(?P<service>[a-z0-9-]{1,32})/aws4_request, ?SignedHeaders=(?P<headers>[a-z0-9;-]{1,2048})"
    r", ?Signature=(?P<signature>[0-9a-f]{64})"
)
_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_UNRESERVED = "-_.~"
_AMBIGUOUS = re.compile("[+;]")


@value_class
class Signature:
    """The parts of a signature in an Authorization header."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def read_signature(request: HttpRequest) -> Signature:
    """Read the signature of a request; raises SignatureMissing unless it has one well-formed signature."""
    lines = [value for name, value in request.headers if name == "Authorization"]
    found = _AUTHORIZATION.fullmatch(lines[0]) if len(lines) == 1 else None
    if found is None:
        raise SignatureMissing("no signature of version 4")
    return Signature(
        found["key"],
        found["date"],
        found["region"],
        found["service"],
        tuple(found["headers"].split(";")),
        found["signature"],
    )


def verify_signature(
    request: HttpRequest, signature: Signature, secret: str, now: float, stage_path: str = ""
) -> None:
    """Verify that a signature was made with a secret, of this request and a short time ago.

    `stage_path` is what the client sent, and signed, in front of the path.
    """
    date = last_header(request.headers, "X-Amz-Date") or ""
    if not _DATE.fullmatch(date) or not date.startswith(signature.date):
        raise SignatureInvalid("the signature's date is not the request's")
    if abs(_epoch(date) - now) > _LARGEST_SKEW:
        raise SignatureInvalid("the signature has expired, or is not yet valid")
    # The stage's root may have been sent with and without its slash.
    paths = [f"{stage_path}{request.path}", *([stage_path] if stage_path and request.path == "/" else [])]
    expected = [
        _sign(_canonical_request(request, path, signature), date, signature, secret) for path in paths
    ]
    if not any(hmac.compare_digest(each, signature.signature) for each in expected):
        raise SignatureInvalid("the signature is not the request's")


def _sign(canonical: str, date: str, signature: Signature, secret: str) -> str:
    text = "\n".join([ALGORITHM, date, signature.scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in (*signature.scope.split("/"), text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def _epoch(date: str) -> float:
    try:
        return calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))
    except ValueError as wrong:
        raise SignatureInvalid("the signature's date is not a date") from wrong


def _canonical_request(request: HttpRequest, path: str, signature: Signature) -> str:
    signed = signature.signed_headers
    if any(part in {".", "..", ""} for part in path.split("/")[1:-1]) or path.split("/")[-1] in {".", ".."}:
        # A signature is made of the path without these: it would be valid for several paths.
        raise SignatureInvalid("the path is not normal")
    if _AMBIGUOUS.search(request.query):
        raise SignatureInvalid("the query has a plain plus or semicolon, which are read in several ways")
    pairs = sorted((_encoded(key), _encoded(value)) for key, value in query_pairs(request.query))
    return "\n".join(
        [
            request.method,
            quote(path, safe=f"/{_UNRESERVED}"),
            "&".join(f"{key}={value}" for key, value in pairs),
            *_canonical_headers(request, signed),
            "",
            ";".join(signed),
            _payload_hash(request),
        ]
    )


def _canonical_headers(request: HttpRequest, signed: Sequence[str]) -> list[str]:
    sent: dict[str, list[str]] = {}
    for name, value in request.headers:
        sent.setdefault(name.lower(), []).append(" ".join(value.split()))
    wanted = {"host", *(name for name in sent if name.startswith("x-amz-"))}
    if not wanted <= set(signed) or list(signed) != sorted(set(signed)) or not set(signed) <= sent.keys():
        raise SignatureInvalid("the signed headers are not the request's")
    return [f"{name}:{','.join(sent[name])}" for name in signed]


def _payload_hash(request: HttpRequest) -> str:
    digest = hashlib.sha256(request.body).hexdigest()
    claimed = last_header(request.headers, "X-Amz-Content-Sha256")
    if claimed is not None and not hmac.compare_digest(claimed.encode(), digest.encode()):
        raise SignatureInvalid("the signed body is not the request's")
    return digest


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe=_UNRESERVED)
