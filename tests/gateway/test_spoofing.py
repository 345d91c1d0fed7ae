"""Every known trick against authorizers, sent to a real gunicorn: none lets in a caller by a false name."""

from collections.abc import Iterator

import pytest

from kit.attempts import Attempt, headers, paths, policies
from kit.guarded_site import ENVIRON, HOST, Sent, make_site
from kit.issuers import Issuer, issuing
from kit.raw_http import exchange
from kit.servers import Reply, Server, start_gunicorn
from kit.signatures import sign
from kit.tables import for_each
from kit.token_attempts import EC, RSA, signatures, tokens

ATTEMPTS = (*headers(), *paths(), *policies(), *tokens(), *signatures())
PUBLIC = {"route": "GET /public/{proxy+}", "who": []}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing(RSA, EC) as issuer:
        yield issuer


@pytest.fixture(scope="module")
def server(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    project = make_site(tmp_path_factory.mktemp("guarded") / "project", issuer)
    server = start_gunicorn(project, environ=ENVIRON)
    yield server
    server.stop()


def _send(server: Server, sent: Sent) -> Reply:
    return exchange(server.port, sent.wire, sent.method)


@for_each("attempt", ATTEMPTS)
def test_attempt_is_refused_or_reaches_nobodys_route(
    attempt: Attempt, server: Server, issuer: Issuer
) -> None:
    for sent in attempt.before:
        _send(server, sent)
    reply = _send(server, attempt.make(issuer))
    assert reply.status == attempt.status
    if reply.status == 200:
        assert reply.json() == PUBLIC
    else:
        assert b"route" not in reply.body
    assert _send(server, Sent("/public/x")).json() == PUBLIC
    assert "inside Berth" not in "".join(server.log)


def test_attempts_are_many_and_each_has_its_own_name() -> None:
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS) >= 60


@pytest.mark.parametrize(
    ("target", "token", "who"),
    [
        ("/one", "admin", "admin"),
        ("/one", "only-one", "bob"),
        ("/two", "reader", "rita"),
        ("/files/public/x", "public-files", "dave"),
        ("/files/public/a/../b", "public-files", "dave"),
        ("/files/x", "no-secrets", "carol"),
        ("/admin", "admin", "admin"),
        ("//admin/", "admin", "admin"),
    ],
)
def test_token_opens_what_its_policy_allows(server: Server, target: str, token: str, who: str) -> None:
    reply = _send(server, Sent(target, (("authorization", token),)))
    assert (reply.status, reply.json()["who"]) == (200, [who])


@pytest.mark.parametrize(
    ("target", "claims"),
    [
        ("/jwt", {}),
        ("/jwt-scoped", {"scope": "x orders/read"}),
        ("/pool", {"token_use": "id"}),
        ("/pool-scoped", {"token_use": "access", "scope": "orders/read", "aud": None}),
    ],
)
def test_token_of_the_issuer_opens_its_routes(
    server: Server, issuer: Issuer, target: str, claims: dict[str, str]
) -> None:
    for key in (RSA, EC):
        token = issuer.make_token(key, **claims)
        reply = _send(server, Sent(target, (("Authorization", f"Bearer {token}"),)))
        assert (reply.status, reply.json()["who"]) == (200, ["alice"])


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [("GET", "/signed/a?x=1", b""), ("POST", "/signed/a", b"x"), ("GET", "/signed-http", b"")],
)
def test_signature_opens_what_was_signed(server: Server, method: str, target: str, body: bytes) -> None:
    headers = sign(method, f"https://{HOST}{target}", body=body)
    reply = _send(server, Sent(target, tuple(headers), method, body))
    assert (reply.status, reply.json()["who"]) == (200, ["AKIDEXAMPLE000000001"])


def test_two_sources_open_what_both_are_for(server: Server) -> None:
    reply = _send(server, Sent("/pair", (("X-User", "a,b"), ("X-Tenant", "c"))))
    assert reply.json() == {"route": "GET /pair", "who": ["a,b"]}


def test_issuer_was_asked_for_nothing_but_its_keys(server: Server, issuer: Issuer) -> None:
    _send(server, Sent("/jwt", (("Authorization", issuer.make_token(RSA)),)))
    assert set(issuer.asked) == {"/.well-known/openid-configuration", "/keys"}
