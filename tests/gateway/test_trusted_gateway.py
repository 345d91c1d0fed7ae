"""Which gateway a stage trusts, by token and prefix, and that no client can speak in its place."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.servers import Reply, start_gunicorn, write_function
from kit.tables import for_each
from kit.transports import ECHO, TRANSPORTS, Transport, isolation_for, new_project, open_transport

PREFIX, TOKEN, NEXT_TOKEN = "X-Berth-0123456789abcdef-", "a" * 32, "b" * 32
SECRETS = {"TEST_PREFIX": PREFIX, "TEST_TOKEN": TOKEN, "IAM_SECRET": "s" * 40}
AUTHORIZERS = {
    "lambda": {"type": "TOKEN", "function": "echo"},
    "simple": {"type": "REQUEST", "function": "echo", "identitySource": "$request.header.Authorization"},
    "jwt": {"type": "JWT", "issuer": "https://issuer.example", "audience": ["us"]},
    "pool": {
        "type": "COGNITO_USER_POOLS",
        "userPool": "eu-west-1_AbCdEf",
        "issuer": "https://issuer.example",
    },
    "iam": {"type": "AWS_IAM", "credentials": [{"accessKeyId": "A" * 20, "environment": "IAM_SECRET"}]},
}


def _stage(folder: Path) -> dict[str, Any]:
    """The one token in the environment, the other in a file."""
    (folder / "next-token").write_text(f"{NEXT_TOKEN}\n")
    return {
        "authorizersRunIn": "gateway",
        "cors": {"allowOrigins": ["*"]},
        "authorizers": AUTHORIZERS,
        "apiKeys": [{"id": "ours", "sha256": "0" * 64}],
        "gateway": {
            "trust": "token",
            "prefix": {"environment": "TEST_PREFIX"},
            "tokens": [{"environment": "TEST_TOKEN"}, {"file": str(folder / "next-token")}],
            "context": ["tenant", "role"],
        },
    }


REST_ROUTES = [
    {"method": "ANY", "path": "/open"},
    {"method": "ANY", "path": "/lambda", "authorizer": "lambda"},
    {"method": "ANY", "path": "/pool", "authorizer": "pool"},
    {"method": "ANY", "path": "/jwt", "authorizer": "jwt"},
    {"method": "ANY", "path": "/iam", "authorizer": "iam"},
    {"method": "ANY", "path": "/key", "apiKeyRequired": True},
]
HTTP_ROUTES = [
    {"method": "ANY", "path": "/http/open"},
    {"method": "ANY", "path": "/http/simple", "authorizer": "simple"},
    {"method": "ANY", "path": "/http/jwt", "authorizer": "jwt", "scopes": ["read", "write"]},
    {"method": "ANY", "path": "/http/iam", "authorizer": "iam"},
]
# Headers by which a client might claim an identity.
FORGED = [
    ("Principal-Id", "eve"),
    ("Auth-1", "victim"),
    ("Claim-Sub", "eve"),
    ("Iam-User-Arn", "arn:aws:iam::123456789012:user/eve"),
    ("Api-Key", "eve"),
    ("Api-Key-Id", "eve"),
]
Headers = list[tuple[str, str]]


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    folder = tmp_path_factory.mktemp("trust")
    project = new_project(folder / "project", dev=_stage(folder))
    isolation = isolation_for(request.param)
    write_function(project, "echo", ECHO, isolation=isolation, routes=REST_ROUTES)
    write_function(project, "http", ECHO, isolation=isolation, routes=HTTP_ROUTES, api="http")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        with open_transport(request.param, project) as opened:
            yield opened


def _told(**values: str) -> Headers:
    """The headers of a gateway that has proved itself; `Principal_Id` for `Principal-Id`."""
    return [
        (f"{PREFIX}Token", TOKEN),
        *((f"{PREFIX}{name.replace('_', '-')}", value) for name, value in values.items()),
    ]


def _identity(reply: Reply) -> Any:
    assert reply.status == 200, reply.body
    return reply.json()["requestContext"].get("authorizer")


@pytest.mark.parametrize("token", [TOKEN, NEXT_TOKEN])
def test_either_token_is_valid_while_one_takes_the_others_place(server: Transport, token: str) -> None:
    assert server.get("/open", headers=[(f"{PREFIX}Token", token)]).status == 200


@pytest.mark.parametrize("path", ["/open", "/http/open", "/nowhere"])
@for_each(
    "headers",
    [
        [],
        [(f"{PREFIX}Token", "")],
        [(f"{PREFIX}Token", "c" * 32)],
        [(f"{PREFIX}Token", TOKEN.upper())],
        [(f"{PREFIX}Token", f"{TOKEN}x")],
        [(f"{PREFIX}Token", f"{TOKEN},{TOKEN}")],
        [(f"{PREFIX}Token", TOKEN), (f"{PREFIX}Token", TOKEN)],
        [(f"{PREFIX}Token", "c" * 32), (f"{PREFIX.lower()}token", TOKEN)],
        [(f"{PREFIX}Token", "schlüssel")],
        [("X-Berth-Token", TOKEN)],
        [("X-Berth-0123456789abcdee-Token", TOKEN)],
        [(f"{PREFIX[:-1]}_Token", TOKEN)],
        [("Authorization", TOKEN)],
    ],
)
def test_request_is_forbidden_before_anything_else_without_a_token(
    server: Transport, path: str, headers: Headers
) -> None:
    reply = server.get(path, headers=headers)
    assert (reply.status, reply.body) == (403, b'{"message":"Forbidden"}')


@pytest.mark.parametrize("path", ["/http/open", "/open", "/_berth/x"])
def test_preflight_request_needs_a_token_as_well(server: Transport, path: str) -> None:
    asking = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")]
    reply = server.send("OPTIONS", path, asking)
    assert (reply.status, reply.body) == (403, b'{"message":"Forbidden"}')
    assert reply.get("Access-Control-Allow-Origin") is None


def test_health_needs_no_token(server: Transport) -> None:
    assert server.get("/_berth/health/live").status == 200


@for_each(
    "name, value",
    [
        ("Account-Id", "12345678901x"),
        ("Request-Id", "a b"),
        ("Source-Ip", "203.0.113.7, 6.6.6.6"),
        ("Protocol", "HTTP/1.1 evil"),
        ("Http-Method", "get"),
        ("Request-Time-Epoch", "-1"),
        ("Path", "orders"),
        ("Domain-Name", "a/b"),
        ("Stage", "a/b"),
    ],
)
def test_value_that_is_not_of_its_form_is_refused(server: Transport, name: str, value: str) -> None:
    reply = server.get("/open", headers=[*_told(), (f"{PREFIX}{name}", value)])
    assert (reply.status, reply.body) == (400, b'{"message":"Bad Request"}')


def test_value_that_comes_twice_is_refused(server: Transport) -> None:
    twice = [(f"{PREFIX}Principal-Id", "ada"), (f"{PREFIX.lower()}principal-id", "ada")]
    assert server.get("/lambda", headers=[*_told(), *twice]).status == 400


@pytest.mark.parametrize("name", ["open", "http/open"])
def test_nothing_of_the_gateways_is_in_an_event(server: Transport, name: str) -> None:
    headers = [*_told(Stage="prod"), *((f"X-Berth-guess-{each}", value) for each, value in FORGED)]
    event = server.get(f"/{name}", headers=headers).json()
    assert "berth" not in json.dumps(event["headers"]).lower()
    assert TOKEN not in json.dumps(event)


def test_lambda_authorizers_context_is_what_the_gateway_tells(server: Transport) -> None:
    told = _told(Principal_Id="ada", Auth_1="acme", Auth_2="admin")
    expected = {"tenant": "acme", "role": "admin", "principalId": "ada", "integrationLatency": 0}
    assert _identity(server.get("/lambda", headers=told)) == expected
    assert _identity(server.get("/http/simple", headers=told)) == {
        "lambda": {"tenant": "acme", "role": "admin"}
    }


def test_value_that_the_gateway_left_out_cannot_be_said_by_the_client(server: Transport) -> None:
    guesses = [(f"{prefix}Auth-1", "victim") for prefix in ("X-Berth-", "X-Berth-00000000-", "X-Auth-", "")]
    expected = {"principalId": "ada", "integrationLatency": 0}
    assert _identity(server.get("/lambda", headers=[*guesses, *_told(Principal_Id="ada")])) == expected


def _token(**claims: Any) -> str:
    parts = ({"alg": "RS256", "kid": "1"}, {**ISSUED, "scope": "read", **claims})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "c2ln"])


ISSUED = {"iss": "https://issuer.example", "aud": "us", "token_use": "id"}
CLAIMS = {
    "sub": "ada",
    "cognito:groups": ["a", "b"],
    "custom:tenant": "acme",
    "exp": 1469818373,
    "email_verified": True,
    "scope": "read other",
}


def test_claims_are_the_tokens_whose_subject_the_gateway_tells(server: Transport) -> None:
    headers = [*_told(Claim_Sub="ada"), ("Authorization", f"Bearer {_token(**CLAIMS)}")]
    assert _identity(server.get("/pool", headers=headers)) == {
        "claims": {
            "sub": "ada",
            "cognito:groups": "a,b",
            "custom:tenant": "acme",
            "exp": "Fri Jul 29 18:52:53 UTC 2016",
            "email_verified": "true",
            "scope": "read other",
            **ISSUED,
        }
    }
    assert _identity(server.get("/http/jwt", headers=headers)) == {
        "jwt": {
            "claims": {
                "sub": "ada",
                "cognito:groups": "[a b]",
                "custom:tenant": "acme",
                "exp": "1469818373",
                "email_verified": "true",
                "scope": "read other",
                **ISSUED,
            },
            "scopes": ["read"],
        }
    }


@pytest.mark.parametrize("path", ["/pool", "/http/jwt"])
@for_each(
    "headers",
    [
        [("Authorization", f"Bearer {_token(sub='ada')}")],
        [(f"{PREFIX}Claim-Sub", "ada")],
        [(f"{PREFIX}Claim-Sub", "eve"), ("Authorization", f"Bearer {_token(sub='ada')}")],
        [(f"{PREFIX}Claim-Sub", "ada"), ("Authorization", f"Bearer {_token(subject='ada')}")],
        [(f"{PREFIX}Claim-Sub", ""), ("Authorization", f"Bearer {_token(sub='')}")],
        [(f"{PREFIX}Claim-Sub", "ada"), ("Authorization", "Bearer nonsense")],
        [(f"{PREFIX}Claim-Sub", "ada"), ("Authorization", "a.W10.c")],
        [
            (f"{PREFIX}Claim-Sub", "ada"),
            ("Authorization", _token(sub="ada")),
            ("Authorization", _token(sub="ada")),
        ],
        [(f"{PREFIX}Claim-Sub", "01"), ("Authorization", f"Bearer {_token(sub=1)}")],
        [(f"{PREFIX}Claim-Sub", "1"), ("Authorization", f"Bearer {_token(sub=True)}")],
        [(f"{PREFIX}Claim-Sub", "true"), ("Authorization", f"Bearer {_token(sub=True)}")],
        [(f"{PREFIX}Claim-Sub", "[1]"), ("Authorization", f"Bearer {_token(sub=[1])}")],
        [(f"{PREFIX}Claim-Sub", "null"), ("Authorization", f"Bearer {_token(sub=None)}")],
        [(f"{PREFIX}Claim-Sub", "ada"), ("Authorization", f"Bearer {_token(sub='ada', iss='https://eve')}")],
        [(f"{PREFIX}Claim-Sub", "ada"), ("Authorization", f"Bearer {_token(sub='ada', iss=None)}")],
    ],
)
def test_token_that_the_gateway_has_not_verified_is_nobodys(
    server: Transport, path: str, headers: Headers
) -> None:
    reply = server.get(path, headers=[*_told(), *headers])
    assert (reply.status, reply.body) == (401, b'{"message":"Unauthorized"}')


def test_subject_that_is_a_number_is_the_text_that_the_gateway_tells(server: Transport) -> None:
    headers = [*_told(Claim_Sub="1234"), ("Authorization", f"Bearer {_token(sub=1234)}")]
    assert _identity(server.get("/http/jwt", headers=headers))["jwt"]["claims"]["sub"] == "1234"
    assert _identity(server.get("/pool", headers=headers))["claims"]["sub"] == "1234"


@pytest.mark.parametrize(
    ("told", "subject"), [('"ada"', "ada"), ("1234", 1234), ('"1234"', "1234"), ('"\\u00E9\\/"', "é/")]
)
def test_claims_of_a_rest_apis_jwt_are_those_whose_subject_is_told_as_json(
    server: Transport, told: str, subject: object
) -> None:
    token = _token(sub=subject, exp=1469818373, roles=["a"])
    reply = server.get("/jwt", headers=[*_told(Claim_Sub=told), ("Authorization", f"Bearer {token}")])
    assert _identity(reply) == {
        "claims": {"sub": subject, "exp": 1469818373, "roles": ["a"], "scope": "read", **ISSUED}
    }


@for_each(
    "told, subject",
    [
        ("ada", "ada"),
        ('"eve"', "ada"),
        ('"1234"', 1234),
        ("1234", "1234"),
        ("1", True),
        ("null", None),
        ('""', ""),
    ],
)
def test_rest_apis_jwt_is_nobodys_when_the_gateway_tells_another_subject(
    server: Transport, told: str, subject: object
) -> None:
    headers = [*_told(Claim_Sub=told), ("Authorization", f"Bearer {_token(sub=subject)}")]
    assert server.get("/jwt", headers=headers).status == 401


def test_header_names_are_the_clients_behind_a_gateway_too(server: Transport) -> None:
    sent = [("x-api-TOKEN", "1"), ("host", "backend"), ("user-agent", "AmazonAPIGateway_x")]
    told = _told(Domain_Name="api.example.com", User_Agent="curl")
    headers = server.get("/open", headers=[*sent, *told]).json()["headers"]
    assert {name: headers.get(name) for name in ("x-api-TOKEN", "Host", "User-Agent")} == {
        "x-api-TOKEN": "1",
        "Host": "api.example.com",
        "User-Agent": "curl",
    }
    assert not {"host", "user-agent", "X-Api-Token"} & set(headers)


@for_each(
    "path, claims, status",
    [
        ("/http/jwt", {"aud": "others"}, 401),
        ("/http/jwt", {"aud": None, "client_id": "others"}, 401),
        ("/http/jwt", {"scope": "other"}, 403),
        ("/http/jwt", {"scope": None}, 403),
        ("/pool", {"token_use": "access"}, 401),
        ("/pool", {"token_use": None}, 401),
    ],
)
def test_token_that_is_for_something_else_is_refused(
    server: Transport, path: str, claims: dict[str, Any], status: int
) -> None:
    token = _token(sub="ada", **claims)
    headers = [*_told(Claim_Sub="ada"), ("Authorization", f"Bearer {token}")]
    assert server.get(path, headers=headers).status == status


def test_signer_is_whom_the_gateway_tells(server: Transport) -> None:
    arn = "arn:aws:iam::123456789012:user/ada"
    told = _told(Iam_User_Arn=arn, Iam_User="AIDA1", Iam_Caller="AIDA1", Iam_Account_Id="123456789012")
    identity = server.get("/iam", headers=told).json()["requestContext"]["identity"]
    assert (identity["userArn"], identity["user"], identity["accountId"]) == (arn, "AIDA1", "123456789012")
    assert _identity(server.get("/http/iam", headers=told))["iam"]["userArn"] == arn


@for_each("path", ["/lambda", "/pool", "/iam", "/http/jwt", "/http/iam", "/http/simple"])
def test_caller_whom_the_gateway_does_not_know_is_refused(server: Transport, path: str) -> None:
    assert server.get(path, headers=_told()).status == 401


def test_api_key_is_the_gateways_to_check(server: Transport) -> None:
    told = _told(Api_Key="secret", Api_Key_Id="abc")
    identity = server.get("/key", headers=told).json()["requestContext"]["identity"]
    assert (identity["apiKey"], identity["apiKeyId"]) == ("secret", "abc")
    assert server.get("/key", headers=[*_told(), ("X-Api-Key", "secret")]).status == 403


@pytest.mark.parametrize("path", ["/open", "/http/open"])
def test_value_is_not_read_where_the_route_cannot_have_it(server: Transport, path: str) -> None:
    headers = [*_told(), *((f"{PREFIX}{name}", value) for name, value in FORGED)]
    context = server.get(path, headers=headers).json()["requestContext"]
    assert "authorizer" not in context
    assert "eve" not in json.dumps(context)


def test_secrets_are_in_no_log(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project", dev=_stage(tmp_path))
    write_function(project, "echo", ECHO, routes=REST_ROUTES)
    log_format = f"%(r)s %({{{PREFIX.lower()}token}}i)s"
    environ = {**SECRETS, "GUNICORN_CMD_ARGS": f"--access-logfile - --access-logformat '{log_format}'"}
    with start_gunicorn(project, environ=environ) as server:
        assert server.get("/open", headers=_told()).status == 200
        assert server.get("/open", headers=[(f"{PREFIX}Token", "d" * 32)]).status == 403
        server.await_log("GET /open HTTP/1.1 -", count=2)
        server.await_log("no valid gateway token (1 so far)")
        log = "".join(server.log)
    assert not [secret for secret in (TOKEN, NEXT_TOKEN, "d" * 32, PREFIX, PREFIX.lower()) if secret in log]
