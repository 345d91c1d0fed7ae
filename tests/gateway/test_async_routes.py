"""Asynchronous routes over HTTP: what a client is told, and that nobody reads what is another's."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from kit.authorizing_functions import routes_of
from kit.issuers import Issuer, issuing, rsa_key
from kit.servers import Reply, Server, start_gunicorn, write_function
from kit.signatures import ACCESS_KEY, SECRET, Lines, sign
from kit.transports import new_project

JOB = """
import json
import time

def handler(event, context):
    asked = json.loads(event.get("body") or "{}")
    print("working", flush=True)
    time.sleep(asked.get("seconds", 0))
    if asked.get("fail"):
        raise ValueError("no")
    return {"statusCode": 200, "body": event["requestContext"]["requestId"]}
"""
GATE = """
def handler(event, context):
    name = event["authorizationToken"]
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    return {"principalId": name.split("-")[0],
            "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""
RSA = rsa_key()
HOST = "api.example.com"
NOT_FOUND = b'{"message":"Not Found"}'


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing(RSA) as issuer:
        yield issuer


@pytest.fixture(scope="module")
def server(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    credentials = [
        {"accessKeyId": key, "environment": "SIGNER_SECRET"} for key in (ACCESS_KEY, "AKIDOTHER00000000000")
    ]
    stage = {
        "region": "eu-west-1",
        "apiKeys": [{"id": "ada", "environment": "ADA"}, {"id": "bob", "environment": "BOB"}],
        "authorizers": {
            "jwt": {"type": "JWT", "issuer": issuer.url, "audience": ["orders"]},
            "gate": {"type": "TOKEN", "function": "gate", "resultTtlInSeconds": 0},
            "iam": {"type": "AWS_IAM", "credentials": credentials},
        },
    }
    project = new_project(tmp_path_factory.mktemp("async") / "project", dev=stage)
    routes: list[dict[str, Any]] = [
        {"method": "POST", "path": "/open"},
        {"method": "POST", "path": "/caller", "invocation": "caller"},
        {"method": "POST", "path": "/sync", "invocation": "sync"},
        {"method": "POST", "path": "/keyed", "apiKeyRequired": True},
        *routes_of(POST_token="jwt", POST_principal="gate", POST_signed="iam"),
    ]
    retries = {"maximumRetryAttempts": 0}
    write_function(project, "job", JOB, routes=routes, invocation="async", asyncConfig=retries, timeout=60)
    write_function(project, "gate", GATE)
    temp = project / "temp"
    temp.mkdir()
    environ = {
        "TMPDIR": str(temp),
        "BERTH_QUEUE_URL": f"sqlite:///{project / 'events.db'}",
        "SIGNER_SECRET": SECRET,
        "ADA": "a-key",
        "BOB": "b-key",
    }
    started = start_gunicorn(project, environ=environ)
    yield started
    started.kill()


def _post(server: Server, target: str, body: Any = None, **headers: str) -> Reply:
    lines = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return server.send("POST", target, lines, json.dumps(body or {}).encode())


def _accepted(reply: Reply) -> str:
    """The address of the page."""
    assert reply.status == 202, reply
    location = reply.get("Location")
    assert location is not None
    return location


def _page(server: Server, location: str, *headers: tuple[str, str], wait: int = 20) -> Any:
    reply = server.get(f"{location}?wait={wait}", headers=headers)
    assert reply.status == 200, reply
    return reply.json()


def test_request_is_accepted_and_its_result_is_on_its_page(server: Server) -> None:
    reply = _post(server, "/open")
    request_id = reply.json()["requestId"]
    assert uuid.UUID(request_id).version == 4
    assert (reply.status, reply.get("Location")) == (202, f"/_berth/invocations/{request_id}")
    assert (reply.get("Retry-After"), reply.get("x-amzn-RequestId")) == ("5", request_id)
    page = _page(server, _accepted(reply))
    assert (page["state"], page["attempts"], page["function"]) == ("succeeded", 1, "job")
    assert page["result"] == {"statusCode": 200, "body": request_id}
    assert page["createdAt"] <= page["startedAt"] <= page["finishedAt"]
    assert "working" in page["logTail"]


def test_page_tells_the_error_of_a_function_that_failed(server: Server) -> None:
    page = _page(server, _accepted(_post(server, "/open", {"fail": True})))
    assert (page["state"], page["error"]["errorType"]) == ("failed", "ValueError")
    assert "result" not in page


def test_running_invocation_shows_its_log_and_can_be_cancelled(server: Server) -> None:
    location = _accepted(_post(server, "/open", {"seconds": 50}))
    page = _page(server, location, wait=0)
    while "working" not in page["logTail"]:
        page = _page(server, location, wait=1)
    assert (page["state"], page["finishedAt"]) == ("running", None)
    assert server.send("DELETE", location).json()["state"] == "cancelled"
    assert _page(server, location)["state"] == "cancelled"
    assert server.send("DELETE", location).json()["state"] == "cancelled"


@pytest.mark.parametrize("value", ["Event", "'Event'"])
def test_caller_chooses_where_the_route_lets_it(value: str, server: Server) -> None:
    headers = {"X_Amz_Invocation_Type": value}
    assert _post(server, "/caller", **headers).status == 202
    assert _post(server, "/caller").status == 200
    assert _post(server, "/sync", **headers).status == 200


def test_repeated_request_with_a_key_counts_once(server: Server) -> None:
    first = _post(server, "/open", Idempotency_Key="one")
    again = _post(server, "/open", Idempotency_Key="one")
    assert (again.status, again.json()) == (202, first.json())
    assert _post(server, "/open", Idempotency_Key="two").json() != first.json()
    assert (
        _post(server, "/caller", X_Amz_Invocation_Type="Event", Idempotency_Key="one").json() != first.json()
    )
    assert _post(server, "/sync", Idempotency_Key="one").status == 200
    other = _post(server, "/open", {"seconds": 0}, Idempotency_Key="one")
    message = "the Idempotency-Key belongs to a request that asked for something else"
    assert (other.status, other.json()) == (422, {"message": message})
    query = server.send("POST", "/open?a=1", [("Idempotency-Key", "one")], b"{}")
    assert query.status == 422


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_idempotency_key_that_is_none_is_refused(key: str, server: Server) -> None:
    reply = server.send("POST", "/open", [("Idempotency-Key", key)], b"{}")
    message = "Idempotency-Key must be one key of 1 to 255 visible ASCII characters"
    assert (reply.status, reply.json()) == (400, {"message": message})


@pytest.mark.parametrize("wait", ["21", "-1", "1.5", "x", "99999999999999999999"])
def test_wait_that_is_no_number_of_seconds_is_refused(wait: str, server: Server) -> None:
    location = _accepted(_post(server, "/open"))
    assert server.get(f"{location}?wait={wait}").status == 400


def test_event_over_the_limit_is_refused_before_it_is_queued(server: Server) -> None:
    reply = server.send("POST", "/open", body=b'"' + b"x" * 1_048_576 + b'"')
    assert (reply.status, reply.body) == (413, b'{"message":"Request Too Long"}')


def test_unknown_page_is_not_found(server: Server) -> None:
    for path in (str(uuid.uuid4()), "x", "%00", "a/b", f"jwt/{uuid.uuid4()}", "'", "../health/ready"):
        for method in ("GET", "DELETE"):
            assert server.send(method, f"/_berth/invocations/{path}").status == 404, path


def test_token_without_a_subject_is_refused(server: Server, issuer: Issuer) -> None:
    for subject in (None, "", True, ["alice"]):
        token = issuer.make_token(RSA, sub=subject)
        assert _post(server, "/token", Authorization=f"Bearer {token}").status == 401
    assert _post(server, "/token", Authorization=f"Bearer {issuer.make_token(RSA, sub=7)}").status == 202


def _signed(target: str, method: str, body: bytes = b"", **options: Any) -> Lines:
    return [("Host", HOST), *sign(method, f"https://{HOST}{target}", body=body, **options)]


def _assert_private(server: Server, target: str, own: Lines, same: list[Lines], others: list[Lines]) -> None:
    """Others are answered as if there were no page; those who are nobody are sent away."""
    location = _accepted(server.send("POST", target, own, b"{}"))
    for headers in (own, *same):
        assert server.get(f"{location}?wait=20", headers=headers).status == 200, headers
    for headers in others:
        for method in ("GET", "DELETE"):
            reply = server.send(method, location, headers)
            assert (reply.status, reply.body) == (404, NOT_FOUND), headers
    nobody: list[Lines] = [[], [("Authorization", "")], [("X-Api-Key", "")]]
    for headers in nobody:
        assert server.get(location, headers=headers).status in {401, 403}, headers
    for guard in ("jwt", "gate", "iam", "none"):
        elsewhere = location.replace("invocations/", f"invocations/{guard}/")
        assert server.get(elsewhere, headers=own).body == NOT_FOUND


def test_page_of_a_tokens_bearer_is_the_subjects_alone(server: Server, issuer: Issuer) -> None:
    def token(**claims: Any) -> Lines:
        return [("Authorization", f"Bearer {issuer.make_token(RSA, **claims)}")]

    others = [token(sub=sub) for sub in ("bob", "Alice", "alice ", "alic", 1)]
    _assert_private(server, "/token", token(), [token(scope="more")], others)
    location = _accepted(server.send("POST", "/token", token(), b"{}"))
    for subject in (None, "", ["alice"]):
        assert server.get(location, headers=token(sub=subject)).status == 401


def test_page_of_a_principal_is_the_principals_alone(server: Server) -> None:
    others = [[("Authorization", each)] for each in ("bob-1", "Ada-1", "ad-1", "adaa")]
    same = [[("Authorization", "ada-2")]]
    _assert_private(server, "/principal", [("Authorization", "ada-1")], same, others)


def test_page_of_an_api_keys_owner_is_the_owners_alone(server: Server) -> None:
    own, other = [("X-Api-Key", "a-key")], [("X-Api-Key", "b-key")]
    _assert_private(server, "/keyed", own, [[*own, ("X-Other", "b")]], [other])


def test_page_of_a_signer_is_the_access_keys_alone(server: Server) -> None:
    location = _accepted(server.send("POST", "/signed", _signed("/signed", "POST", b"{}"), b"{}"))
    assert server.get(location, headers=_signed(location, "GET")).status == 200
    other = _signed(location, "GET", key="AKIDOTHER00000000000")
    assert server.get(location, headers=other).body == NOT_FOUND
    for headers in ([], _signed(location, "DELETE"), _signed("/signed", "GET")):
        assert server.get(location, headers=headers).status == 403
