"""Signatures that botocore made, and everything that must not pass for the request they were made of."""

import hashlib
from typing import Any

import pytest

from berth.errors import SignatureInvalid, SignatureMissing
from berth.gateway.authorizers.sigv4 import Signature, read_signature, verify_signature
from berth.model.http import HttpRequest
from berth.payload.headers import canonical_name
from kit.gateway_values import make_request
from kit.signatures import ACCESS_KEY, REGION, SECRET, SERVICE, Lines, sign
from kit.tables import for_each

NOW = 1_783_711_144.0  # 20260710T191904Z
HOST = "api.example.com"
ITEM = b'{"item": "anchor"}'
OTHER = "the signature is not the request's"
NOT_SIGNED = "the signed headers are not the request's"
NOT_NORMAL = "the path is not normal"
EXPIRED = "the signature has expired, or is not yet valid"
OTHER_DATE = "the signature's date is not the request's"


def _signed(
    method: str = "GET",
    target: str = "/orders/7?page=2",
    headers: Lines | None = None,
    body: bytes = b"",
    **options: Any,
) -> HttpRequest:
    """A signed request as the gateway reads it."""
    lines = sign(method, f"https://{HOST}{target}", headers or [], body, at=NOW, **options)
    path, _, query = target.partition("?")
    named = tuple((canonical_name(name), value) for name, value in [("Host", HOST), *lines])
    return make_request(method=method, path=path, query=query, headers=named, body=body)


def _changed(request: HttpRequest, **changes: Any) -> HttpRequest:
    fields = {name: getattr(request, name) for name in ("method", "path", "query", "headers", "body")}
    return make_request(**{**fields, **changes})


def _with_header(request: HttpRequest, name: str, value: str | None) -> HttpRequest:
    """The request with a header replaced, added or, with None, left out."""
    kept = [line for line in request.headers if line[0] != name]
    return _changed(request, headers=tuple(kept if value is None else [*kept, (name, value)]))


def _with_authorization(request: HttpRequest, old: str, new: str) -> HttpRequest:
    value = dict(request.headers)["Authorization"]
    assert old in value
    return _with_header(request, "Authorization", value.replace(old, new))


def _verify(request: HttpRequest, secret: str = SECRET, now: float = NOW) -> None:
    verify_signature(request, read_signature(request), secret, now)


def _assert_invalid(request: HttpRequest, message: str, **options: Any) -> None:
    with pytest.raises(SignatureInvalid) as refused:
        _verify(request, **options)
    assert str(refused.value) == message


@pytest.mark.parametrize("body", [b"", ITEM, b"\0\xff"])
@for_each("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_signature_is_valid_for_every_method_and_body(method: str, body: bytes) -> None:
    _verify(_signed(method, body=body))


@for_each(
    "target",
    [
        *("/", "/orders", "/orders/", "/a/b/c", "/a.b/..c/d..", "/~a_b-c.d", "/a:b@c,d=e", "/a+b", "/a;b=1"),
        *("/a%20b", "/a%2Fb", "/caf%C3%A9", "/%e2%98%95", "/a%252Fb", "/100%25"),
        *("/x?a=1", "/x?b=2&a=1", "/x?a=2&a=1", "/x?a=1&a=1", "/x?a", "/x?a=", "/x?A=1&a=2", "/x?a-b=1&aa=2"),
        *("/x?a=b%20c", "/x?a=%2F%3D%26", "/x?a=%C3%A9", "/x?%C3%A9=1", "/x?a=~._-", "/x?a=%2B1"),
    ],
)
def test_signature_is_valid_for_paths_and_queries_as_they_are_sent(target: str) -> None:
    _verify(_signed(target=target))


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Amz-Security-Token", "FwoGZXIvYXdzEBYaD+/=")],
        [("Content-Type", "application/json; charset=utf-8")],
        [("X-Tenant", "  acme   inc ")],
        [("X-Amz-Content-Sha256", hashlib.sha256(ITEM).hexdigest())],
        [("X-Amz-Target", "a"), ("Accept", "*/*"), ("X-Empty", "")],
    ],
)
def test_signature_is_valid_with_more_headers(headers: Lines) -> None:
    _verify(_signed("POST", headers=headers, body=ITEM))


def test_header_that_is_not_signed_may_be_added_on_the_way() -> None:
    request = _with_header(_signed(), "X-Forwarded-For", "203.0.113.7")
    _verify(_with_header(request, "User-Agent", "curl"))


def test_signature_says_whose_it_is_and_what_it_covers() -> None:
    request = _signed(headers=[("X-Tenant", "acme")])
    signature = read_signature(request)
    assert signature == Signature(
        access_key_id=ACCESS_KEY,
        date="20260710",
        region=REGION,
        service=SERVICE,
        signed_headers=("host", "x-amz-date", "x-tenant"),
        signature=signature.signature,
    )
    assert signature.scope == "20260710/eu-west-1/execute-api/aws4_request"


def test_published_signature_is_valid() -> None:
    # The example of AWS's manual: GET on IAM, 30 August 2015.
    value = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request,"
        " SignedHeaders=content-type;host;x-amz-date,"
        " Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )
    headers = (
        ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("Host", "iam.amazonaws.com"),
        ("X-Amz-Date", "20150830T123600Z"),
        ("Authorization", value),
    )
    query = "Action=ListUsers&Version=2010-05-08"
    request = make_request(path="/", query=query, headers=headers)
    verify_signature(request, read_signature(request), SECRET, 1_440_938_160.0)


@for_each(
    "changes",
    [
        {"method": "POST"},
        {"method": "HEAD"},
        {"method": "get"},
        {"path": "/orders/8"},
        {"path": "/orders/7/"},
        {"path": "/orders%2F7"},
        {"path": "/Orders/7"},
        {"path": "/orders/%37"},
        {"path": "/orders/7;a=1"},
        {"query": "page=3"},
        {"query": ""},
        {"query": "page=2&admin=true"},
        {"query": "page=2&page=2"},
        {"query": "Page=2"},
        {"query": "page=2%00"},
        {"body": b"x"},
        {"body": b"\0"},
    ],
)
def test_signature_of_another_request_is_not_valid(changes: dict[str, Any]) -> None:
    _assert_invalid(_changed(_signed(), **changes), OTHER)


@pytest.mark.parametrize("body", [b"", ITEM + b" ", ITEM.upper()])
def test_signature_of_another_body_is_not_valid(body: bytes) -> None:
    _assert_invalid(_changed(_signed("POST", body=ITEM), body=body), OTHER)


@for_each(
    "name, value, message",
    [
        ("Host", "evil.example", OTHER),
        ("Host", f"{HOST}:443", OTHER),
        ("Host", None, NOT_SIGNED),
        ("X-Tenant", "umbrella", OTHER),
        ("X-Tenant", "", OTHER),
        ("X-Tenant", None, NOT_SIGNED),
        ("X-Amz-Date", "20260710T191905Z", OTHER),
        ("X-Amz-Date", "20260711T191904Z", OTHER_DATE),
        ("X-Amz-Date", None, OTHER_DATE),
        ("X-Amz-Date", "", OTHER_DATE),
        ("X-Amz-Date", "2026-07-10T19:19:04Z", OTHER_DATE),
        ("X-Amz-Date", "20260710T191904Z ", OTHER_DATE),
        ("X-Amz-Date", "20260710T251904Z", "the signature's date is not a date"),
        ("X-Amz-Date", "20260710", OTHER_DATE),
        ("X-Amz-Security-Token", "stolen", NOT_SIGNED),
        ("X-Amz-Target", "Admin", NOT_SIGNED),
        ("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD", NOT_SIGNED),
    ],
)
def test_signature_is_not_valid_when_a_header_was_changed(name: str, value: str | None, message: str) -> None:
    _assert_invalid(_with_header(_signed(headers=[("X-Tenant", "acme")]), name, value), message)


@pytest.mark.parametrize("name", ["X-Tenant", "X-Amz-Date", "Host"])
def test_signed_header_is_not_valid_when_it_comes_twice(name: str) -> None:
    request = _signed(headers=[("X-Tenant", "acme")])
    doubled = (*request.headers, (name, dict(request.headers)[name]))
    _assert_invalid(_changed(request, headers=doubled), OTHER)


@pytest.mark.parametrize(
    ("skew", "is_valid"), [(0, True), (300, True), (-300, True), (301, False), (-301, False), (86_400, False)]
)
def test_signature_counts_for_five_minutes_either_way(skew: float, is_valid: bool) -> None:
    if is_valid:
        _verify(_signed(), now=NOW + skew)
    else:
        _assert_invalid(_signed(), EXPIRED, now=NOW + skew)


@for_each(
    "old, new, message",
    [
        ("20260710/", "20260711/", OTHER_DATE),
        ("/eu-west-1/", "/us-east-1/", OTHER),
        ("/execute-api/", "/lambda/", OTHER),
        ("host;x-amz-date", "x-amz-date", NOT_SIGNED),
        ("host;x-amz-date", "host", NOT_SIGNED),
        ("host;x-amz-date", "x-amz-date;host", NOT_SIGNED),
        ("host;x-amz-date", "host;host;x-amz-date", NOT_SIGNED),
        ("host;x-amz-date", "host;x-amz-date;x-tenant", NOT_SIGNED),
        ("host;x-amz-date", "host;x-amz-date;", NOT_SIGNED),
        ("host;x-amz-date", ";", NOT_SIGNED),
    ],
)
def test_signature_is_not_valid_when_its_scope_or_headers_are_others(
    old: str, new: str, message: str
) -> None:
    _assert_invalid(_with_authorization(_signed(), old, new), message)


@pytest.mark.parametrize("secret", ["", "other", SECRET.lower(), f"{SECRET} "])
def test_signature_is_not_valid_when_another_secret_made_it(secret: str) -> None:
    _assert_invalid(_signed(), OTHER, secret=secret)
    _assert_invalid(_signed(secret=f"{secret}x"), OTHER)


@pytest.mark.parametrize(
    "claimed", ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", "é", "0" * 64]
)
def test_body_is_never_taken_on_trust(claimed: str) -> None:
    request = _signed("POST", headers=[("X-Amz-Content-Sha256", claimed)], body=ITEM)
    _assert_invalid(request, "the signed body is not the request's")


@pytest.mark.parametrize(
    "path",
    ["//orders", "/orders//7", "/./orders", "/orders/.", "/orders/..", "/public/../orders/7", "/a/./b"],
)
def test_path_that_is_not_normal_is_refused(path: str) -> None:
    _assert_invalid(_signed(target=path), NOT_NORMAL)


@pytest.mark.parametrize("query", ["a=1;b=2", "a=1+1", "a;b", "+"])
def test_query_that_is_read_in_several_ways_is_refused(query: str) -> None:
    wrong = "the query has a plain plus or semicolon, which are read in several ways"
    _assert_invalid(_changed(_signed(target="/x?a=1%3Bb%3D2"), query=query), wrong)


@pytest.mark.parametrize(
    ("signed", "sent"),
    [("a=%EF%BF%BD", "a=%FF"), ("a=%FF", "a=%FE"), ("a=%26b%3D1", "a=&b=1"), ("a=1&b=2", "a=1%26b%3D2")],
)
def test_signature_is_of_the_bytes_of_a_query(signed: str, sent: str) -> None:
    request = _signed(target=f"/x?{signed}")
    _verify(request)
    _assert_invalid(_changed(request, query=sent), OTHER)


@pytest.mark.parametrize(
    ("target", "path"),
    [("/prod/orders", "/orders"), ("/prod/", "/"), ("/prod", "/"), ("/prod/prod", "/prod")],
)
def test_stage_in_front_of_the_path_is_signed(target: str, path: str) -> None:
    request = _changed(_signed(target=target), path=path)
    verify_signature(request, read_signature(request), SECRET, NOW, "/prod")
    _assert_invalid(request, OTHER)


GOOD = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE000000001/20260710/eu-west-1/execute-api/aws4_request,"
    f" SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
)


@for_each(
    "values",
    [
        *([], [""], ["Bearer abc"], [GOOD, GOOD], [GOOD, ""], [f" {GOOD}"], [f"{GOOD} "], [f"{GOOD}\n"]),
        *([GOOD.lower()], [GOOD.replace("SHA256", "SHA1")], [GOOD.replace("AWS4", "AWS3")]),
        *([GOOD.replace("aws4_request", "aws5_request")], [GOOD.replace("0" * 64, "0" * 63)]),
        *(
            [GOOD.replace("0" * 64, "G" * 64)],
            [GOOD.replace("0" * 64, "")],
            [GOOD.replace("20260710", "today")],
        ),
        *([GOOD.replace("host;", "Host;")], [GOOD.replace("host;x-amz-date", "")], [f"{GOOD}, {GOOD}"]),
        *(
            [GOOD.replace("AKIDEXAMPLE000000001", "")],
            [GOOD.replace("AKID", "AK/ID")],
            [f"{GOOD}{'0' * 9000}"],
        ),
        *([GOOD.replace("20260710", "٢٠٢٦٠٧١٠")], [GOOD.replace("eu-west-1/", "")], [GOOD.replace("=", ":")]),
    ],
)
def test_signature_is_missing_when_it_is_not_well_formed(values: list[str]) -> None:
    lines = tuple(("Authorization", value) for value in values)
    with pytest.raises(SignatureMissing):
        read_signature(make_request(headers=lines))


@pytest.mark.parametrize("separator", [", ", ","])
def test_parts_of_a_signature_have_a_comma_between_them(separator: str) -> None:
    value = GOOD.replace(", ", separator)
    assert read_signature(make_request(headers=(("Authorization", value),))).signature == "0" * 64
