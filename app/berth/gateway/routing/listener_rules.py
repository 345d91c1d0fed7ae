"""Finds the load balancer's rule that a request meets."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from berth.errors import NoSuchRoute
from berth.gateway.routing.head import RequestHead
from berth.model.listener_rule import Condition, ListenerRule
from berth.model.route import ANY, RouteKey
from berth.model.wildcards import compile_wildcards
from berth.payload.urls import query_pairs

Target = TypeVar("Target")
Test = Callable[[RequestHead, str], bool]  # of a request and its path
Pattern = re.Pattern[str]

_SIGN = re.compile(r"\\[*?\\]|.", re.DOTALL)


class ListenerRules(Generic[Target]):
    """Rules in the order they are tried: by priority, then the more specific path, then more conditions.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
    A listener has 100 rules by default, so they are tried one by one.
    """

    def __init__(self) -> None:
        self._rules: list[tuple[tuple[Any, ...], RouteKey, Target, ListenerRule, list[Test]]] = []

    def add(self, key: RouteKey, rule: ListenerRule, target: Target) -> None:
        """Add one rule."""
        tests = [_path_test([path_pattern(key)]), *map(_test_of, rule.conditions)]
        rank = rule.priority or float("inf"), key.specificity, -len(rule.conditions)
        self._rules.append((rank, key, target, rule, tests))
        self._rules.sort(key=lambda each: each[0])

    def match(self, head: RequestHead, path: str) -> tuple[RouteKey, Target, ListenerRule]:
        """Find the first rule that a request for a path meets, its key and target; raises NoSuchRoute."""
        for _, key, target, rule, tests in self._rules:
            if key.method in {ANY, head.method} and all(test(head, path) for test in tests):
                return key, target, rule
        raise NoSuchRoute(head.method, path)


def path_pattern(key: RouteKey) -> re.Pattern[str]:
    """The expression of a rule's path; `{name}` takes one part of a path, `{name+}` the rest."""
    if key.is_pattern:
        return _pattern(key.path, 0)
    parts = [
        ("/.+" if each.is_greedy else "/[^/]+") if each.is_variable else re.escape(f"/{each.text}")
        for each in key.segments
    ]
    return re.compile("".join(parts) or "/", re.DOTALL)


def _pattern(text: str, flags: int = re.IGNORECASE) -> Pattern:
    return compile_wildcards(_SIGN.findall(text), flags)


def _test_of(condition: Condition) -> Test:
    """The test of a condition; only paths and methods are compared with their case."""
    if condition.field == "http-request-method":
        return lambda head, path: head.method in condition.values
    if condition.field == "query-string":
        pairs = [(_pattern("*" if key is None else key), _pattern(value)) for key, value in condition.pairs]
        return lambda head, path: _meets_query(pairs, head.query)
    if condition.field == "path-pattern":
        return _path_test([_pattern(value, 0) for value in condition.values])
    patterns = [_pattern(value) for value in condition.values]
    if condition.field == "host-header":
        return lambda head, path: _fits_any(patterns, _hosts(head))
    name = condition.header_name.lower()
    return lambda head, path: _fits_any(patterns, _header_values(name, head))


def _path_test(patterns: list[Pattern]) -> Test:
    return lambda head, path: _fits_any(patterns, [path])


def _fits_any(patterns: list[Pattern], texts: Iterable[str]) -> bool:
    return any(pattern.fullmatch(text) for text in texts for pattern in patterns)


def _hosts(head: RequestHead) -> Iterable[str]:
    return (value.partition(":")[0] for value in _header_values("host", head))


def _header_values(name: str, head: RequestHead) -> Iterable[str]:
    return (value for each, value in head.headers if each.lower() == name)


def _meets_query(pairs: list[tuple[Pattern, Pattern]], query: str) -> bool:
    return any(
        key.fullmatch(sent_key) and value.fullmatch(sent_value)
        for sent_key, sent_value in query_pairs(query)
        for key, value in pairs
    )
