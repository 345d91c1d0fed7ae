"""The headers of an event, through all three servers."""

import re
from collections.abc import Iterator

import pytest

from kit.raw_http import exchange
from kit.servers import Server, write_function
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

ROOT = "Root=1-3152b799-8954dae64eda91bc9a23a7e8"


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    project = new_project(tmp_path_factory.mktemp("headers") / "project")
    isolation = isolation_for(request.param)
    write_function(project, "echo", ECHO, "ANY /{proxy+}", isolation=isolation)
    write_function(
        project, "one", ECHO, "ANY /one/{proxy+}", isolation=isolation, api="http", payloadFormatVersion="1.0"
    )
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


@for_each("name", ["x-api-token", "authorization", "COOKIE", "x-My-heaDer", "accept", "te-x"])
def test_header_name_is_spelled_as_the_client_sent_it(server: Transport, name: str) -> None:
    for target in ("/x", "/one/x"):
        event = server.get(target, headers=[(name, "a; b, c")]).json()
        assert event["headers"][name] == "a; b, c"
        assert event["multiValueHeaders"][name] == ["a; b, c"]
        assert [each for each in event["headers"] if each.lower() == name.lower()] == [name]


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("user-agent", "User-Agent"),
        ("uSER-agent", "User-Agent"),
        ("cloudfront-viewer-asn", "CloudFront-Viewer-ASN"),
        ("CLOUDFRONT-FORWARDED-PROTO", "CloudFront-Forwarded-Proto"),
    ],
)
def test_header_name_is_the_gateways_when_the_gateway_spells_it(
    server: Transport, sent: str, seen: str
) -> None:
    event = server.get("/x", headers=[(sent, "a; b, c")]).json()
    assert event["headers"][seen] == "a; b, c"
    assert event["multiValueHeaders"][seen] == ["a; b, c"]
    assert sent not in event["headers"]


@for_each(
    "sent, seen",
    [
        ("user-AGENT", "User-Agent"),
        ("host", "Host"),
        ("x-forwarded-host", "X-Forwarded-Host"),
        ("X-FORWARDED-PREFIX", "X-Forwarded-Prefix"),
        ("cloudfront-viewer-asn", "cloudfront-viewer-asn"),
    ],
)
def test_http_api_spells_few_header_names_itself(server: Transport, sent: str, seen: str) -> None:
    event = server.get("/one/x", headers=[(sent, "value")]).json()
    assert [each for each in event["headers"] if each.lower() == sent.lower()] == [seen]
    assert event["multiValueHeaders"][seen] == ["value"]


@pytest.mark.parametrize("target", ["/x", "/one/x"])
def test_last_spelling_of_a_name_is_the_only_one(server: Transport, target: str) -> None:
    lines = [("X-A", "1"), ("x-a", "2"), ("X-a", "3"), ("x-b", "4")]
    event = server.get(target, headers=lines).json()
    assert {name for name in event["headers"] if name.lower() == "x-a"} == {"X-a"}
    assert event["headers"]["X-a"] == "3"
    assert event["multiValueHeaders"]["X-a"] == ["1", "2", "3"]
    assert event["headers"]["x-b"] == "4"


@for_each(
    "name",
    [
        "content-md5",
        "te",
        "Te",
        "trailer",
        "www-AUTHENTICATE",
        "max-forwards",
        "server",
        "upgrade",
        "connection",
    ],
)
def test_header_is_dropped_in_any_spelling(server: Transport, name: str) -> None:
    event = server.get("/x", headers=[(name, "trailers"), ("x-b", "b")]).json()
    assert event["headers"]["x-b"] == "b"
    assert name.lower() not in {each.lower() for each in event["headers"]}


@pytest.mark.parametrize(
    "name", ["x-forwarded-for", "X-FORWARDED-FOR", "x-Forwarded-Proto", "x-amzn-TRACE-id"]
)
@pytest.mark.parametrize("target", ["/x", "/one/x"])
def test_header_of_the_gateways_own_is_there_once_in_any_spelling(
    server: Transport, target: str, name: str
) -> None:
    event = server.get(target, headers=[(name, "6.6.6.6")]).json()
    assert [each for each in event["multiValueHeaders"] if each.lower() == name.lower()] == [name.title()]
    assert len(event["multiValueHeaders"][name.title()]) == 1


@pytest.mark.parametrize("server", REAL_SERVERS, indirect=True)
def test_length_is_found_and_dropped_in_any_spelling(server: Server) -> None:
    head = b"POST %s HTTP/1.1\r\nhost: h\r\ncontent-LENGTH: 2\r\ncontent-TYPE: text/plain\r\n\r\nab"
    event = exchange(server.port, head % b"/x").json()
    assert (event["body"], event["headers"]["content-TYPE"]) == ("ab", "text/plain")
    assert "content-length" not in {each.lower() for each in event["headers"]}
    event = exchange(server.port, head % b"/one/x").json()
    assert (event["body"], event["headers"]["Content-Length"]) == ("ab", "2")


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


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_authorization_is_dropped_when_it_is_a_signature(server: Transport, name: str) -> None:
    signature = "AWS4-HMAC-SHA256 Credential=AKID/20260710/us-east-1/execute-api/aws4_request, Signature=0"
    event = server.get("/x", headers=[(name, signature)]).json()
    assert name not in event["headers"]
    assert "Authorization" not in event["headers"]
    assert "Authorization" not in event["multiValueHeaders"]


def test_authorization_is_kept_when_it_is_a_token(server: Transport) -> None:
    event = server.get("/x", headers=[("authorization", "Bearer AWS4-HMAC-SHA256")]).json()
    assert event["headers"]["authorization"] == "Bearer AWS4-HMAC-SHA256"


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
