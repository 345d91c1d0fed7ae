"""Attempts with forged tokens and with signatures of other requests."""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from kit.attempts import Attempt
from kit.guarded_site import HOST, Sent
from kit.issuers import (
    FUTURE,
    PAST,
    Issuer,
    SigningKey,
    base64url,
    ec_key,
    make_claims,
    make_token,
    rsa_key,
    token_of,
)
from kit.signatures import ACCESS_KEY, SECRET, sign

RSA, EC, EVIL = rsa_key(), ec_key(), rsa_key("evil")


def _hmac(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda data: hmac.digest(secret, data, hashlib.sha256)


def _tampered(token: str, **claims: Any) -> str:
    header, _, signature = token.split(".")
    payload = token_of({}, make_claims(**claims)).split(".")[1]
    return f"{header}.{payload}.{signature}"


_TOKENS: dict[str, Callable[[Issuer], str]] = {
    "alg none": lambda issuer: token_of({"alg": "none", "kid": "rsa-1"}, make_claims(iss=issuer.url)),
    "alg None": lambda issuer: token_of({"alg": "None", "kid": "rsa-1"}, make_claims(iss=issuer.url)),
    "HMAC with the public key": lambda issuer: token_of(
        {"alg": "HS256", "kid": "rsa-1"}, make_claims(iss=issuer.url), _hmac(RSA.pem)
    ),
    "RS256 with the key of a curve": lambda issuer: _made(issuer, RSA, kid="ec-1"),
    "ES256 with an RSA key": lambda issuer: _made(issuer, EC, kid="rsa-1"),
    "key of somebody else": lambda issuer: _made(issuer, EVIL),
    "key of somebody else under a known id": lambda issuer: _made(issuer, EVIL, kid="rsa-1"),
    "key in the token": lambda issuer: _made(issuer, EVIL, kid="rsa-1", jwk=EVIL.jwk),
    "key at an address": lambda issuer: _made(
        issuer, EVIL, jku=f"{issuer.url}/evil", x5u=f"{issuer.url}/evil"
    ),
    "key id missing": lambda issuer: _made(issuer, RSA, kid=None),
    "key id that is a path": lambda issuer: _made(issuer, RSA, kid="../../dev/null"),
    "critical header": lambda issuer: _made(issuer, RSA, crit=["exp"]),
    "expired": lambda issuer: issuer.make_token(RSA, exp=PAST),
    "never expires": lambda issuer: issuer.make_token(RSA, exp=None),
    "not yet valid": lambda issuer: issuer.make_token(RSA, nbf=FUTURE),
    "issued in the future": lambda issuer: issuer.make_token(RSA, iat=FUTURE),
    "other issuer": lambda issuer: make_token(RSA, make_claims(iss="https://evil.example")),
    "issuer with a slash": lambda issuer: make_token(RSA, make_claims(iss=f"{issuer.url}/")),
    "other audience": lambda issuer: issuer.make_token(RSA, aud="other"),
    "no audience": lambda issuer: issuer.make_token(RSA, aud=None),
    "other client": lambda issuer: issuer.make_token(RSA, aud=None, client_id="other"),
    "payload changed": lambda issuer: _tampered(issuer.make_token(RSA), iss=issuer.url, sub="admin"),
    "signature cut off": lambda issuer: issuer.make_token(RSA).rpartition(".")[0] + ".",
    "signature of zeros": lambda issuer: (
        f"{issuer.make_token(RSA).rpartition('.')[0]}.{base64url(bytes(256))}"
    ),
    "two tokens": lambda issuer: f"{issuer.make_token(RSA)},{issuer.make_token(RSA)}",
    "garbage": lambda issuer: "a.b.c",
    "dots": lambda issuer: "..",
    "very long": lambda issuer: "a" * 9_000,
    "nested deeply": lambda issuer: token_of(b"[" * 6_000, {}),
}


def _made(issuer: Issuer, key: SigningKey, **header: Any) -> str:
    return make_token(key, make_claims(iss=issuer.url), **header)


def _bearing(token: str) -> Sent:
    return Sent("/jwt", (("Authorization", f"Bearer {token}"),))


def tokens() -> Iterator[Attempt]:
    """Forged tokens, and tokens that are for something else."""
    for name, make in _TOKENS.items():
        yield Attempt(f"token {name}", lambda issuer, make=make: _bearing(make(issuer)), 401)
    for name, target, status, change in (
        ("in lower case", "/jwt", 401, lambda token: (("Authorization", f"bearer {token}"),)),
        ("as a password", "/jwt", 401, lambda token: (("Authorization", f"Basic {token}"),)),
        ("in a cookie", "/jwt", 401, lambda token: (("Cookie", f"token={token}"),)),
        ("of OIDC", "/jwt", 401, lambda token: (("X-Amzn-Oidc-Accesstoken", token),)),
        ("twice", "/jwt", 401, lambda token: (("Authorization", token), ("Authorization", token))),
        ("without the scope", "/jwt-scoped", 403, lambda token: (("Authorization", token),)),
        ("that is no identity token", "/pool", 401, lambda token: (("Authorization", token),)),
        ("that is no access token", "/pool-scoped", 401, lambda token: (("Authorization", token),)),
        ("as a policy's token", "/one", 401, lambda token: (("Authorization", token),)),
    ):
        yield Attempt(
            f"token {name}",
            lambda issuer, target=target, change=change: Sent(target, change(issuer.make_token(RSA))),
            status,
        )


def _signed(target: str = "/signed/a?x=1", method: str = "GET", body: bytes = b"", **options: Any) -> Sent:
    headers = sign(method, f"https://{HOST}{target}", body=body, **options)
    return Sent(target, tuple(headers), method, body)


def _more(sent: Sent, *headers: tuple[str, str]) -> Sent:
    return replace(sent, headers=(*sent.headers, *headers))


_SIGNED: dict[str, Callable[[], Sent]] = {
    "missing": lambda: Sent("/signed/a"),
    "for another method": lambda: replace(_signed(), method="POST"),
    "for another method by overriding": lambda: _more(_signed(), ("X-HTTP-Method-Override", "POST")),
    "for another path": lambda: replace(_signed(), target="/signed/b?x=1"),
    "for a longer path": lambda: replace(_signed(), target="/signed/a/?x=1"),
    "for an encoded path": lambda: replace(_signed(), target="/signed/%61?x=1"),
    "for a path with dots": lambda: replace(_signed(), target="/signed/./a?x=1"),
    "for a path with slashes": lambda: replace(_signed(), target="//signed/a?x=1"),
    "for a path with a way up": lambda: replace(_signed(), target="/signed/b/../a?x=1"),
    "for another query": lambda: replace(_signed(), target="/signed/a?x=2"),
    "for a longer query": lambda: replace(_signed(), target="/signed/a?x=1&admin=1"),
    "for no query": lambda: replace(_signed(), target="/signed/a"),
    "for another body": lambda: replace(_signed("/signed/a", "POST", b"x"), body=b"y"),
    "for no body": lambda: replace(_signed("/signed/a", "POST", b"x"), body=b""),
    "for another host": lambda: replace(_signed(), host="evil.example"),
    "for another host in the target": lambda: replace(_signed(), target="http://evil.example/signed/b?x=1"),
    "too old": lambda: _signed(at=time.time() - 600),
    "too new": lambda: _signed(at=time.time() + 600),
    "by another secret": lambda: _signed(secret="other"),
    "by an unknown key": lambda: _signed(key="AKIDEXAMPLE000000009"),
    "by an unknown key with the secret of none": lambda: _signed(key="AKIDEXAMPLE000000009", secret=""),
    "for another region": lambda: _signed(region="us-east-1"),
    "for another service": lambda: _signed(service="lambda"),
    "with a header of AWS's that is not signed": lambda: _more(_signed(), ("X-Amz-Target", "Admin")),
    "with a session that is not signed": lambda: _more(_signed(), ("X-Amz-Security-Token", "x")),
    "with a body that is not signed": lambda: _more(_signed(), ("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")),
    "twice": lambda: _more(_signed(), _signed().headers[-1]),
    "beside a token": lambda: _more(_signed(), ("Authorization", "admin")),
    "in the query": lambda: Sent(f"/signed/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={ACCESS_KEY}"),
    "that is the secret itself": lambda: Sent("/signed/a", (("Authorization", SECRET),)),
    "of another API": lambda: replace(_signed(), target="/signed-http"),
    "of a function that is none": lambda: replace(_signed("/jwt"), target="/signed/jwt"),
}


def signatures() -> Iterator[Attempt]:
    """Signatures of other requests, of other times and by other people."""
    for name, make in _SIGNED.items():
        yield Attempt(f"signature {name}", lambda issuer, make=make: make(), 403)
    yield Attempt("signature instead of a token", lambda issuer: _signed("/one"), 401)
    yield Attempt("signature instead of a JWT", lambda issuer: _signed("/jwt"), 401)
