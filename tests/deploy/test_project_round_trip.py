"""One stage with a REST API and an HTTP API, both by their documents, in front of one gunicorn."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from berth.model.call import ANONYMOUS
from kit.api_gateway.apis import GATEWAY, SECRETS, WAYS, Api, read_api
from kit.api_gateway.authorizing import Callers
from kit.api_gateway.differences import DIFFERENCES, differing
from kit.api_gateway.gateway import ApiGateway, Balancer, Lines, Sent
from kit.api_gateway.lambda_event import lambda_event
from kit.servers import ROOT, Reply, start_gunicorn, write_function
from kit.tables import for_each
from kit.transports import ECHO, new_project

ISSUER = "https://issuer.example"
STAGE = {
    "region": "eu-west-1",
    "accountId": "111122223333",
    "stageVariables": {"host": "db.internal"},
    "authorizersRunIn": "gateway",
    "cors": {"allowOrigins": ["https://www.example.com"], "maxAge": 60},
    "apiKeys": [{"id": "ours", "sha256": "0" * 64}],
    "authorizers": {
        "gate": {"type": "TOKEN", "function": "gate"},
        "session": {"type": "REQUEST", "function": "gate", "identitySource": "$request.header.Cookie"},
        "pool": {"type": "COGNITO_USER_POOLS", "userPool": "eu-west-1_AbCdEf", "issuer": ISSUER},
        "jwt": {"type": "JWT", "issuer": ISSUER, "audience": ["us"]},
        "iam": {"type": "AWS_IAM", "credentials": [{"accessKeyId": "A" * 20, "environment": "SIGNER"}]},
    },
    "gateway": {**GATEWAY, "variables": ["host"], "context": ["tenant", "role"]},
}


def _route(method: str, path: str, **more: Any) -> dict[str, Any]:
    return {"method": method, "path": path, **more}


REST_ROUTES = [
    _route("ANY", "/"),
    _route("ANY", "/{proxy+}"),
    _route("GET", "/orders/{id}"),
    _route("GET", "/gate", authorizer="gate"),
    _route("GET", "/pool", authorizer="pool"),
    _route("GET", "/jwt", authorizer="jwt"),
    _route("GET", "/iam", authorizer="iam"),
    _route("GET", "/key", apiKeyRequired=True),
    _route("GET", "/found", requestParameters={"method.request.querystring.page": True}),
    _route("POST", "/jobs", authorizer="jwt", invocation="async"),
]
HTTP_ROUTES = [
    _route("ANY", "$default"),
    _route("GET", "/pets/{id}"),
    _route("ANY", "/files/{path+}"),
    _route("GET", "/session", authorizer="session"),
    _route("GET", "/token", authorizer="jwt", scopes=["read", "write"]),
    _route("GET", "/signed", authorizer="iam"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = new_project(tmp_path_factory.mktemp("both") / "project", prod=STAGE)
    write_function(project, "rest", ECHO, routes=REST_ROUTES)
    write_function(project, "http", ECHO, routes=HTTP_ROUTES, api="http")
    write_function(project, "old", ECHO, "GET /old/{id}", api="http", payloadFormatVersion="1.0")
    write_function(project, "gate", ECHO)
    return project


@pytest.fixture(scope="module")
def address(project: Path) -> Iterator[str]:
    environ = {**SECRETS, "BERTH_STAGE": "prod", "SIGNER": "s" * 40}
    environ["BERTH_QUEUE_URL"] = f"sqlite:///{project}/events.db"
    with start_gunicorn(project, environ=environ) as server:
        yield f"127.0.0.1:{server.port}"


@pytest.fixture(scope="module")
def apis(project: Path) -> Mapping[tuple[str, str], Api]:
    """The API of each kind, by the kind and the load balancer."""
    pairs = [(kind, balancer) for kind in ("rest", "http") for balancer in ("alb", "nlb")]
    return {(kind, balancer): read_api(project, balancer, kind=kind) for kind, balancer in pairs}


def _token(**claims: Any) -> str:
    parts = ({"alg": "RS256"}, {"iss": ISSUER, "aud": "us", "token_use": "id", "sub": "ada", **claims})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "c2ln"])


BEARER = [("Authorization", f"Bearer {_token(scope='read other', roles=['a', 'b'])}")]
CLAIMS = {"sub": "ada", "scope": "read other"}
SIGNER = {
    "accountId": "111122223333",
    "caller": "AIDA1",
    "user": "AIDA1",
    "userArn": "arn:aws:iam::111122223333:user/ada",
    "principalOrgId": "o-1234567890",
    "cognitoIdentityId": "eu-west-1:0a1b",
    "cognitoIdentityPoolId": "eu-west-1:2c3d",
}
LAMBDA = {"principalId": "ada", "tenant": "acme", "role": "7", "colour": "red"}
CALLERS = Callers(
    {"gate": LAMBDA, "session": {**LAMBDA, "role": 7}, "pool": CLAIMS, "jwt": CLAIMS, "iam": SIGNER},
    {"secret": "ours"},
)


def _gateway(
    apis: Mapping[tuple[str, str], Api], kind: str, way: Balancer, address: str, **options: Any
) -> ApiGateway:
    stage = "prod" if kind == "rest" else "$default"
    return apis[kind, way.kind].behind(way, address, stage, callers=CALLERS, **options)


def _event(gateway: ApiGateway, sent: Sent) -> dict[str, Any]:
    reply = gateway.send(sent)
    assert reply.status == 200, reply.body
    event: dict[str, Any] = reply.json()
    return event


def _expected(apis: Mapping[tuple[str, str], Api], gateway: ApiGateway, kind: str, sent: Sent) -> Any:
    received = gateway.receive(sent)
    routes = apis[kind, "alb"].deployment.routes
    key = received.found.route_key if kind == "http" else None
    route = next(each for each in routes if str(each.key) == key or each.key.path == received.found.path)
    return lambda_event(gateway, received, route, ANONYMOUS)


UTF_8 = "caf\xc3\xa9"
REQUESTS = {
    "rest": [
        Sent("GET", "/prod"),
        Sent("GET", "/prod/"),
        Sent("GET", "/prod/orders/7"),
        Sent("GET", "/prod/orders/7/"),
        Sent("GET", "/prod/orders/a%2Fb"),
        Sent("GET", "/prod/orders/a%20b+c%2B%25"),
        Sent("GET", "/prod/prod/x"),
        Sent("GET", "/prod//double//slash/"),
        Sent("PUT", "/prod/a%252Fb/%E2%98%95"),
        Sent("GET", "/prod/found?page=1&a=1%2B1&b=a+b&a=2&c="),
        Sent("POST", "/prod/x", [("Content-Type", "text/plain"), ("X-One", "1"), ("X-One", "2")], b"body"),
        Sent("POST", "/prod/x", [("Content-Encoding", "gzip"), ("Content-Type", "a/b")], b"\xff\x00"),
        Sent(
            "GET",
            "/prod/x",
            [("Cookie", "a=1; b=2"), ("User-Agent", "curl/8"), ("accept", "application/json")],
        ),
        Sent("GET", "/prod/x", [("X-Forwarded-For", "6.6.6.6"), ("Via", "1.1 proxy"), ("X-Name", UTF_8)]),
        Sent("GET", "/prod/x", [("X-Berth-0123456789abcdef-Path", "/prod/forged"), ("X-Berth-Token", "x")]),
    ],
    "http": [
        Sent("GET", "/"),
        Sent("GET", "/anything/else/"),
        Sent("GET", "/pets/7?a=1&a=2&b=%2F&c"),
        Sent("GET", "/pets/a%20b"),
        Sent("GET", "/files/a%2Fb/%E2%98%95/"),
        Sent("GET", "/old/a%20b?x=1"),
        Sent("POST", "/x", [("content-type", "application/json"), ("cookie", "a=1; b=2")], b"{}"),
        Sent("POST", "/x", [("content-type", "application/x-www-form-urlencoded")], b"a=1"),
        Sent("GET", "/x", [("x-one", "1"), ("x-one", "2"), ("user-agent", "curl/8"), ("x-name", UTF_8)]),
        Sent("GET", "/x", [("Forwarded", "for=6.6.6.6")]),
        Sent("GET", "/x", [("X-Berth-0123456789abcdef-Path", "/forged")]),
    ],
}


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("kind", REQUESTS)
def test_event_is_the_one_that_lambda_would_have_got(
    kind: str, way: Balancer, apis: Mapping[tuple[str, str], Api], address: str
) -> None:
    gateway = _gateway(apis, kind, way, address)
    differences = {}
    for sent in REQUESTS[kind]:
        clients = [line for line in sent.headers if not line[0].startswith("X-Berth-")]
        expected = _expected(apis, gateway, kind, Sent(sent.method, sent.target, clients, sent.body))
        differences[sent.target] = list(differing(expected, _event(gateway, sent)))
    assert {target: found for target, found in differences.items() if found} == {}


@pytest.mark.parametrize("way", WAYS, ids=str)
@for_each(
    "target", ["/shop", "/shop/", "/shop/orders/7", "/shop/orders/a%2Fb/", "/shop/shop/x", "/shop/prod"]
)
def test_base_path_of_a_custom_domain_is_in_the_path_alone(
    target: str, way: Balancer, apis: Mapping[tuple[str, str], Api], address: str
) -> None:
    gateway = _gateway(apis, "rest", way, address, custom_domain="/shop")
    sent = Sent("GET", target)
    assert list(differing(_expected(apis, gateway, "rest", sent), _event(gateway, sent))) == []


# What API Gateway's own authorizers have found out: the path, what is sent, and the differences from what
# Lambda gets, by the keys of events.
AUTHORIZED: list[tuple[str, str, Lines, dict[str, Any], dict[str, str]]] = [
    (
        "rest",
        "/prod/gate",
        [("Authorization", "x")],
        {"principalId": "ada", "tenant": "acme", "role": "7", "integrationLatency": 0},
        {"colour": "keys", "integrationLatency": "latency"},
    ),
    (
        "rest",
        "/prod/pool",
        BEARER,
        {
            "claims": {
                "iss": ISSUER,
                "aud": "us",
                "token_use": "id",
                "sub": "ada",
                "scope": "read other",
                "roles": "a,b",
            }
        },
        {},
    ),
    (
        "rest",
        "/prod/jwt",
        BEARER,
        {
            "claims": {
                "iss": ISSUER,
                "aud": "us",
                "token_use": "id",
                "sub": "ada",
                "scope": "read other",
                "roles": ["a", "b"],
            }
        },
        {},
    ),
    (
        "http",
        "/session",
        [("Cookie", "a=1")],
        {"lambda": {"tenant": "acme", "role": "7"}},
        {"colour": "keys", "role": "types"},
    ),
    (
        "http",
        "/token",
        BEARER,
        {
            "jwt": {
                "claims": {
                    "iss": ISSUER,
                    "aud": "us",
                    "token_use": "id",
                    "sub": "ada",
                    "scope": "read other",
                    "roles": "[a b]",
                },
                "scopes": ["read"],
            }
        },
        {},
    ),
    (
        "http",
        "/signed",
        [],
        {
            "iam": {
                "accessKey": None,
                "accountId": "111122223333",
                "callerId": "AIDA1",
                "cognitoIdentity": {
                    "amr": None,
                    "identityId": "eu-west-1:0a1b",
                    "identityPoolId": "eu-west-1:2c3d",
                },
                "principalOrgId": "o-1234567890",
                "userArn": "arn:aws:iam::111122223333:user/ada",
                "userId": "AIDA1",
            }
        },
        {"accessKey": "access key", "amr": "amr"},
    ),
]


@for_each("kind, target, headers, authorizer, differences", AUTHORIZED)
def test_caller_is_whom_api_gateway_has_found(
    kind: str,
    target: str,
    headers: Lines,
    authorizer: dict[str, Any],
    differences: dict[str, str],
    apis: Mapping[tuple[str, str], Api],
    address: str,
) -> None:
    event = _event(_gateway(apis, kind, WAYS[1], address), Sent("GET", target, headers))
    assert event["requestContext"]["authorizer"] == authorizer
    assert {*differences.values()} <= DIFFERENCES.keys()


def test_signer_and_key_are_in_the_identity_of_a_rest_api(
    apis: Mapping[tuple[str, str], Api], address: str
) -> None:
    gateway = _gateway(apis, "rest", WAYS[1], address)
    identity = _event(gateway, Sent("GET", "/prod/iam"))["requestContext"]["identity"]
    assert {name: identity[name] for name in (*SIGNER, "accessKey")} == {**SIGNER, "accessKey": None}
    keyed = _event(gateway, Sent("GET", "/prod/key", [("X-Api-Key", "secret")]))["requestContext"]["identity"]
    assert (keyed["apiKey"], keyed["apiKeyId"]) == ("secret", "ours")


def test_chain_of_an_http_apis_client_is_in_forwarded(
    apis: Mapping[tuple[str, str], Api], address: str
) -> None:
    """The one difference of requests that needs no authorizer: DIFFERENCES["chain"]."""
    gateway = _gateway(apis, "http", WAYS[1], address)
    headers = _event(gateway, Sent("GET", "/x", [("X-Forwarded-For", "6.6.6.6")]))["headers"]
    assert (headers["x-forwarded-for"], headers["forwarded"]) == ("203.0.113.77", "for=6.6.6.6")


@for_each(
    "kind, sent, status",
    [
        ("rest", Sent("GET", "/prod/gate"), 401),
        ("rest", Sent("GET", "/prod/key"), 403),
        ("rest", Sent("GET", "/prod/found"), 400),
        ("http", Sent("GET", "/token", BEARER), 403),
    ],
)
def test_document_lets_nobody_through_who_should_not_be(
    kind: str, sent: Sent, status: int, apis: Mapping[tuple[str, str], Api], address: str
) -> None:
    gateway = apis[kind, "alb"].behind(
        WAYS[1],
        address,
        "prod" if kind == "rest" else "$default",
        callers=Callers({"jwt": {"sub": "ada", "scope": "other"}}),
    )
    assert gateway.send(sent).status == status


def test_preflight_request_is_answered_by_the_document(
    apis: Mapping[tuple[str, str], Api], address: str
) -> None:
    reply = _gateway(apis, "rest", WAYS[0], address).send(Sent("OPTIONS", "/prod/orders/7"))
    assert (reply.status, dict(reply.headers)) == (
        200,
        {
            "Access-Control-Allow-Origin": "https://www.example.com",
            "Access-Control-Allow-Methods": "GET,OPTIONS",
            "Access-Control-Max-Age": "60",
        },
    )


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_page_of_an_invocation_is_read_through_the_document(
    way: Balancer, apis: Mapping[tuple[str, str], Api], address: str
) -> None:
    gateway = _gateway(apis, "rest", way, address)
    accepted = gateway.send(Sent("POST", "/prod/jobs", BEARER))
    assert accepted.status == 202, accepted.body
    page = accepted.get("Location") or ""
    assert page.startswith("/prod/_berth/invocations/jwt/")
    assert _state(gateway.send(Sent("GET", page, BEARER))) in {"queued", "running", "succeeded", "cancelled"}
    assert _state(gateway.send(Sent("DELETE", page, BEARER))) in {"cancelled", "running", "succeeded"}
    stranger = [("Authorization", f"Bearer {_token(sub='eve')}")]
    assert gateway.send(Sent("GET", page, stranger)).status == 401


def _state(reply: Reply) -> str:
    assert reply.status == 200, reply.body
    state: str = reply.json()["state"]
    return state


def test_manual_lists_every_difference() -> None:
    manual = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    assert [each.line for each in DIFFERENCES.values() if each.line not in manual] == []
