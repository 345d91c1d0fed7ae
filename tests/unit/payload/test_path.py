"""Request targets, as they were sent."""

import pytest

from berth.payload.urls import collapse_leading_slashes, decode_path, split_target, strip_prefix
from kit.tables import for_each


@for_each(
    "target, path, query",
    [
        ("/", "/", ""),
        ("/x", "/x", ""),
        ("/x?", "/x", ""),
        ("/x?a=1&b", "/x", "a=1&b"),
        ("/x?a=?", "/x", "a=?"),
        ("/x#y?z", "/x", ""),
        ("/x?a#b", "/x", "a"),
        ("?a=1", "/", "a=1"),
        ("", "/", ""),
        ("//x/y", "//x/y", ""),
        ("//host/x", "//host/x", ""),
        ("/a%2Fb%3Fc?d%3De", "/a%2Fb%3Fc", "d%3De"),
        ("http://host", "/", ""),
        ("http://host/", "/", ""),
        ("http://user@host:81/x?a=1", "/x", "a=1"),
        ("HTTPS://[::1]:81//x", "//x", ""),
        ("http://host?a=1", "/", "a=1"),
        ("/http://host/x", "/http://host/x", ""),
        ("/x?u=http://host/y", "/x", "u=http://host/y"),
        ("*", "*", ""),
    ],
)
def test_target_is_split_as_it_was_sent(target: str, path: str, query: str) -> None:
    assert split_target(target) == (path, query)


@for_each(
    "path, inner",
    [
        ("/prod", "/"),
        ("/prod/", "/"),
        ("/prod/x", "/x"),
        ("/prod/x/", "/x/"),
        ("/prod//x", "//x"),
        ("/prod/prod/x", "/prod/x"),
        ("/", None),
        ("/x/prod", None),
        ("/production/x", None),
        ("/PROD/x", None),
        ("//prod/x", None),
        ("/pro%64/x", None),
        ("", None),
    ],
)
def test_stage_is_stripped_when_the_path_begins_with_it(path: str, inner: str | None) -> None:
    assert strip_prefix(path, "/prod") == inner


@pytest.mark.parametrize("path", ["/", "/x", "/prod/x", "//x/", ""])
def test_nothing_is_stripped_when_there_is_no_stage(path: str) -> None:
    assert strip_prefix(path, "") == (path or "/")


@pytest.mark.parametrize(
    ("path", "decoded"),
    [
        ("/a/b", "/a/b"),
        ("/a%2Fb%3fc%23", "/a/b?c#"),
        ("/a%2520b", "/a%20b"),
        ("/a+b%2B", "/a+b+"),
        ("/caf%C3%A9%E2%98%95", "/café☕"),
        ("/café", "/café"),
        ("/%FF", "/\ufffd"),
        ("/100%/%zz", "/100%/%zz"),
        ("/%00", "/\0"),
    ],
)
def test_path_is_decoded_once(path: str, decoded: str) -> None:
    assert decode_path(path) == decoded


@pytest.mark.parametrize(
    ("path", "collapsed"),
    [("/", "/"), ("//", "/"), ("/x", "/x"), ("//x", "/x"), ("////x//y/", "/x//y/"), ("/x//", "/x//")],
)
def test_leading_slashes_become_one(path: str, collapsed: str) -> None:
    assert collapse_leading_slashes(path) == collapsed
