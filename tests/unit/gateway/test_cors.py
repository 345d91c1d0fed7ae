"""What a stage's CORS adds to responses."""

from dataclasses import replace
from typing import Any

import pytest

from berth.gateway.cors import apply_cors
from berth.model.call import Call
from berth.model.cors import Cors
from berth.model.http import HttpResponse
from kit.gateway_values import ALB, HTTP_1, HTTP_2, URL, make_call, make_route
from kit.tables import for_each

OURS = "https://a.example"
OPEN = Cors(("*",))
FULL = Cors(
    allow_origins=(OURS, "http://*"),
    allow_methods=("GET", "PUT"),
    allow_headers=("Authorization", "X-A"),
    expose_headers=("X-B", "Date"),
    allow_credentials=True,
    max_age=60,
)
RESPONSE = HttpResponse(200, [("X-A", "1"), ("access-control-allow-origin", "function")], b"x")


def _call(cors: Cors | None, fields: dict[str, Any], *headers: tuple[str, str]) -> Call:
    function = make_route(**fields).function
    route = make_route(**fields, stage=replace(function.stage, cors=cors))
    return make_call(route, headers=headers)


@for_each(
    "origins, origin, allowed",
    [
        (("*",), OURS, "*"),
        (("*",), "null", "*"),
        ((OURS, "*"), OURS, "*"),
        ((OURS,), OURS, OURS),
        ((OURS,), "https://A.example", None),
        ((OURS,), "http://a.example", None),
        ((OURS,), "https://a.example:8443", None),
        ((OURS,), "https://a.example.evil", None),
        (("https://*",), "https://anything.example:1", "https://anything.example:1"),
        (("https://*",), "http://anything.example", None),
        (("http://*",), "https://anything.example", None),
        (("http://*", OURS), "http://x", "http://x"),
        ((OURS,), "null", None),
        ((OURS,), "", None),
        ((), OURS, None),
    ],
)
def test_origin_is_allowed(origins: tuple[str, ...], origin: str, allowed: str | None) -> None:
    assert Cors(origins).allowed_origin(origin) == allowed


@pytest.mark.parametrize("fields", [HTTP_1, HTTP_2, URL], ids=["http1", "http2", "url"])
def test_gateways_headers_take_the_place_of_the_functions(fields: dict[str, str]) -> None:
    call = _call(FULL, fields, ("Origin", OURS))
    assert apply_cors(call, RESPONSE) == HttpResponse(
        200,
        [
            ("X-A", "1"),
            ("Access-Control-Allow-Origin", OURS),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Expose-Headers", "X-B,Date"),
        ],
        b"x",
    )


def test_response_to_any_origin_says_no_more_than_that() -> None:
    call = _call(OPEN, HTTP_2, ("Origin", OURS))
    headers = [("X-A", "1"), ("Access-Control-Allow-Origin", "*")]
    assert apply_cors(call, RESPONSE) == HttpResponse(200, headers, b"x")


@pytest.mark.parametrize("headers", [(), (("Origin", ""),), (("Origin", "https://evil.example"),)])
def test_functions_headers_go_even_when_the_origin_is_not_allowed(
    headers: tuple[tuple[str, str], ...],
) -> None:
    response = apply_cors(_call(FULL, HTTP_2, *headers), RESPONSE)
    assert response == HttpResponse(200, [("X-A", "1")], b"x")


@pytest.mark.parametrize(
    ("cors", "fields"),
    [(None, HTTP_2), (None, URL), (FULL, {}), (FULL, ALB)],
    ids=["no CORS of HTTP", "no CORS of URL", "REST", "ALB"],
)
def test_response_is_the_functions_where_the_gateway_has_no_cors(
    cors: Cors | None, fields: dict[str, str]
) -> None:
    assert apply_cors(_call(cors, fields, ("Origin", OURS)), RESPONSE) is RESPONSE


def test_preflight_request_is_told_all() -> None:
    assert list(FULL.preflight_headers(OURS)) == [
        ("Access-Control-Allow-Origin", OURS),
        ("Access-Control-Allow-Methods", "GET,PUT"),
        ("Access-Control-Allow-Headers", "Authorization,X-A"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Max-Age", "60"),
    ]


def test_preflight_request_is_told_what_is_configured() -> None:
    assert list(OPEN.preflight_headers(OURS)) == [("Access-Control-Allow-Origin", "*")]
    assert list(Cors(("*",), max_age=0).preflight_headers(OURS)) == [
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Max-Age", "0"),
    ]


def test_preflight_request_of_another_origin_is_told_nothing() -> None:
    assert list(FULL.preflight_headers("https://evil.example")) == []
