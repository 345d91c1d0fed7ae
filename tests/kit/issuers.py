"""An issuer of tokens with keys of its own; what it signs is made without the library that verifies it."""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ISSUER = "https://issuer.example"
DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"
PAST, FUTURE = 1_700_000_000, 4_000_000_000
CLAIMS: Mapping[str, Any] = {
    "iss": ISSUER,
    "aud": "orders",
    "sub": "alice",
    "iat": PAST,
    "nbf": PAST,
    "exp": FUTURE,
}
_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES = {
    "ES256": ("P-256", ec.SECP256R1()),
    "ES384": ("P-384", ec.SECP384R1()),
    "ES512": ("P-521", ec.SECP521R1()),
}


@dataclass(frozen=True)
class SigningKey:
    """A private key, the id of its public one, and the algorithm that it signs with."""

    kid: str
    algorithm: str
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as an issuer publishes it."""
        numbers: Any = self.private.public_key().public_numbers()
        if isinstance(self.private, rsa.RSAPrivateKey):
            parts = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        else:
            size, curve = self._size, _CURVES[self.algorithm][0]
            x, y = _number(numbers.x, size), _number(numbers.y, size)
            parts = {"kty": "EC", "crv": curve, "x": x, "y": y}
        return {"kid": self.kid, "alg": self.algorithm, "use": "sig", **parts}

    @property
    def pem(self) -> bytes:
        """The public key as text: no secret, though it may look like the key of an HMAC."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, form)

    def sign(self, data: bytes) -> bytes:
        """A signature in the form of JWS."""
        digest = _HASHES[self.algorithm[2:]]
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(data, padding.PKCS1v15(), digest)
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(digest)))
        return r.to_bytes(self._size) + s.to_bytes(self._size)

    @property
    def _size(self) -> int:
        return (self.private.key_size + 7) // 8


@cache
def rsa_key(kid: str = "rsa-1", algorithm: str = "RS256") -> SigningKey:
    """An RSA key, the same for one id in every test."""
    return SigningKey(kid, algorithm, rsa.generate_private_key(public_exponent=65537, key_size=2048))


@cache
def ec_key(kid: str = "ec-1", algorithm: str = "ES256") -> SigningKey:
    """A key of the elliptic curve that belongs to an algorithm, the same for one id in every test."""
    return SigningKey(kid, algorithm, ec.generate_private_key(_CURVES[algorithm][1]))


def token_of(header: object, claims: object, sign: Callable[[bytes], bytes] = lambda data: b"") -> str:
    """A token with just this header and these claims; both may be anything."""
    text = f"{_part(header)}.{_part(claims)}"
    return f"{text}.{base64url(sign(text.encode()))}"


def make_token(key: SigningKey, claims: object = CLAIMS, **header: Any) -> str:
    """A token that a key has signed, with more or other fields in its header; None leaves one out."""
    fields = {"typ": "JWT", "alg": key.algorithm, "kid": key.kid, **header}
    kept = {name: value for name, value in fields.items() if value is not None}
    return token_of(kept, claims, key.sign)


def make_claims(**changes: Any) -> dict[str, Any]:
    """The claims of a token, some of them changed; None leaves one out."""
    return {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}


def base64url(data: bytes) -> str:
    """Base64 as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def documents_of(issuer: str, *keys: Mapping[str, Any]) -> dict[str, bytes]:
    """What an issuer publishes: each document by its address."""
    discovery = {"issuer": issuer, "jwks_uri": f"{issuer}{KEYS}"}
    return {
        f"{issuer}{DISCOVERY}": json.dumps(discovery).encode(),
        f"{issuer}{KEYS}": json.dumps({"keys": list(keys)}).encode(),
    }


@dataclass
class Issuer:
    """A server that publishes keys; `pages` may be changed while it serves."""

    url: str = ""
    pages: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def publish(self, *keys: SigningKey) -> None:
        """Publish these keys, and no others any more."""
        documents = documents_of(self.url, *(key.jwk for key in keys))
        self.pages |= {address.removeprefix(self.url): content for address, content in documents.items()}

    def make_token(self, key: SigningKey, **claims: Any) -> str:
        """A token of this issuer."""
        return make_token(key, make_claims(iss=self.url, **claims))


@contextmanager
def issuing(*keys: SigningKey) -> Iterator[Issuer]:
    """Serve an issuer on a free port of this machine until the end of the block."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            issuer.may_answer.wait(20)
            page, place = issuer.pages.get(self.path), issuer.redirects.get(self.path)
            self.send_response(302 if place else 404 if page is None else 200)
            if place:
                self.send_header("Location", place)
            self.send_header("Content-Length", str(len(page or b"")))
            self.end_headers()
            self.wfile.write(page or b"")

        def log_message(self, *arguments: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer.url = f"http://127.0.0.1:{server.server_port}"
        issuer.publish(*keys)
        issuer.may_answer.set()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield issuer
        finally:
            issuer.may_answer.set()
            server.shutdown()
            thread.join()


def _part(document: object) -> str:
    return base64url(document if isinstance(document, bytes) else json.dumps(document).encode())


def _number(value: int, size: int | None = None) -> str:
    return base64url(value.to_bytes(size or (value.bit_length() + 7) // 8))
