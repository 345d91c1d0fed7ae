"""JWT authorizers, user pools and AWS_IAM over HTTP, with a real issuer and botocore's signatures."""

from collections.abc import Iterator
from typing import Any

import pytest

from kit.authorizing_functions import routes_of
from kit.issuers import FUTURE, PAST, Issuer, ec_key, issuing, make_claims, make_token, rsa_key
from kit.servers import Reply, Server, write_function
from kit.signatures import ACCESS_KEY, SECRET, sign
from kit.tables import for_each
from kit.transports import (
    ECHO,
    REAL_SERVERS,
    TRANSPORTS,
    Transport,
    isolation_for,
    new_project,
    open_transport,
)

HOST = "api.example.com"
USER_ARN = "arn:aws:iam::123456789012:user/alice"
RSA, EC, LATER = rsa_key(), ec_key(), rsa_key("later")
UNAUTHORIZED = b'{"message":"Unauthorized"}'
FORBIDDEN = b'{"message":"Forbidden"}'
JWT_CLAIMS = {"sub": "alice", "aud": "orders", "iat": str(PAST), "nbf": str(PAST), "exp": str(FUTURE)}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing(RSA, EC) as issuer:
        yield issuer


@pytest.fixture(scope="module")
def gone() -> str:
    """The address of an issuer that is away."""
    with issuing() as gone:
        return gone.url


def _stage(issuer: Issuer, gone: str) -> dict[str, Any]:
    credential = {
        "accessKeyId": ACCESS_KEY,
        "environment": "SIGNER_SECRET",
        "accountId": "123456789012",
        "userArn": USER_ARN,
        "userId": "AIDAEXAMPLE",
    }
    pool = {"type": "COGNITO_USER_POOLS", "userPool": "eu-west-1_AbC"}
    return {
        "region": "eu-west-1",
        "authorizers": {
            "jwt": {"type": "JWT", "issuer": issuer.url, "audience": ["orders"]},
            "gone": {"type": "JWT", "issuer": gone, "audience": ["orders"]},
            "pool": {**pool, "issuer": issuer.url},
            "gone-pool": {**pool, "issuer": gone},
            "iam": {"type": "AWS_IAM", "credentials": [credential]},
        },
    }


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(
    request: pytest.FixtureRequest, issuer: Issuer, gone: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Transport]:
    stage = _stage(issuer, gone)
    project = new_project(tmp_path_factory.mktemp("tokens") / "project", dev=stage)
    isolation = isolation_for(request.param)
    scoped = {"authorizer": "jwt", "scopes": ["orders/read", "orders/write"]}
    rest = routes_of(GET_pool="pool", GET_goneforpool="gone-pool", GET_signed_id="iam", POST_signed_id="iam")
    rest += routes_of(GET_restjwt="jwt", GET_restscoped=scoped)
    rest += routes_of(GET_poolscoped={"authorizer": "pool", "scopes": ["orders/read"]})
    http = {
        "http1": routes_of(GET_jwt1="jwt", GET_signed1="iam"),
        "http2": routes_of(GET_jwt="jwt", GET_gone="gone", GET_scoped=scoped, GET_signed2="iam"),
    }
    write_function(project, "rest", ECHO, isolation=isolation, routes=rest)
    for name, routes in http.items():
        version = f"{name[-1]}.0"
        write_function(
            project, name, ECHO, isolation=isolation, api="http", payloadFormatVersion=version, routes=routes
        )
    write_function(project, "url", ECHO, isolation=isolation, api="url", routes=routes_of(GET_url="iam"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGNER_SECRET", SECRET)
        with open_transport(request.param, project) as opened:
            yield opened


def _bearing(server: Transport, token: str, target: str = "/jwt") -> Reply:
    return server.get(target, headers=[("Authorization", f"Bearer {token}")])


def _signed(server: Transport, target: str, method: str = "GET", body: bytes = b"", **options: Any) -> Reply:
    headers = sign(method, f"https://{HOST}{target}", body=body, **options)
    return server.send(method, target, [("Host", HOST), *headers], body or None)


def _context(reply: Reply) -> Any:
    assert reply.status == 200, reply
    return reply.json()["requestContext"]


def _assert_refused(reply: Reply, status: int, body: bytes, error_type: str | None = None) -> None:
    assert (reply.status, reply.body) == (status, body)
    assert reply.get("x-amzn-ErrorType") == error_type


@pytest.mark.parametrize("key", [RSA, EC], ids=["RSA", "EC"])
def test_claims_are_in_the_events_of_http_apis(server: Transport, issuer: Issuer, key: Any) -> None:
    claims = {**JWT_CLAIMS, "iss": issuer.url, "groups": "[a b]", "admin": "false"}
    token = issuer.make_token(key, groups=["a", "b"], admin=False)
    authorizer = {"claims": claims, "scopes": None}
    assert _context(_bearing(server, token))["authorizer"] == {"jwt": authorizer}
    assert _context(_bearing(server, token, "/jwt1"))["authorizer"] == authorizer


def test_claims_keep_their_types_in_the_events_of_rest_apis(server: Transport, issuer: Issuer) -> None:
    own = {"sub": 1234, "roles": ["user", "editor"], "address": {"city": "Zürich"}, "admin": False, "n": None}
    token = issuer.make_token(RSA, scope="orders/read", **own)
    times = {"iat": PAST, "nbf": PAST, "exp": FUTURE}
    claims = {"iss": issuer.url, "aud": "orders", "scope": "orders/read", **times, **own}
    del claims["n"]
    for target in ("/restjwt", "/restscoped"):
        context = _context(_bearing(server, token, target))
        assert context["authorizer"] == {"claims": claims}
        assert context["identity"]["user"] is None


def test_rest_api_refuses_tokens_in_its_own_words(server: Transport, issuer: Issuer) -> None:
    for changes in ({"exp": PAST}, {"aud": "other"}, {"aud": None, "client_id": "orders"}):
        reply = _bearing(server, issuer.make_token(RSA, **changes), "/restjwt")
        _assert_refused(reply, 401, UNAUTHORIZED, "UnauthorizedException")
    _assert_refused(server.get("/restjwt"), 401, UNAUTHORIZED, "UnauthorizedException")
    denied = b'{"Message":"User is not authorized to access this resource"}'
    reply = _bearing(server, issuer.make_token(RSA, scope="x"), "/restscoped")
    _assert_refused(reply, 403, denied, "AccessDeniedException")


def test_subject_may_be_a_number(server: Transport, issuer: Issuer) -> None:
    token = issuer.make_token(RSA, sub=1234, jti=7)
    claims = _context(_bearing(server, token))["authorizer"]["jwt"]["claims"]
    assert (claims["sub"], claims["jti"]) == ("1234", "7")
    assert _context(_bearing(server, token, "/jwt1"))["authorizer"]["claims"]["sub"] == "1234"
    pooled = issuer.make_token(RSA, sub=1234, token_use="id")
    assert _context(_bearing(server, pooled, "/pool"))["authorizer"]["claims"]["sub"] == "1234"


@pytest.mark.parametrize("server", REAL_SERVERS, indirect=True)
def test_log_says_why_a_token_is_refused_and_nothing_of_the_token(server: Server, issuer: Issuer) -> None:
    for changes, target, reason in (
        ({"exp": PAST}, "/jwt", "the token is not valid: ExpiredSignatureError"),
        ({"aud": "zanzibar"}, "/jwt", "the token is for another audience"),
        ({"scope": "zanzibar"}, "/scoped", "the token has none of the route's scopes"),
        ({"token_use": "zanzibar"}, "/pool", "the token is not an id token"),
    ):
        token = issuer.make_token(RSA, sub="zanzibar", **changes)
        count = "".join(server.log).count(reason)
        assert _bearing(server, token, target).status in {401, 403}
        server.await_log(reason, count=count + 1)
        assert not [part for part in ("zanzibar", *token.split(".")) if part in "".join(server.log)]


def test_scopes_that_the_route_knows_are_in_the_event(server: Transport, issuer: Issuer) -> None:
    token = issuer.make_token(RSA, scope="orders/write x")
    assert _context(_bearing(server, token, "/scoped"))["authorizer"]["jwt"]["scopes"] == ["orders/write"]


@for_each(
    "changes",
    [{"exp": PAST}, {"nbf": FUTURE}, {"aud": "other"}, {"iss": "https://issuer.example"}, {"exp": None}],
)
def test_token_that_is_not_valid_is_unauthorized(
    server: Transport, issuer: Issuer, changes: dict[str, Any]
) -> None:
    token = issuer.make_token(RSA, **changes) if "iss" not in changes else issuer.make_token(rsa_key("evil"))
    _assert_refused(_bearing(server, token), 401, UNAUTHORIZED)
    _assert_refused(_bearing(server, token, "/jwt1"), 401, UNAUTHORIZED)
    _assert_refused(_bearing(server, token, "/pool"), 401, UNAUTHORIZED, "UnauthorizedException")


@pytest.mark.parametrize("headers", [[], [("Authorization", "")], [("Authorization", "Bearer x")]])
def test_request_without_a_token_is_unauthorized(server: Transport, headers: list[tuple[str, str]]) -> None:
    _assert_refused(server.get("/jwt", headers=headers), 401, UNAUTHORIZED)
    _assert_refused(server.get("/pool", headers=headers), 401, UNAUTHORIZED, "UnauthorizedException")


def test_token_without_a_scope_of_the_route_is_forbidden(server: Transport, issuer: Issuer) -> None:
    token = issuer.make_token(RSA, scope="orders")
    _assert_refused(_bearing(server, token, "/scoped"), 403, FORBIDDEN)
    access = issuer.make_token(RSA, token_use="access", scope="orders")
    denied = b'{"Message":"User is not authorized to access this resource"}'
    _assert_refused(_bearing(server, access, "/poolscoped"), 403, denied, "AccessDeniedException")


def test_claims_of_a_user_pool_are_text(server: Transport, issuer: Issuer) -> None:
    claims = {"token_use": "id", "cognito:groups": ["a", "b"], "email_verified": True}
    reply = _bearing(server, issuer.make_token(RSA, **claims), "/pool")
    assert _context(reply)["authorizer"] == {
        "claims": {
            "iss": issuer.url,
            "aud": "orders",
            "sub": "alice",
            "iat": "Tue Nov 14 22:13:20 UTC 2023",
            "nbf": str(PAST),
            "exp": "Tue Oct 02 07:06:40 UTC 2096",
            "token_use": "id",
            "cognito:groups": "a,b",
            "email_verified": "true",
        }
    }


@pytest.mark.parametrize(
    ("target", "use", "status"),
    [
        ("/pool", "id", 200),
        ("/pool", "access", 401),
        ("/poolscoped", "id", 401),
        ("/poolscoped", "access", 200),
    ],
)
def test_user_pools_tokens_are_for_one_use(
    server: Transport, issuer: Issuer, target: str, use: str, status: int
) -> None:
    token = issuer.make_token(RSA, token_use=use, scope="orders/read")
    assert _bearing(server, token, target).status == status


def test_request_fails_when_the_issuer_is_away(server: Transport, gone: str) -> None:
    token = make_token(RSA, make_claims(iss=gone))
    for _ in range(2):
        _assert_refused(_bearing(server, token, "/gone"), 500, b'{"message":"Internal Server Error"}')
    reply = _bearing(server, token, "/goneforpool")
    _assert_refused(reply, 500, b'{"message":null}', "AuthorizerConfigurationException")


def test_issuer_is_asked_for_keys_as_rarely_as_can_be(server: Transport, issuer: Issuer) -> None:
    _bearing(server, issuer.make_token(RSA))
    asked = len(issuer.asked)
    assert [_bearing(server, issuer.make_token(key)).status for key in (RSA, EC, RSA)] == [200] * 3
    assert len(issuer.asked) == asked
    assert [_bearing(server, issuer.make_token(LATER)).status for _ in range(3)] == [401] * 3
    assert len(issuer.asked) <= asked + 2


def test_signer_is_in_the_events_identity(server: Transport) -> None:
    for target in ("/signed/7?a=1&b=2", "/signed1"):
        context = _context(_signed(server, target))
        assert "authorizer" not in context
        assert {name: context["identity"][name] for name in ("accessKey", "accountId", "caller")} == {
            "accessKey": ACCESS_KEY,
            "accountId": "123456789012",
            "caller": "AIDAEXAMPLE",
        }
        assert (context["identity"]["user"], context["identity"]["userArn"]) == ("AIDAEXAMPLE", USER_ARN)


def test_signer_is_the_authorizer_of_version_2(server: Transport) -> None:
    iam = {
        "accessKey": ACCESS_KEY,
        "accountId": "123456789012",
        "callerId": "AIDAEXAMPLE",
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": USER_ARN,
        "userId": "AIDAEXAMPLE",
    }
    assert _context(_signed(server, "/signed2"))["authorizer"] == {"iam": iam}
    context = _context(_signed(server, "/url", service="lambda"))
    assert (context["authorizer"], context["accountId"]) == ({"iam": iam}, "123456789012")


def test_signed_body_reaches_the_function(server: Transport) -> None:
    reply = _signed(server, "/signed/a%20b", "POST", b'{"item": "anchor"}')
    assert reply.json()["body"] == '{"item": "anchor"}'


MISSING = b'{"message":"Missing Authentication Token"}'
INVALID = b'{"message":"The request signature is not valid."}'


@pytest.mark.parametrize(
    ("target", "missing", "invalid"),
    [
        (
            "/signed/7",
            (MISSING, "MissingAuthenticationTokenException"),
            (INVALID, "InvalidSignatureException"),
        ),
        ("/signed1", (FORBIDDEN, None), (FORBIDDEN, None)),
        ("/signed2", (FORBIDDEN, None), (FORBIDDEN, None)),
        ("/url", *[(b'{"Message":"Forbidden"}', "AccessDeniedException")] * 2),
    ],
)
def test_request_is_refused_without_a_valid_signature(
    server: Transport, target: str, missing: tuple[bytes, str | None], invalid: tuple[bytes, str | None]
) -> None:
    service = "lambda" if target == "/url" else "execute-api"
    assert _signed(server, target, service=service).status == 200
    _assert_refused(server.get(target), 403, *missing)
    _assert_refused(_signed(server, target, service=service, secret="other"), 403, *invalid)
    _assert_refused(_signed(server, target, service=service, region="us-east-1"), 403, *invalid)
    _assert_refused(_signed(server, target, service="s3"), 403, *invalid)
    _assert_refused(_signed(server, target, service=service, key="AKIDEXAMPLE000000009"), 403, *invalid)
    _assert_refused(_signed(server, target, service=service, at=FUTURE), 403, *invalid)
