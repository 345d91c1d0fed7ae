"""What the web sees when something fails: statuses, exact bodies, error types."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.servers import Reply, Server, write_function
from kit.tables import for_each
from kit.transports import (
    REAL_SERVERS,
    TRANSPORTS,
    Transport,
    isolation_for,
    new_project,
    open_transport,
    write_answer,
    write_answers,
)

INTERNAL = b'{"message": "Internal server error"}'
MAX_RESPONSE = 6_291_556
ANSWERS = {
    "raises": "raise KeyError('x')",
    "returns-set": "return {'body': {1}}",
    "exits": "raise SystemExit(3)",
    "returns-error": "return {'errorMessage': 'x', 'errorType': 'y'}",
    "returns-cookies": "return {'statusCode': 200, 'cookies': []}",
    "returns-nan": "return {'body': float('nan')}",
    "returns-none": "return None",
    "returns-true": "return True",
}
SIZED = "return {'body': 'x' * (int(event['queryStringParameters']['size']) - 12)}"


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    project = new_project(tmp_path_factory.mktemp("faults") / "project")
    isolation = isolation_for(request.param)
    _write_failing(project, isolation)
    write_answers(project, "answers", ANSWERS, "", isolation=isolation)
    write_answer(project, "sized", SIZED, "GET /sized", isolation=isolation)
    write_answer(project, "throttled", "return {}", "GET /throttled", reservedConcurrency=0)
    write_answer(project, "endless", "import time; time.sleep(60)", "GET /endless", timeout=1)
    write_answer(project, "killed", "import os; os._exit(0)", "GET /killed")
    with open_transport(request.param, project) as opened:
        yield opened


def _write_failing(project: Path, isolation: str) -> None:
    write_function(project, "unimportable", "import nowhere_to_be_found\n", "GET /unimportable")
    write_function(project, "without-handler", "x = 1\n", "GET /without-handler", isolation=isolation)
    answer = "return {'isBase64Encoded': True, 'body': 'not base64!'}"
    binary = ["image/png"]
    write_answer(
        project, "undecodable", answer, "ANY /undecodable", isolation=isolation, binaryMediaTypes=binary
    )


@for_each("name", [*ANSWERS, "without-handler"])
def test_function_that_fails_is_a_bad_gateway(server: Transport, name: str) -> None:
    _assert_internal(server.get(f"/{name}"), 502)


@pytest.mark.parametrize("name", ["raises", "returns-none"])
def test_trace_header_is_missing_when_the_function_failed(server: Transport, name: str) -> None:
    sent = [("X-Amzn-Trace-Id", "Root=1-3152b799-8954dae64eda91bc9a23a7e8")]
    assert server.get(f"/{name}", headers=sent).get("X-Amzn-Trace-Id") is None


def test_fault_has_the_gateways_identifiers(server: Transport) -> None:
    reply = server.get("/raises")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", reply.get("x-amzn-RequestId") or "")
    assert re.fullmatch(r"[0-9A-Za-z+/]{15}=", reply.get("x-amz-apigw-id") or "")


@pytest.mark.parametrize("server", REAL_SERVERS, indirect=True)
@pytest.mark.parametrize("name", ["unimportable", "endless", "killed"])
def test_function_that_ends_its_process_is_a_bad_gateway(server: Server, name: str) -> None:
    _assert_internal(server.get(f"/{name}"), 502)


def test_throttled_function_is_an_internal_error(server: Transport) -> None:
    _assert_internal(server.get("/throttled"), 500)


def test_undecodable_body_is_an_internal_error(server: Transport) -> None:
    _assert_internal(server.get("/undecodable", headers=[("Accept", "image/png")]), 500)


def test_undecodable_body_is_sent_as_it_is_when_the_client_wants_text(server: Transport) -> None:
    reply = server.get("/undecodable", headers=[("Accept", "*/*")])
    assert (reply.status, reply.body) == (200, b"not base64!")


def test_response_of_the_largest_size_is_sent_whole(server: Transport) -> None:
    reply = server.get(f"/sized?size={MAX_RESPONSE}")
    assert (reply.status, len(reply.body)) == (200, MAX_RESPONSE - 12)


def test_response_is_a_bad_gateway_when_it_is_one_byte_too_large(server: Transport) -> None:
    _assert_internal(server.get(f"/sized?size={MAX_RESPONSE + 1}"), 502)


@pytest.mark.parametrize("request_line", ["GET /nowhere", "POST /sized", "HEAD /sized", "DELETE /"])
def test_unknown_route_is_a_missing_authentication_token(server: Transport, request_line: str) -> None:
    method, target = request_line.split(" ")
    reply = server.send(method, target)
    assert reply.status == 403
    assert reply.body == (b"" if method == "HEAD" else b'{"message":"Missing Authentication Token"}')
    assert reply.get("Content-Type") == "application/json"
    assert reply.get("x-amzn-ErrorType") == "MissingAuthenticationTokenException"
    assert reply.get("Allow") is None


def _assert_internal(reply: Reply, status: int) -> None:
    assert (reply.status, reply.body) == (status, INTERNAL)
    assert reply.get("Content-Type") == "application/json"
    assert reply.get("Content-Length") == "36"
    assert reply.get("x-amzn-ErrorType") == "InternalServerErrorException"
