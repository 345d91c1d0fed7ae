"""Paths and queries as they arrive, through all three servers."""

from collections.abc import Iterator
from typing import Any

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


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    project = new_project(tmp_path_factory.mktemp("targets") / "project")
    isolation = isolation_for(request.param)
    write_function(project, "echo", ECHO, "ANY /", "ANY /{proxy+}", isolation=isolation)
    with open_transport(request.param, project) as opened:
        yield opened


@for_each(
    "target, path, proxy",
    [
        ("/a%2Fb", "/a%2Fb", "a%2Fb"),
        ("/a%20b", "/a%20b", "a%20b"),
        ("/%e2%98%95", "/%e2%98%95", "%e2%98%95"),
        ("/test%2Balias@example.com", "/test%2Balias@example.com", "test%2Balias@example.com"),
        ("/a%", "/a%", "a%"),
        ("/%2Fx", "/%2Fx", "%2Fx"),
        ("/a+b", "/a+b", "a+b"),
        ("/a;b=1,c", "/a;b=1,c", "a;b=1,c"),
        ("/~a:b!$&'()*=@", "/~a:b!$&'()*=@", "~a:b!$&'()*=@"),
        ("/a//b", "/a//b", "a//b"),
        ("/a/../b/.", "/a/../b/.", "a/../b/."),
        ("/a/", "/a/", "a"),
        ("/a/b/", "/a/b/", "a/b"),
    ],
)
def test_path_stays_as_it_was_sent(server: Transport, target: str, path: str, proxy: str) -> None:
    event = server.get(target).json()
    assert event["path"] == path
    assert event["requestContext"]["path"] == f"/dev{path}"
    assert event["pathParameters"] == {"proxy": proxy}


@pytest.mark.parametrize(
    ("target", "path", "proxy"),
    [("//x", "/x", "x"), ("///x", "/x", "x"), ("//Host.Example:8a/x//y/", "/Host.Example:8a/x//y/", None)],
)
def test_leading_slashes_become_one_in_the_path_only(
    server: Transport, target: str, path: str, proxy: str | None
) -> None:
    event = server.get(target).json()
    assert event["path"] == path
    assert event["requestContext"]["path"] == f"/dev{target}"
    assert event["pathParameters"] == {"proxy": proxy or path.strip("/")}


@pytest.mark.parametrize(
    ("target", "path", "domain"),
    [
        ("http://shop.example/x%2Fy?k=1", "/x%2Fy", "shop.example"),
        ("http://shop.example:81/", "/", "shop.example:81"),
        ("HTTPS://shop.example/x", "/x", "shop.example"),
    ],
)
def test_absolute_target_loses_scheme_and_host(
    server: Transport, target: str, path: str, domain: str
) -> None:
    event = server.get(target, headers=[("Host", domain)]).json()
    assert event["path"] == path
    assert event["requestContext"]["path"] == f"/dev{path}"
    assert event["requestContext"]["domainName"] == domain


@pytest.mark.parametrize("server", REAL_SERVERS, indirect=True)
@pytest.mark.parametrize("start", [b"OPTIONS *", b"CONNECT h:80"])
def test_target_without_a_path_has_no_route(server: Server, start: bytes) -> None:
    assert exchange(server.port, start + b" HTTP/1.1\r\nHost: h\r\n\r\n").status == 403


def test_root_has_no_path_parameters(server: Transport) -> None:
    event = server.get("/").json()
    assert event["path"] == "/"
    assert event["resource"] == "/"
    assert event["requestContext"]["path"] == "/dev/"
    assert event["pathParameters"] is None


@for_each(
    "query, values",
    [
        ("a=1", {"a": ["1"]}),
        ("a=1&b=2&a=3", {"a": ["1", "3"], "b": ["2"]}),
        ("k", {"k": [""]}),
        ("k=", {"k": [""]}),
        ("a=1&A=2", {"a": ["1"], "A": ["2"]}),
        ("a=b+c%2Bd%20e", {"a": ["b c+d e"]}),
        ("a%20b=1", {"a b": ["1"]}),
        ("a=%E2%98%95&%C3%A9=1", {"a": ["☕"], "é": ["1"]}),
        ("a=%FF", {"a": ["\ufffd"]}),
        ("a=%ZZ%", {"a": ["%ZZ%"]}),
        ("a=x/y:z@w?v=1", {"a": ["x/y:z@w?v=1"]}),
        ("a=1;b=2", {"a": ["1"], "b": ["2"]}),
        ("a=%26%3B%3D", {"a": ["&;="]}),
        ("a=%7C%7B%7D", {"a": ["|{}"]}),
        ("a[]=1&a[]=2", {"a[]": ["1", "2"]}),
    ],
)
def test_query_is_form_decoded(server: Transport, query: str, values: dict[str, list[str]]) -> None:
    event = server.get(f"/x?{query}").json()
    assert event["path"] == "/x"
    assert event["multiValueQueryStringParameters"] == values
    assert event["queryStringParameters"] == {key: each[-1] for key, each in values.items()}


@pytest.mark.parametrize("target", ["/x", "/x?", "/x?&"])
def test_query_is_null_when_there_is_none(server: Transport, target: str) -> None:
    event: dict[str, Any] = server.get(target).json()
    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None


@pytest.mark.parametrize("query", ["a=|", "|", "a={", "a=1&b=}"])
def test_query_is_refused_when_it_holds_what_the_gateway_refuses(server: Transport, query: str) -> None:
    reply = server.get(f"/x?{query}")
    assert reply.status == 400
    assert reply.get("Content-Type") == "application/json"
