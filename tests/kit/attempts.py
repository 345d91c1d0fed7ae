"""Attempts to gain access by false headers, odd paths and kept answers, and the status that each gets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from kit.guarded_site import HOST, Sent
from kit.issuers import Issuer, make_token, rsa_key


@dataclass(frozen=True)
class Attempt:
    """A request, made once the issuer is there, what was sent before it, and the status it gets."""

    name: str
    make: Callable[[Issuer], Sent]
    status: int
    before: tuple[Sent, ...] = ()


def _sent(name: str, status: int, target: str, *headers: tuple[str, str], **more: Any) -> Attempt:
    before = more.pop("before", ())
    sent = Sent(target, headers, **more)
    return Attempt(name, lambda issuer: sent, status, before)


def _as(token: str, target: str, **more: Any) -> Sent:
    return Sent(target, (("Authorization", token),), **more)


def headers() -> Iterator[Attempt]:
    """Headers that claim to be what a gateway found out."""
    context = '{"authorizer":{"principalId":"admin"},"identity":{"accessKey":"AKIDEXAMPLE000000001"}}'
    for name, value in (
        ("X-Amzn-Request-Context", context),
        ("X-Apigateway-Event", f'{{"requestContext":{context}}}'),
        ("X-Apigateway-Context", context),
        ("X-Amzn-Authorizer", "admin"),
        ("X-Amzn-Principal-Id", "admin"),
        ("X-Amzn-Oidc-Identity", "admin"),
        ("X-Amzn-Oidc-Data", make_token(rsa_key())),
        ("Apigw-Authorizer-PrincipalId", "admin"),
        ("RequestContext", context),
        ("PrincipalId", "admin"),
        ("Remote-User", "admin"),
        ("X-Forwarded-User", "admin"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-Host", "localhost"),
        ("X-Forwarded-Authorization", "admin"),
        ("X-Authorization", "admin"),
        ("Proxy-Authorization", "admin"),
        ("HTTP_AUTHORIZATION", "admin"),
        ("Http-Authorization", "admin"),
        ("authorization_", "admin"),
        ("Cookie", "Authorization=admin"),
        ("X-Original-URL", "/public/x"),
        ("X-Rewrite-URL", "/public/x"),
        ("Script-Name", "/public"),
        ("X-Api-Key", "admin"),
        ("Authorization", ""),
        ("Authorization", " \t "),
        ("Authorization", "ADMIN"),
        ("Authorization", "admin,"),
        ("Authorization", "admin,admin"),
        ("Authorization", "*"),
        ("Authorization", "☕"),
        ("Authorization", "\xa0admin"),
        ("Authorization", "Bearer admin"),
    ):
        yield _sent(f"header {name}: {ascii(value)[:40]}", 401, "/one", (name, value))
    admin = ("Authorization", "admin")
    yield _sent("no token", 401, "/one")
    yield _sent("same token twice", 401, "/one", admin, admin)
    yield _sent("token and another", 401, "/one", admin, ("Authorization", "x"))
    yield _sent("token twice in other cases", 401, "/one", admin, ("aUTHORIZATION", "admin"))
    yield _sent("token and an empty one", 401, "/one", admin, ("authorization", ""))
    yield _sent("token in the query", 401, "/one?Authorization=admin&authorizationToken=admin")
    yield _sent("blank before the colon", 400, "/one", ("Authorization ", "admin"))
    yield _sent("folded header", 400, "/one", ("X-A", "a\r\n Authorization: admin"))
    yield _sent("token with NUL", 400, "/one", ("Authorization", "admin\0"))
    yield _sent("oversized token", 431, "/one", ("Authorization", "a" * 11_000))
    chunks = b"1\r\nx\r\n0\r\nAuthorization: admin\r\n\r\n"
    yield Attempt("token in a trailer", lambda issuer: _Chunked("/two", body=chunks), 401)
    yield _sent("claims of a user pool", 401, "/pool", ("X-Amzn-Claims-Sub", "admin"), admin)


@dataclass(frozen=True)
class _Chunked(Sent):
    @property
    def wire(self) -> bytes:
        start = [
            "POST /two HTTP/1.1",
            f"Host: {HOST}",
            "Transfer-Encoding: chunked",
            "Trailer: Authorization",
        ]
        return "\r\n".join([*start, "", ""]).encode() + self.body


def paths() -> Iterator[Attempt]:
    """Paths that a router and a function might read differently; 200 is the public route, with no caller."""
    for target, status in (
        *(("/admin", 401), ("//admin", 401), ("///admin", 401), ("/admin/", 401), ("/admin//", 401)),
        *(
            ("/admin?x=1", 401),
            ("/admin/x", 401),
            ("/admin/%2e%2e/public/x", 401),
            ("/admin/../public/x", 401),
        ),
        *(("http://evil.example/admin", 401), ("http://evil.example//admin", 401)),
        *(("/%61dmin", 403), ("/./admin", 403), ("/ADMIN", 403), ("/admin;x=1", 403), ("/admin%00", 403)),
        *(("/admin%20", 403), ("/admin%2f", 403), ("/%2fadmin", 403), ("/admin.", 403), ("/admin%3Fx", 403)),
        *(("/public/../admin", 403), ("/public/%2e%2e/admin", 403), ("/public/..;/admin", 403)),
        *(("/public/%252e%252e/admin", 403), ("/public//admin", 200), ("/public/..%2fadmin", 403)),
        *(("/public/..%5cadmin", 403), ("/_berth/../admin", 404), ("/public", 403)),
    ):
        yield _sent(f"path {target}", status, target)
    yield _sent("original URL of another route", 200, "/public/x", ("X-Original-URL", "/admin"))
    yield _sent("method overridden to none", 403, "/public/x", ("X-HTTP-Method-Override", "DELETE"))
    for target in (
        *("secret", "%73ecret", "./secret", "x/../secret", "/secret", "secret/", "secret;a=1", "%2573ecret"),
        *(
            "x/%2e%2e/secret",
            "x%2f..%2fsecret",
            "x/..;/secret",
            "x%5c..%5csecret",
            "secrets/7",
            "secret%00",
            "secret%3Fx",
            "secret%3F/../../x",
        ),
    ):
        yield Attempt(
            f"denied file {target}",
            lambda issuer, target=target: _as("no-secrets", f"/files/{target}"),
            403,
        )
    for target in (
        *(
            "secret",
            "public/../secret",
            "public/%2e%2e/secret",
            "public/%252e%252e/secret",
            "public/..;/secret",
        ),
        *(
            "public%5c..%5csecret",
            "public/..%2fsecret",
            "PUBLIC/x",
            "publicx",
            "public",
            "./public/../secret",
        ),
    ):
        yield Attempt(
            f"file not allowed {target}",
            lambda issuer, target=target: _as("public-files", f"/files/{target}"),
            403,
        )


def policies() -> Iterator[Attempt]:
    """Policies asked about other methods, and answers kept for other callers."""
    one, two, admin = _as("only-one", "/one"), _as("only-one", "/two"), _as("admin", "/admin")
    reader, pair = _as("reader", "/two"), _pair("a,b", "c")
    overriding = replace(reader, headers=(*reader.headers, ("X-HTTP-Method-Override", "POST")))
    doubled = Sent("/pair", (("X-User", "a"), ("X-User", "b"), ("X-Tenant", "c")))
    nobody = _as("nobody", "/one")
    for name, sent, status, before in (
        ("denied everywhere", nobody, 403, ()),
        ("denied stays denied", nobody, 403, (nobody,)),
        ("allowed nowhere", _as("nothing", "/one"), 403, ()),
        ("allowed on another route", two, 403, ()),
        ("kept answer of another route", two, 403, (one, one)),
        ("kept answer for another method", replace(two, method="POST", body=b"x"), 403, (one,)),
        ("reader writes", replace(reader, method="POST"), 403, ()),
        ("reader writes by overriding", overriding, 403, (reader,)),
        ("reader deletes", _as("reader", "/admin", method="DELETE"), 403, (_as("reader", "/admin"),)),
        ("explicit deny beside an allow", _as("no-secrets", "/admin"), 403, ()),
        ("explicit deny below", _as("no-secrets", "/admin/x/y"), 403, ()),
        ("weaker token after a kept one", _as("only-one", "/admin"), 403, (admin,)),
        ("unknown token after a kept one", _as("admin2", "/admin"), 401, (admin,)),
        ("sources joined otherwise", _pair("a", "b,c"), 403, (pair,)),
        ("sources exchanged", _pair("c", "a,b"), 403, (pair,)),
        ("source in two lines", doubled, 401, (pair,)),
        ("one source empty", _pair("a,b,c", ""), 401, (pair,)),
        ("one source missing", Sent("/pair", (("X-User", "a,b,c"),)), 401, (pair,)),
        ("token of another authorizer", _pair("admin", "admin"), 403, (_as("admin", "/one"),)),
        ("kept sources as a token", _as("a,b", "/one"), 401, (pair,)),
    ):
        yield Attempt(name, lambda issuer, sent=sent: sent, status, before)


def _pair(user: str, tenant: str) -> Sent:
    return Sent("/pair", (("X-User", user), ("X-Tenant", tenant)))
