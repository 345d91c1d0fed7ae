"""What the shapes of HTTP APIs share, and much of it with function URLs and load balancers."""

import pytest

from berth.errors import MalformedProxyResponse, UndecodableBody
from berth.model.http import HttpResponse
from berth.model.proxy_response import ProxyResponse
from berth.payload.all_but_rest import encode_http_body, event_headers, http_api_answer
from berth.payload.body import EncodedBody
from kit.gateway_values import HTTP_1, HTTP_2, TRACE, make_call, make_route
from kit.tables import for_each

CALL = make_call(make_route(**HTTP_1))
REQUEST_ID = ("Apigw-Requestid", "ATfSdF7nPHcErRA=")
TEXT_TYPE = ("Content-Type", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    "name",
    [
        *("Connection", "Expect", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding"),
        "Upgrade",
    ],
)
def test_header_of_the_clients_connection_is_dropped(name: str) -> None:
    assert list(event_headers(make_call(headers=((name, "1"),)))) == [("X-Amzn-Trace-Id", TRACE)]


@for_each(
    "name",
    [
        *("Accept-Encoding", "Authorization", "Content-Encoding", "Content-Length", "Content-MD5"),
        *("Content-Type", "Cookie", "Host", "Max-Forwards", "User-Agent", "Via", "X-Forwarded-For"),
    ],
)
def test_header_of_the_request_is_kept(name: str) -> None:
    call = make_call(headers=((name, "a, b"),))
    assert list(event_headers(call)) == [
        (name, "a, b"),
        ("X-Amzn-Trace-Id", TRACE),
    ]


def test_signature_is_kept_unlike_in_a_rest_api() -> None:
    signed = ("Authorization", "AWS4-HMAC-SHA256 Credential=x")
    assert signed in event_headers(make_call(headers=(signed,)))


def test_trace_header_of_the_stamp_replaces_the_clients() -> None:
    call = make_call(headers=(("X-Amzn-Trace-Id", "nonsense"), ("X-A", "1"), ("X-A", "2")))
    assert list(event_headers(call)) == [("X-A", "1"), ("X-A", "2"), ("X-Amzn-Trace-Id", TRACE)]


@for_each(
    "headers, raw, body",
    [
        ((("Content-Type", "text/plain"),), b"hi", EncodedBody("hi", False)),
        ((("Content-Type", "Text/HTML; charset=utf-8"),), b"hi", EncodedBody("hi", False)),
        ((("Content-Type", "application/json"),), b"{}", EncodedBody("{}", False)),
        ((), b"hi", EncodedBody("aGk=", True)),
        ((("Content-Type", ""),), b"hi", EncodedBody("aGk=", True)),
        ((("Content-Type", "application/x-www-form-urlencoded"),), b"a=1", EncodedBody("YT0x", True)),
        ((("Content-Type", "multipart/form-data; boundary=x"),), b"hi", EncodedBody("aGk=", True)),
        ((("Content-Type", "text/plain"), ("Content-Type", "image/png")), b"hi", EncodedBody("aGk=", True)),
        ((("Content-Type", "text/plain"), ("Content-Encoding", "gzip")), b"hi", EncodedBody("aGk=", True)),
        ((("Content-Type", "text/plain"), ("Content-Encoding", "identity")), b"hi", EncodedBody("hi", False)),
        ((("Content-Type", "image/png"),), b"", EncodedBody(None, False)),
    ],
)
def test_body_is_text_when_its_type_says_so(
    headers: tuple[tuple[str, str], ...], raw: bytes, body: EncodedBody
) -> None:
    assert encode_http_body(make_call(headers=headers, body=raw)) == body


def test_answer_has_names_in_title_case_a_type_and_the_request_id() -> None:
    pairs = [("myheader", "1"), ("X-AMZ-iD", "2"), ("none", None)]
    lines = [("Myheader", "1"), ("X-Amz-Id", "2"), TEXT_TYPE, REQUEST_ID, ("Content-Length", "1")]
    assert http_api_answer(CALL, ProxyResponse(201, body="x"), pairs) == HttpResponse(201, lines, b"x")


def test_answer_has_no_default_type_when_the_function_names_one() -> None:
    lines = [("Content-Type", "a/b"), REQUEST_ID, ("Content-Length", "0")]
    assert http_api_answer(CALL, ProxyResponse(), [("CONTENT-type", "a/b")]).headers == lines


def test_answer_has_the_default_type_when_the_functions_is_null() -> None:
    lines = [TEXT_TYPE, REQUEST_ID, ("Content-Length", "0")]
    assert http_api_answer(CALL, ProxyResponse(), [("Content-Type", None)]).headers == lines


def test_answer_decodes_base64_whatever_the_client_accepts() -> None:
    response = ProxyResponse(body="AQI=", is_base64_encoded=True)
    assert http_api_answer(make_call(make_route(**HTTP_2)), response, []).body == b"\x01\x02"


@pytest.mark.parametrize("body", ["AQI", "no base64!", "__4="])
def test_answer_is_refused_when_its_body_is_no_base64(body: str) -> None:
    with pytest.raises(UndecodableBody):
        http_api_answer(CALL, ProxyResponse(body=body, is_base64_encoded=True), [])


def test_answer_is_refused_when_a_header_cannot_be_sent() -> None:
    with pytest.raises(MalformedProxyResponse, match="header 'X-A' cannot be sent"):
        http_api_answer(CALL, ProxyResponse(), [("x-a", "1\r\nSet-Cookie: forged")])
