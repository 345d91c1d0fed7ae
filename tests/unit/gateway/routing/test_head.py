"""The head of a request: read with the stage's trust when the route is matched, and by nobody before."""

import pytest

from berth.errors import UntrustedGateway
from berth.gateway.routing.head import RAW_HEADERS, open_head, read_head
from berth.model.api_key import hash_api_key
from berth.model.trust import Trust
from kit.tables import for_each

TRUST = Trust("X-Berth-secret-", (hash_api_key("token"),))
TOLD = [("X-Berth-secret-Token", "token"), ("X-Berth-secret-Source-Ip", "203.0.113.9"), ("Host", "a")]


def _environ(lines: list[tuple[str, str]]) -> dict[str, object]:
    return {"REQUEST_METHOD": "GET", "RAW_URI": "/", RAW_HEADERS: lines}


def test_head_cannot_be_read_before_the_stages_trust_opened_it() -> None:
    with pytest.raises(RuntimeError, match="match the route first"):
        read_head(_environ(TOLD))


def test_head_that_was_refused_cannot_be_read_without_trust() -> None:
    environ = _environ([("Host", "a")])
    with pytest.raises(UntrustedGateway):
        open_head(environ, TRUST)
    with pytest.raises(RuntimeError):
        read_head(environ)


def test_head_is_the_one_that_was_opened() -> None:
    environ = _environ(TOLD)
    head = open_head(environ, TRUST)
    assert read_head(environ) is head
    assert head.context == {"sourceIp": "203.0.113.9"}


def test_trust_decides_whoever_opened_the_head_before() -> None:
    environ = _environ(TOLD)
    assert open_head(environ, None).context == {}
    assert open_head(environ, TRUST).context == {"sourceIp": "203.0.113.9"}


API = {"Domain-Name": "z9.execute-api.eu-west-1.amazonaws.com", "Stage": "prod", "Api-Kind": "rest"}
OWN = {**API, "Domain-Name": "api.example.com"}
HTTP = {**API, "Api-Kind": "http"}


@for_each(
    "wire, told, path",
    [
        # A REST API's integration decodes what it puts into its address, and loses the slash at the end.
        ("/orders", {**API, "Path": "/prod/orders/"}, "/orders/"),
        ("/prod/orders", {**API, "Path": "/prod/orders/"}, "/orders/"),
        ("/a/b", {**API, "Path": "/prod/a%2Fb"}, "/a%2Fb"),
        ("/a%20b", {**API, "Path": "/prod/a%20b"}, "/a%20b"),
        ("/x", {**API, "Path": "/prod//x"}, "//x"),
        ("/prod/x", {**API, "Path": "/prod/prod/x"}, "/prod/x"),
        ("/prod", {**API, "Path": "/prod"}, "/"),
        # A custom domain has a base path and no stage in front; the base path may be named as the stage is.
        ("/orders", {**OWN, "Path": "/shop/orders/"}, "/orders/"),
        ("/prod/orders", {**OWN, "Path": "/shop/v1/orders"}, "/orders"),
        ("/orders", {**OWN, "Path": "/prod/orders"}, "/orders"),
        ("/orders/orders", {**OWN, "Path": "/orders/orders/orders"}, "/orders/orders"),
        ("/a%2Fb", {**OWN, "Path": "/shop/a%252Fb"}, "/a%252Fb"),
        ("/", {**OWN, "Path": "/shop"}, "/"),
        ("/prod", {**OWN, "Path": "/shop"}, "/"),
        ("/prod", {**OWN, "Path": "/shop/prod"}, "/prod"),
        ("/", {**OWN, "Path": "/shop/"}, "/"),
        # An HTTP API's path has the stage in front where that has a name, and may be decoded.
        ("/a%20b", {**HTTP, "Path": "/prod/a b"}, "/a%20b"),
        ("/prod/a%20b", {**HTTP, "Path": "/prod/a b"}, "/a%20b"),
        ("/a%20b", {**HTTP, "Path": "/prod/a%20b"}, "/a%20b"),
        ("/a", {**HTTP, "Stage": "$default", "Path": "/a/"}, "/a/"),
        ("/caf%C3%A9", {**HTTP, "Stage": "$default", "Path": "/caf\xc3\xa9"}, "/caf%C3%A9"),
        # A gateway that tells less.
        ("/prod/orders", {"Stage": "prod"}, "/orders"),
        ("/prod/orders", {"Source-Ip": "203.0.113.9"}, "/prod/orders"),
        ("/orders", {"Path": "/prod/orders/", "Stage": "prod"}, "/orders/"),
    ],
)
def test_path_is_the_one_that_the_client_sent(wire: str, told: dict[str, str], path: str) -> None:
    lines = [("X-Berth-secret-Token", "token"), *((f"X-Berth-secret-{name}", told[name]) for name in told)]
    assert open_head({**_environ(lines), "RAW_URI": f"{wire}?a=1"}, TRUST).path == path
