"""Expressions of authors, which no text makes slow."""

import re
import sys
import time

import pytest

from berth.model.expression import ExpressionRefused, compile_expression
from kit.tables import for_each

FAST = [
    *(
        "",
        "a",
        "^a$",
        "abc",
        "^Bearer [-0-9a-zA-Z._]*$",
        r"^Bearer \S+$",
        "Bearer .*",
        "^[a-f0-9]{32}$",
        "x?",
    ),
    *(r"^\d{4}-\d{2}$", r"^a\.b*c$", "[^/]+", "^[]a]$", r"^[\w-]+@", "^.{1,64}$", "a{2}b{3}c+"),
]
SLOW = [
    *("(a+)+$", "^(a|a)*$", "(.*)*x", ".*a", "a*a*", "^a*b*$", "^(a?){30}a{30}$", "a?b?c?", r"^(\w+\s?)*$"),
    *("^(Bearer|Basic) .+$", r"^[^.]+\.[^.]+\.[^.]+$", "a|b", "(?i)a", "a{1,9}b", ".*.*=.*"),
]


@for_each("text", FAST)
def test_expression_that_cannot_be_slow_is_pythons_own(text: str) -> None:
    assert isinstance(compile_expression(text), re.Pattern)


@for_each("text", SLOW)
def test_any_other_expression_is_searched_for_by_re2(text: str) -> None:
    assert not isinstance(compile_expression(text), re.Pattern)


@pytest.mark.parametrize("text", SLOW)
def test_any_other_expression_is_refused_without_re2(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    compile_expression.cache_clear()
    with pytest.raises(ExpressionRefused, match=r"pip install 'berth-lambda\[re2\]'"):
        compile_expression(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(", "is no regular expression: missing ), unterminated subpattern at position 0"),
        ("[z-a]", "is no regular expression: bad character range z-a at position 1"),
        (r"(a)\1", "could take minutes on some texts, and RE2 refuses it: invalid escape sequence: \\1"),
        ("(?=a)b", "could take minutes on some texts, and RE2 refuses it: invalid perl operator: (?="),
    ],
)
def test_expression_is_refused_with_its_reason(text: str, message: str) -> None:
    with pytest.raises(ExpressionRefused) as refused:
        compile_expression(text)
    assert str(refused.value) == message


@pytest.mark.parametrize("piece", ["a", "ab", "a.", "a a", "Bearer ", "9-", "x" * 7, "=", "\n"])
@for_each("text", [*FAST, *SLOW])
def test_search_of_a_long_text_ends(text: str, piece: str) -> None:
    began = time.process_time()
    compile_expression(text).search(piece * (10_000 // len(piece)) + "!")
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "value", ["", "a", "aaaa", "Bearer abc", "Bearer a b", "a.b.c", "2026-11", "x@y", "f" * 8, "Basic ☕"]
)
@for_each("text", [*FAST, *SLOW])
def test_expression_means_what_it_means_to_python(text: str, value: str) -> None:
    assert (compile_expression(text).search(value) is None) is (re.search(text, value) is None)
