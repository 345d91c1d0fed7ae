"""What a client has sent, out of what API Gateway and a load balancer have made of it."""

import pytest

from berth.gateway.clients_headers import clients_headers, clients_trace
from berth.model.api_kind import HTTP_2, REST

TOLD = {"domainName": "api.example.com", "userAgent": "curl/8", "sourceIp": "203.0.113.7"}
SENT_ON = [
    ("Host", "balancer.internal"),
    ("User-Agent", "AmazonAPIGateway_z9y8x7w6v5"),
    ("X-Amzn-Apigateway-Api-Id", "z9y8x7w6v5"),
    ("X-Forwarded-For", "10.0.0.7"),
    ("X-Forwarded-Port", "80"),
    ("X-Forwarded-Proto", "http"),
    ("Accept", "*/*"),
]
FORWARDED = [("X-Forwarded-Port", "443"), ("X-Forwarded-Proto", "https")]


def test_headers_of_gateway_and_balancer_are_the_clients_again() -> None:
    assert clients_headers(SENT_ON, SENT_ON, HTTP_2, TOLD) == [
        ("Host", "api.example.com"),
        ("User-Agent", "curl/8"),
        ("X-Forwarded-For", "203.0.113.7"),
        *FORWARDED,
        ("Accept", "*/*"),
    ]


def test_chain_of_a_rest_api_is_the_one_that_it_has_forwarded() -> None:
    told = {**TOLD, "forwardedFor": "6.6.6.6, 203.0.113.7"}
    headers = clients_headers(SENT_ON, SENT_ON, REST, told)
    assert ("X-Forwarded-For", "6.6.6.6, 203.0.113.7") in headers
    assert [name for name, _ in headers].count("X-Forwarded-For") == 1


def test_client_without_a_user_agent_has_none() -> None:
    assert "User-Agent" not in dict(clients_headers(SENT_ON, SENT_ON, REST, {"sourceIp": "203.0.113.7"}))


def test_headers_about_the_connection_stay_where_the_gateway_says_nothing_of_it() -> None:
    headers = clients_headers(SENT_ON, SENT_ON, REST, {"stage": "prod"})
    assert ("X-Forwarded-For", "10.0.0.7") in headers


@pytest.mark.parametrize(
    ("sent_on", "left"),
    [
        ("by=3.4.5.6;for=203.0.113.7;host=api.example.com;proto=https", None),
        ("for=6.6.6.6, by=3.4.5.6;for=203.0.113.7;host=a;proto=https", "for=6.6.6.6"),
    ],
)
def test_last_entry_of_forwarded_is_an_http_apis_own(sent_on: str, left: str | None) -> None:
    sent = [("Forwarded", sent_on)]
    assert dict(clients_headers(sent, sent, HTTP_2, TOLD)).get("Forwarded") == left
    assert dict(clients_headers(sent, sent, REST, TOLD))["Forwarded"] == sent_on


@pytest.mark.parametrize(
    ("sent_on", "told", "left"),
    [
        (("Accept", "application/json"), {}, []),
        (("accept", "application/json"), {}, ["application/json"]),
        (("Accept", "text/html"), {}, ["text/html"]),
        (("Accept", "application/json"), {"accept": "application/json"}, ["application/json"]),
        (("Accept", "application/json"), {"apiKind": "http"}, ["application/json"]),
    ],
)
def test_accept_that_a_rest_api_makes_up_is_left_out(
    sent_on: tuple[str, str], told: dict[str, str], left: list[str]
) -> None:
    canonical, told = [("Accept", sent_on[1])], {**TOLD, "apiKind": "rest", **told}
    headers = clients_headers(canonical, [sent_on], REST, told)
    assert [value for name, value in headers if name == "Accept"] == left


def test_via_is_the_clients() -> None:
    assert dict(clients_headers([], [], REST, {**TOLD, "via": "1.1 proxy"}))["Via"] == "1.1 proxy"
    sent = [("Via", "1.1 proxy")]
    assert dict(clients_headers(sent, sent, HTTP_2, TOLD))["Via"] == "1.1 proxy"


@pytest.mark.parametrize(
    ("sent_on", "left"),
    [
        ("Self=1-6-a;Root=1-5-b", "Root=1-5-b"),
        ("Root=1-5-b;Self=1-6-a", "Root=1-5-b"),
        ("Root=1-5-b; Self=1-6-a; Sampled=1", "Root=1-5-b; Sampled=1"),
        ("Root=1-5-b;Itself=x", "Root=1-5-b;Itself=x"),
        ("Root=1-5-b", "Root=1-5-b"),
        (None, None),
    ],
)
def test_trace_is_without_the_load_balancers_own_part(sent_on: str | None, left: str | None) -> None:
    assert clients_trace(sent_on) == left
