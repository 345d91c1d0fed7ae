"""The headers of an event, through all three servers."""

import re
from collections.abc import Iterator

import pytest

from kit.raw_http import exchange
from kit.servers import Server, write_function
from kit.transports import (
    ECHO,
    REAL_SERVERS,
    TRANSPORTS,
    Transport,
    isolation_for,
    new_project,
    open_transport,
)

ROOT = "Root=1-3152b799-8954dae64eda91bc9a23a7e8"


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    project = new_project(tmp_path_factory.mktemp("headers") / "project")
    write_function(project, "echo", ECHO, "ANY /{proxy+}", isolation=isolation_for(request.param))
    with open_transport(request.param, project) as opened:
        yield opened


def test_repeated_header_keeps_its_lines(server: Transport) -> None:
    event = server.get("/x", headers=[("X-A", "1"), ("X-B", "b"), ("X-A", "2,3")]).json()
    assert event["headers"]["X-A"] == "2,3"
    assert event["multiValueHeaders"]["X-A"] == ["1", "2,3"]
    assert event["multiValueHeaders"]["X-B"] == ["b"]


def test_repeated_header_is_one_header_when_its_case_differs(server: Transport) -> None:
    event = server.get("/x", headers=[("x-a", "1"), ("X-A", "2")]).json()
    assert [value for name, value in event["headers"].items() if name.lower() == "x-a"] == ["2"]
    assert event["multiValueHeaders"]["X-A"] == ["1", "2"]


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("user-agent", "User-Agent"),
        ("COOKIE", "Cookie"),
        ("x-my-header", "X-My-Header"),
        ("cloudfront-viewer-asn", "CloudFront-Viewer-ASN"),
    ],
)
def test_header_name_is_in_title_case_whatever_the_client_sent(
    server: Transport, sent: str, seen: str
) -> None:
    event = server.get("/x", headers=[(sent, "a; b, c")]).json()
    assert event["headers"][seen] == "a; b, c"
    assert event["multiValueHeaders"][seen] == ["a; b, c"]


@pytest.mark.parametrize("name", ["X-Berth-Token", "x-berth-0123456789abcdef-principal-id", "X-BERTH-"])
def test_header_that_a_trusted_gateway_could_send_is_in_no_event(server: Transport, name: str) -> None:
    event = server.get("/x", headers=[(name, "admin"), ("X-A", "1")]).json()
    assert event["headers"]["X-A"] == "1"
    assert "admin" not in str(event)


def test_both_maps_have_the_same_names(server: Transport) -> None:
    event = server.send("POST", "/x", [("Content-Type", "text/plain"), ("X-A", "1")], b"x").json()
    assert set(event["headers"]) == {
        *("Content-Type", "Host", "X-A", "X-Amzn-Trace-Id"),
        *("X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"),
    }
    assert set(event["multiValueHeaders"]) == set(event["headers"])


def test_empty_header_value_is_kept(server: Transport) -> None:
    event = server.get("/x", headers=[("X-Empty", "")]).json()
    assert event["headers"]["X-Empty"] == ""


@pytest.mark.parametrize("name", ["X_A", "BERTH_RAW_HEADERS", "Content_Type", "x_forwarded_for"])
def test_header_with_an_underscore_is_not_in_the_event(server: Transport, name: str) -> None:
    event = server.get("/x", headers=[(name, "spoofed"), ("X-B", "b")]).json()
    assert "spoofed" not in str(event)
    assert event["headers"]["X-B"] == "b"


def test_header_named_like_the_servers_own_key_is_only_a_header(server: Transport) -> None:
    event = server.get("/x", headers=[("Berth-Raw-Headers", "[]"), ("X-B", "b")]).json()
    assert event["headers"]["Berth-Raw-Headers"] == "[]"
    assert event["multiValueHeaders"]["X-B"] == ["b"]


@pytest.mark.parametrize("server", REAL_SERVERS, indirect=True)
def test_header_spelled_as_the_servers_own_key_has_no_power(server: Server) -> None:
    request = b"GET /x HTTP/1.1\r\nHost: h\r\nX-B: b\r\nberth raw headers: []\r\n\r\n"
    reply = exchange(server.port, request)
    assert reply.status == 400 or reply.json()["headers"]["X-B"] == "b"


@pytest.mark.parametrize("name", ["Script-Name", "Path-Info", "X-Forwarded-Prefix", "Raw-Uri"])
def test_header_does_not_change_the_path(server: Transport, name: str) -> None:
    event = server.get("/x", headers=[(name, "/elsewhere")]).json()
    assert event["path"] == "/x"
    assert event["headers"][name] == "/elsewhere"


def test_authorization_is_dropped_when_it_is_a_signature(server: Transport) -> None:
    signature = "AWS4-HMAC-SHA256 Credential=AKID/20260710/us-east-1/execute-api/aws4_request, Signature=0"
    event = server.get("/x", headers=[("Authorization", signature)]).json()
    assert "Authorization" not in event["headers"]
    assert "Authorization" not in event["multiValueHeaders"]


def test_authorization_is_kept_when_it_is_a_token(server: Transport) -> None:
    event = server.get("/x", headers=[("authorization", "Bearer AWS4-HMAC-SHA256")]).json()
    assert event["headers"]["Authorization"] == "Bearer AWS4-HMAC-SHA256"


@pytest.mark.parametrize("trace", [ROOT, f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=1"])
def test_trace_header_is_the_clients_when_it_sent_one(server: Transport, trace: str) -> None:
    event = server.get("/x", headers=[("x-amzn-trace-id", trace)]).json()
    assert event["headers"]["X-Amzn-Trace-Id"] == trace
    assert event["multiValueHeaders"]["X-Amzn-Trace-Id"] == [trace]


@pytest.mark.parametrize("headers", [[], [("X-Amzn-Trace-Id", "nonsense")]])
def test_trace_header_is_a_new_root_when_there_is_none(
    server: Transport, headers: list[tuple[str, str]]
) -> None:
    trace = server.get("/x", headers=headers).json()["headers"]["X-Amzn-Trace-Id"]
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", trace)


def test_host_is_the_domain(server: Transport) -> None:
    event = server.get("/x", headers=[("Host", "orders.example.com:8443")]).json()
    assert event["headers"]["Host"] == "orders.example.com:8443"
    assert event["requestContext"]["domainName"] == "orders.example.com:8443"
    assert event["requestContext"]["domainPrefix"] == "orders"


@pytest.mark.parametrize("server", REAL_SERVERS, indirect=True)
def test_event_has_a_domain_when_an_old_client_sends_no_host(server: Server) -> None:
    event = exchange(server.port, b"GET /x HTTP/1.0\r\n\r\n").json()
    assert "Host" not in event["headers"]
    assert event["requestContext"]["domainName"] == "127.0.0.1"


def test_request_id_is_the_one_of_the_response(server: Transport) -> None:
    reply = server.get("/x")
    context = reply.json()["requestContext"]
    assert context["requestId"] == reply.get("x-amzn-RequestId")
    assert context["extendedRequestId"] == reply.get("x-amz-apigw-id")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", context["requestId"])
    assert re.fullmatch(r"[0-9A-Za-z+/]{15}=", context["extendedRequestId"])


def test_method_is_the_overriding_one(server: Transport) -> None:
    event = server.send("POST", "/x", [("X-HTTP-Method-Override", "PUT")], b"x").json()
    assert event["httpMethod"] == "PUT"
    assert event["requestContext"]["httpMethod"] == "PUT"
    assert event["body"] == "x"
