"""A load balancer's rules."""

from typing import Any

import pytest

from berth.errors import NoSuchRoute
from berth.gateway.routing.head import RequestHead
from berth.gateway.routing.listener_rules import ListenerRules
from berth.model.listener_rule import ANY_REQUEST, Condition, ListenerRule
from berth.model.route import RouteKey
from kit.gateway_values import make_head, route_key
from kit.tables import for_each

HOST = Condition("host-header", ("a.example",))


def _rules(*rules: tuple[str, ListenerRule]) -> ListenerRules[str]:
    table: ListenerRules[str] = ListenerRules()
    for key, rule in rules:
        table.add(route_key(key), rule, key)
    return table


def _match(rules: ListenerRules[str], head: RequestHead) -> tuple[RouteKey, str, ListenerRule]:
    return rules.match(head, head.path)


def _is_met(request_line: str, *conditions: Condition, key: str = "ANY /*", headers: Any = ()) -> bool:
    rules = _rules((key, ListenerRule(None, conditions)))
    try:
        return _match(rules, make_head(request_line, *headers))[1] == key
    except NoSuchRoute:
        return False


@for_each(
    "path, request_path, is_met",
    [
        ("/", "/", True),
        ("/", "/x", False),
        ("/orders", "/orders", True),
        ("/orders", "/orders?a=1", True),
        ("/orders", "/orders/", False),
        ("/orders", "/Orders", False),
        ("/orders", "//orders", False),
        ("/v1.0", "/v1x0", False),
        ("/*", "/", True),
        ("/*", "/a/b/c", True),
        ("/img/*", "/img/", True),
        ("/img/*", "/img", False),
        ("/img/*", "/img/a/b.png", True),
        ("/img/*/pics", "/img/a/b/pics", True),
        ("/img/*/pics", "/img/pics", False),
        ("/*.png", "/a/b.png", True),
        ("/*.png", "/a/bxpng", False),
        ("/a?", "/ab", True),
        ("/a?", "/a", False),
        ("/a?", "/abc", False),
        ("/a?c", "/a/c", True),
        ("/IMG/*", "/img/a", False),
        ("/a%20*", "/a%20b", True),
        ("/a+(b)*", "/a+(b)c", True),
        ("/orders/{id}", "/orders/7", True),
        ("/orders/{id}", "/orders/", False),
        ("/orders/{id}", "/orders/7/lines", False),
        ("/orders/{id}", "/orders/a%2Fb", True),
        ("/files/{path+}", "/files/a/b/", True),
        ("/files/{path+}", "/files/", False),
        ("/files/{path+}", "/files", False),
        ("/{a}/x/{b+}", "/1/x/2/3", True),
    ],
)
def test_path_fits_its_pattern(path: str, request_path: str, is_met: bool) -> None:
    assert _is_met(f"GET {request_path}", key=f"ANY {path}") is is_met


@pytest.mark.parametrize(
    ("key", "request_line", "is_met"),
    [
        ("GET /a", "GET /a", True),
        ("GET /a", "HEAD /a", False),
        ("ANY /a", "HEAD /a", True),
        ("ANY /a", "TRACE /a", True),
    ],
)
def test_method_is_the_rules_or_any(key: str, request_line: str, is_met: bool) -> None:
    assert _is_met(request_line, key=key) is is_met


@for_each(
    "values, path, is_met",
    [
        (("/a/*",), "/a/b", True),
        (("/a/*",), "/A/b", False),
        (("/x", "/a?"), "/ab", True),
        ((r"/a\*",), "/a*", True),
        ((r"/a\*",), "/ab", False),
        ((r"/a\?b",), "/a%3Fb", False),
        ((r"/a\\*",), "/a\\bc", True),
        ((r"/a\b",), r"/a\b", True),
        (("/a.c",), "/abc", False),
        (("*b*",), "/abc", True),
    ],
)
def test_path_condition_is_compared_with_case(values: tuple[str, ...], path: str, is_met: bool) -> None:
    assert _is_met(f"GET {path}", Condition("path-pattern", values)) is is_met


@pytest.mark.parametrize(
    ("values", "host", "is_met"),
    [
        (("a.example",), "a.example", True),
        (("a.example",), "A.Example:8000", True),
        (("A.EXAMPLE",), "a.example", True),
        (("*.example",), "a.b.example", True),
        (("*.example",), "example", False),
        (("?.example",), "a.example", True),
        (("?.example",), "ab.example", False),
        (("b.example", "a.example"), "a.example", True),
        (("a.example",), "aXexample", False),
    ],
)
def test_host_condition_knows_neither_case_nor_port(values: tuple[str, ...], host: str, is_met: bool) -> None:
    assert _is_met("GET /", Condition("host-header", values), headers=[("Host", host)]) is is_met


@pytest.mark.parametrize(
    ("headers", "is_met"),
    [
        ([("X-Version", "1.2")], True),
        ([("x-version", "1.2")], True),
        ([("X-Version", "3"), ("X-Version", "1.0")], True),
        ([("X-Version", "BETA")], True),
        ([("X-Version", "2.0")], False),
        ([("X-Version", "")], False),
        ([("X-Other", "1.2")], False),
        ([], False),
    ],
)
def test_header_condition_is_met_by_one_value_without_case(
    headers: list[tuple[str, str]], is_met: bool
) -> None:
    condition = Condition("http-header", ("1.*", "beta"), header_name="X-vErsion")
    assert _is_met("GET /", condition, headers=headers) is is_met


@for_each(
    "pairs, query, is_met",
    [
        ((("version", "v1"),), "version=v1", True),
        ((("version", "v1"),), "a=1&VERSION=V1", True),
        ((("version", "v1"),), "version=v2", False),
        ((("version", "v1"),), "other=v1", False),
        ((("version", "v1"),), "", False),
        (((None, "v1"),), "whatever=v1", True),
        (((None, "v1"),), "v1", False),
        ((("v*", "?1"),), "version=x1", True),
        ((("a", "1"), ("b", "2")), "b=2", True),
        ((("a", "x y"),), "a=x+y", False),
        ((("a", "x+y"),), "a=x+y", True),
        ((("a", r"\*"),), "a=*", True),
        ((("a", r"\*"),), "a=b", False),
    ],
)
def test_query_condition_is_met_by_one_pair_as_it_was_sent(
    pairs: tuple[tuple[str | None, str], ...], query: str, is_met: bool
) -> None:
    assert _is_met(f"GET /?{query}", Condition("query-string", pairs=pairs)) is is_met


@pytest.mark.parametrize(
    ("values", "method", "is_met"),
    [
        (("GET",), "GET", True),
        (("POST", "GET"), "GET", True),
        (("GET",), "HEAD", False),
        (("get",), "GET", False),
        (("G*",), "GET", False),
    ],
)
def test_method_condition_knows_no_wildcards(values: tuple[str, ...], method: str, is_met: bool) -> None:
    assert _is_met(f"{method} /", Condition("http-request-method", values)) is is_met


@pytest.mark.parametrize(
    ("request_line", "is_met"), [("GET /a?v=1", True), ("GET /a?v=2", False), ("GET /b?v=1", False)]
)
def test_rule_is_met_when_all_its_conditions_are(request_line: str, is_met: bool) -> None:
    conditions = (Condition("path-pattern", ("/a",)), Condition("query-string", pairs=(("v", "1"),)))
    assert _is_met(request_line, *conditions) is is_met


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("ANY /*", ListenerRule(1)), ("GET /a", ListenerRule(2))),
        (("ANY /*", ListenerRule(50_000)), ("GET /a", ANY_REQUEST)),
        (("GET /a", ANY_REQUEST), ("ANY /a", ANY_REQUEST)),
        (("ANY /a", ANY_REQUEST), ("GET /?", ANY_REQUEST)),
        (("ANY /?", ANY_REQUEST), ("GET /*", ANY_REQUEST)),
        (("ANY /{id}", ANY_REQUEST), ("GET /{path+}", ANY_REQUEST)),
        (("GET /a", ListenerRule(None, (HOST,))), ("GET /a", ANY_REQUEST)),
    ],
)
def test_rules_are_tried_by_priority_path_and_conditions(
    first: tuple[str, ListenerRule], second: tuple[str, ListenerRule]
) -> None:
    head = make_head("GET /a", ("Host", "a.example"))
    for rules in ((first, second), (second, first)):
        assert _match(_rules(*rules), head) == (route_key(first[0]), *first)


@pytest.mark.parametrize(
    ("deep", "shallow"),
    [
        ("ANY /a/*/b", "ANY /a/*"),
        ("GET /a/*/b", "GET /a/*"),
        ("ANY /a/*/b", "GET /a/*"),
    ],
)
def test_longer_pattern_is_tried_before_its_own_beginning(deep: str, shallow: str) -> None:
    for rules in ((deep, shallow), (shallow, deep)):
        found = _match(_rules(*((key, ANY_REQUEST) for key in rules)), make_head("GET /a/x/b"))
        assert found[1] == deep


def test_rules_that_are_equal_are_tried_as_they_were_added() -> None:
    rules = _rules(("GET /a*", ANY_REQUEST), ("GET /*b", ANY_REQUEST))
    assert _match(rules, make_head("GET /ab"))[1] == "GET /a*"


def test_next_rule_is_tried_when_the_first_is_not_met() -> None:
    rules = _rules(("GET /a", ListenerRule(1, (HOST,))), ("ANY /*", ListenerRule(2)))
    assert _match(rules, make_head("GET /a", ("Host", "b.example")))[1] == "ANY /*"


def test_no_rule_is_met() -> None:
    with pytest.raises(NoSuchRoute) as none:
        _match(_rules(("GET /a", ANY_REQUEST)), make_head("GET /b?c=d"))
    assert (none.value.method, none.value.path) == ("GET", "/b")


@for_each(
    "pattern, value, is_met",
    [
        ("*a*a*a*a*a*b", "a" * 16_000, False),
        ("*a*a*a*a*a*b", "a" * 16_000 + "b", True),
        ("*ab?*ab?*c", "abab" * 4_000, False),
        ("?*?*?*x", "é" * 16_000, False),
        ("a*b*b", "ab", False),
        ("a*b*b", "abb", True),
        ("a**b", "ab", True),
        ("*?", "", False),
        ("a\\*b*", "a*bc", True),
        ("a\\*b*", "axbc", False),
    ],
)
def test_pattern_with_many_stars_ends_whatever_it_is_compared_with(
    pattern: str, value: str, is_met: bool
) -> None:
    condition = Condition("http-header", (pattern,), header_name="X-A")
    assert _is_met("GET /", condition, headers=[("X-A", value)]) is is_met
