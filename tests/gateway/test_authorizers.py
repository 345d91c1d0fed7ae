"""Lambda authorizers over HTTP: what they are asked, what their answers do, and how long these count."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kit.authorizing_functions import ANSWERS, LAMBDA_AUTHORIZERS, routes_of, write_authorizers
from kit.servers import Reply, write_function
from kit.tables import for_each
from kit.transports import ECHO, TRANSPORTS, Transport, isolation_for, new_project, open_transport

ARN = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5"
STAGE = {
    "region": "eu-west-1",
    "accountId": "123456789012",
    "apiId": "a1b2c3d4e5",
    "stageVariables": {"tenant": "acme"},
    "apiKeys": [{"id": "partner", "environment": "PARTNER_KEY"}],
    "authorizers": LAMBDA_AUTHORIZERS,
}
MODEL = {"type": "object", "required": ["item"]}
EVERYTHING = {"authorizer": "token", "apiKeyRequired": True, "requestModels": {"$default": MODEL}}
UNAUTHORIZED = b'{"message":"Unauthorized"}'
REST_DENIED = b'{"Message":"User is not authorized to access this resource"}'
REST_EXPLICIT = b'{"Message":"User is not authorized to access this resource with an explicit deny"}'
REST_FAILED = b'{"message":null}'
HTTP_DENIED = b'{"message":"Forbidden"}'
HTTP_FAILED = b'{"message":"Internal Server Error"}'


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    project = new_project(tmp_path_factory.mktemp("authorizers") / "project", dev=STAGE)
    isolation = isolation_for(request.param)
    write_authorizers(project, isolation)
    rest = routes_of(GET_token_id="token", POST_token_id="token", GET_slow="slow", GET_throttled="throttled")
    rest += routes_of(GET_request_id="request", POST_order=EVERYTHING)
    http1 = routes_of(POST_http1_id="http1")
    http2 = routes_of(POST_http2_id="http2", GET_policy="http2-policy", GET_kept="http2-kept")
    http2 += routes_of(GET_other="http2-kept", GET_busy="http2-throttled")
    write_function(project, "rest", ECHO, isolation=isolation, routes=rest)
    write_function(
        project, "http1", ECHO, isolation=isolation, api="http", payloadFormatVersion="1.0", routes=http1
    )
    write_function(project, "http2", ECHO, isolation=isolation, api="http", routes=http2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARTNER_KEY", "a-key-of-more-than-twenty")
        with open_transport(request.param, project) as opened:
            yield opened


def _as(server: Transport, token: str, target: str = "/token/7", method: str = "GET") -> Reply:
    return server.send(method, target, [("Authorization", token)], b"" if method == "POST" else None)


def _user(server: Transport, user: str, target: str = "/http2/7?token=t", method: str = "POST") -> Reply:
    return server.send(method, target, [("X-User", user)], b"x" if method == "POST" else None)


def _authorizer(reply: Reply) -> Any:
    assert reply.status == 200, reply
    return reply.json()["requestContext"]["authorizer"]


def _assert_refused(reply: Reply, status: int, body: bytes, error_type: str | None = None) -> None:
    assert (reply.status, reply.body) == (status, body)
    assert reply.get("x-amzn-ErrorType") == error_type
    assert reply.get("Content-Type") == "application/json"


def _calls(server: Transport, kind: str, token: str) -> int:
    return list(server.get(f"/calls-{kind}").json()).count(token)


def test_token_authorizer_is_asked_with_three_keys(server: Transport) -> None:
    authorizer = _authorizer(_as(server, "alice", "/token/a%20b/?x=1"))
    assert json.loads(authorizer["event"]) == {
        "type": "TOKEN",
        "methodArn": f"{ARN}/dev/GET/token/a%20b",
        "authorizationToken": "alice",
    }


def test_rest_function_sees_principal_and_context_as_text(server: Transport) -> None:
    authorizer = _authorizer(_as(server, "bob"))
    assert isinstance(authorizer.pop("integrationLatency"), int)
    del authorizer["event"]
    assert authorizer == {"principalId": "bob", "text": "a", "level": "3", "yes": "true", "calls": "1"}


def test_policy_of_the_blueprint_for_java_lets_its_caller_in(server: Transport) -> None:
    assert server.get("/token/7", headers=[("Authorization", "blueprint")]).status == 200


@pytest.mark.parametrize("query", ["token=t&token=u", "token=t&token=t", "token=t&%74oken=u"])
def test_query_source_that_comes_twice_is_no_identity(server: Transport, query: str) -> None:
    for method, target in (("GET", "/request/7"), ("POST", "/http1/7"), ("POST", "/http2/7")):
        assert _user(server, "zoe", f"{target}?{query}", method).status == 401
        assert _user(server, "zoe", f"{target}?token=t,u", method).status == 200


def test_rest_request_authorizer_is_asked_with_the_event_without_its_body(server: Transport) -> None:
    reply = server.send("GET", "/request/7?token=u&x=1&x=2", [("X-User", "carol"), ("Cookie", "a=1")])
    event = json.loads(_authorizer(reply)["event"])
    assert set(event) == {
        *("type", "methodArn", "resource", "path", "httpMethod", "headers", "multiValueHeaders"),
        *("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables"),
        "requestContext",
    }
    assert (event["type"], event["methodArn"]) == ("REQUEST", f"{ARN}/dev/GET/request/7")
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/request/{id}", "/request/7", "GET")
    assert (event["headers"]["X-User"], event["headers"]["Cookie"]) == ("carol", "a=1")
    assert event["queryStringParameters"] == {"token": "u", "x": "2"}
    assert event["multiValueQueryStringParameters"] == {"token": ["u"], "x": ["1", "2"]}
    assert (event["pathParameters"], event["stageVariables"]) == ({"id": "7"}, {"tenant": "acme"})
    assert event["requestContext"]["resourcePath"] == "/request/{id}"
    assert "authorizer" not in event["requestContext"]


def test_http_authorizer_of_version_1_is_asked_with_joined_sources(server: Transport) -> None:
    authorizer = _authorizer(_user(server, "dora", "/http1/7?token=t,u"))
    event = json.loads(authorizer["event"])
    assert (event["version"], event["type"]) == ("1.0", "REQUEST")
    assert event["methodArn"] == f"{ARN}/$default/POST/http1/7"
    assert event["identitySource"] == event["authorizationToken"] == "dora,t,u"
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/http1/{id}", "/http1/7", "POST")
    assert (event["pathParameters"], event["stageVariables"]) == ({"id": "7"}, {"tenant": "acme"})
    assert event["requestContext"]["resourceId"] == "POST /http1/{id}"
    assert not {"body", "isBase64Encoded"} & set(event)
    assert authorizer == {"calls": 1, "event": authorizer["event"]}


def test_http_authorizer_of_version_2_is_asked_with_a_list_of_sources(server: Transport) -> None:
    authorizer = _authorizer(_user(server, "emil", "/http2/a%20b?token=t"))["lambda"]
    event = json.loads(authorizer["event"])
    assert set(event) == {
        *(
            "version",
            "type",
            "routeArn",
            "identitySource",
            "routeKey",
            "rawPath",
            "rawQueryString",
            "headers",
        ),
        *("queryStringParameters", "requestContext", "pathParameters", "stageVariables"),
    }
    assert (event["version"], event["type"]) == ("2.0", "REQUEST")
    assert event["routeArn"] == f"{ARN}/$default/POST/http2/a%20b"
    assert event["identitySource"] == ["emil", "t"]
    assert (event["routeKey"], event["rawPath"]) == ("POST /http2/{id}", "/http2/a b")
    assert "authorizer" not in event["requestContext"]
    assert authorizer == {"calls": 1, "list": ["a", {"b": None}], "event": authorizer["event"]}


def test_function_still_has_its_body(server: Transport) -> None:
    assert server.send("POST", "/token/7", [("Authorization", "frida")], b"x").json()["body"] == "x"


@pytest.mark.parametrize("headers", [[], [("Authorization", "")], [("Authorization", "UPPER")]])
def test_rest_request_is_unauthorized_before_any_function_is_asked(
    server: Transport, headers: list[tuple[str, str]]
) -> None:
    before = len(server.get("/calls-token").json())
    reply = server.get("/token/7", headers=headers)
    _assert_refused(reply, 401, UNAUTHORIZED, "UnauthorizedException")
    assert len(server.get("/calls-token").json()) == before


@pytest.mark.parametrize("target", ["/http2/7", "/http2/7?token=", "/http1/7"])
def test_http_request_is_unauthorized_before_any_function_is_asked(server: Transport, target: str) -> None:
    before = len(server.get("/calls-request").json())
    _assert_refused(_user(server, "gina", target), 401, UNAUTHORIZED)
    assert len(server.get("/calls-request").json()) == before


def test_path_is_refused_when_its_arn_is_too_long(server: Transport) -> None:
    known = f"{ARN}/dev/GET/token/"
    longest = "x" * (1600 - len(known))
    assert _as(server, "longest", f"/token/{longest}").status == 200
    reply = _as(server, "too-long", f"/token/{longest}x")
    _assert_refused(reply, 414, b'{"message":"Request-URI Too Long"}', "RequestUriTooLongException")
    assert _calls(server, "token", "too-long") == 0


def test_request_is_unauthorized_when_the_function_says_so(server: Transport) -> None:
    _assert_refused(_as(server, "unauthorized"), 401, UNAUTHORIZED, "UnauthorizedException")
    _assert_refused(_user(server, "unauthorized"), 401, UNAUTHORIZED)


@pytest.mark.parametrize(("token", "body"), [("denied", REST_EXPLICIT), ("elsewhere", REST_DENIED)])
def test_rest_request_is_denied_by_its_policy(server: Transport, token: str, body: bytes) -> None:
    _assert_refused(_as(server, token), 403, body, "AccessDeniedException")


@pytest.mark.parametrize(
    ("method", "target"), [("POST", "/http1/7?token=t"), ("POST", "/http2/7?token=t"), ("GET", "/policy")]
)
def test_http_request_is_denied_by_either_answer(server: Transport, method: str, target: str) -> None:
    _assert_refused(_user(server, "denied", target, method), 403, HTTP_DENIED)
    assert _user(server, "hugo", target, method).status == 200


@for_each("token", ["raises", "raises-more", *ANSWERS])
def test_rest_request_fails_when_its_authorizer_does(server: Transport, token: str) -> None:
    _assert_refused(_as(server, token), 500, REST_FAILED, "AuthorizerConfigurationException")


@pytest.mark.parametrize("user", ["raises", "nonsense", "null"])
@pytest.mark.parametrize(("method", "target"), [("POST", "/http2/7?token=t"), ("GET", "/kept")])
def test_http_request_fails_when_its_authorizer_does(
    server: Transport, user: str, method: str, target: str
) -> None:
    _assert_refused(_user(server, user, target, method), 500, HTTP_FAILED)


def test_request_fails_when_its_authorizer_is_throttled(server: Transport) -> None:
    reply = _as(server, "alice", "/throttled")
    _assert_refused(reply, 500, REST_FAILED, "AuthorizerConfigurationException")
    _assert_refused(server.get("/busy"), 500, HTTP_FAILED)


@pytest.mark.parametrize("server", ["gunicorn"], indirect=True)
def test_request_fails_when_its_authorizer_takes_too_long(server: Transport) -> None:
    reply = _as(server, "alice", "/slow")
    _assert_refused(reply, 500, REST_FAILED, "AuthorizerConfigurationException")


def test_rest_answer_is_kept_and_asked_about_each_method(server: Transport) -> None:
    statuses = [_as(server, "gets", method=method).status for method in ("GET", "POST", "GET", "POST")]
    assert statuses == [200, 403, 200, 403]
    statuses = [_as(server, "posts", method=method).status for method in ("GET", "POST")]
    assert statuses == [403, 200]
    assert [_calls(server, "token", token) for token in ("gets", "posts")] == [1, 1]


@pytest.mark.parametrize("token", ["ida", "denied"])
def test_rest_answer_is_kept_whatever_it_is(server: Transport, token: str) -> None:
    assert len({_as(server, token, f"/token/{number}").status for number in range(3)}) == 1
    assert _calls(server, "token", token) == 1


@pytest.mark.parametrize("token", ["raises", "unauthorized", "null"])
def test_failure_is_not_kept(server: Transport, token: str) -> None:
    before = _calls(server, "token", token)
    assert len({_as(server, token).status for _ in range(2)}) == 1
    assert _calls(server, "token", token) == before + 2


def test_rest_answer_is_not_kept_with_a_time_of_zero(server: Transport) -> None:
    replies = [_user(server, "jan", "/request/7?token=t", "GET") for _ in range(2)]
    assert [_authorizer(reply)["calls"] for reply in replies] == ["1", "2"]


def test_http_answer_is_not_kept_unless_the_stage_says_so(server: Transport) -> None:
    assert [_authorizer(_user(server, "kai"))["lambda"]["calls"] for _ in range(2)] == [1, 2]
    kept = [_authorizer(_user(server, "lea", "/kept", "GET"))["lambda"]["calls"] for _ in range(2)]
    assert kept == [1, 1]


def test_kept_http_answer_counts_on_every_route_and_for_one_caller(server: Transport) -> None:
    targets = ["/kept", "/other", "/kept"]
    calls = [_authorizer(_user(server, "max", target, "GET"))["lambda"]["calls"] for target in targets]
    assert calls == [1, 1, 1]
    assert _user(server, "denied", "/kept", "GET").status == 403
    assert _authorizer(_user(server, "Max", "/kept", "GET"))["lambda"]["calls"] == 1
    assert [_calls(server, "request", user) for user in ("max", "Max")] == [1, 1]


def test_authorizer_goes_before_the_key_before_the_body(server: Transport) -> None:
    token, key = ("Authorization", "nora"), ("X-Api-Key", "a-key-of-more-than-twenty")
    denied = ("Authorization", "denied")
    _assert_refused(server.send("POST", "/order", [key], b"{}"), 401, UNAUTHORIZED, "UnauthorizedException")
    reply = server.send("POST", "/order", [denied], b"{}")
    _assert_refused(reply, 403, REST_EXPLICIT, "AccessDeniedException")
    reply = server.send("POST", "/order", [token], b"{}")
    _assert_refused(reply, 403, b'{"message":"Forbidden"}', "ForbiddenException")
    reply = server.send("POST", "/order", [token, key], b"{}")
    _assert_refused(reply, 400, b'{"message": "Invalid request body"}', "BadRequestException")
    context = server.send("POST", "/order", [token, key], b'{"item": 1}').json()["requestContext"]
    assert (context["authorizer"]["principalId"], context["identity"]["apiKeyId"]) == ("nora", "partner")
