"""Expressions that authors write: what `re` finds is found, and no text makes a search long."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from berth.model.automaton import ExpressionTooCostly
from berth.model.expression import Expression, ExpressionRefused

# Each took a backtracking search more than a minute for a text of 68 characters or fewer.
CATASTROPHIC = [
    r"^(a+)+$",
    r"^(a|a)*$",
    r"^(a|aa)+$",
    r"^(a*)*$",
    r"^([a-z]+)*\d$",
    r"^(?:a?){40}a{40}$",
    r"(.*a){25}b",
    r"^(\w+\s?)*$",
    r"^Bearer ([A-Za-z0-9_-]+\.?)+$",
    r"(?=(a+)+b)a",
    r"(?i)^(A+)+$",
]


@pytest.mark.parametrize("text", CATASTROPHIC)
@pytest.mark.parametrize("end", ["!", "\n\n", "b!"])
def test_no_text_makes_a_search_long(text: str, end: str) -> None:
    Expression(text).is_in("a" * 67 + end)
    Expression(text).is_in("Bearer " + "a" * 10_000 + end)


@pytest.mark.parametrize(
    ("text", "fitting", "other"),
    [
        (r"^Bearer [-0-9a-zA-Z._]+$", "Bearer a.b-c_d", "Bearer a b"),
        (r"^(a+)+$", "a" * 67, "a" * 67 + "!"),
        (r"x{2,3}y", "axxxxy", "axy"),
        (r"^a{3}$", "aaa\n", "aaa\n\n"),
        (r"\Aa{3}\Z", "aaa", "aaa\n"),
        (r"(?m)^b$", "a\nb\nc", "a\nbc"),
        (r"\bcat\b", "a cat.", "concatenate"),
        (r"\Bcat", "concat", "a cat"),
        (r"^(?=.*[A-Z])(?=.*\d).{8,}$", "abcdeF12", "abcdef12"),
        (r"^(?!admin)\w+$", "user", "administrator"),
        (r"(?<=id=)\d+", "id=7", "no=7"),
        (r"(?<!-)\d$", "a7", "a-7"),
        (r"(?i:straße)!", "STRAßE!", "STRASSE?"),
        (r"(?s)a.b", "a\nb", "ab"),
        (r"a.b", "a-b", "a\nb"),
        (r"", "", None),
        (r"^$", "", "a"),
        (r"^[^\W\d_]+$", "äöü", "a1"),
        (r"(?!)|z", "z", "y"),
        (r"^(?:(?:[0-9]{1,3})\.){3}[0-9]{1,3}$", "127.0.0.1", "127.0.0"),
        (r"(?:a|b|)+c$", "ababc", "abab"),
        (r"^.{1,4096}$", "a" * 4096, "a" * 4097),
    ],
)
def test_expression_is_found_as_re_finds_it(text: str, fitting: str, other: str | None) -> None:
    expression = Expression(text)
    assert expression.is_in(fitting)
    assert other is None or not expression.is_in(other)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (r"(a)\1", "a back-reference"),
        (r"(?P<x>a)(?P=x)", "a back-reference"),
        (r"(a)?(?(1)b|c)", "a condition"),
        (r"(?>a*)b", "an atomic group"),
        (r"a*+b", "a possessive repeat"),
        (r"((a{100}){100}){100}", "too large"),
        (r"(){4000000000}", "too large"),
        (r"a(", "no regular expression"),
        (r"(?<=a+)b", "no regular expression"),
    ],
)
def test_expression_that_no_automaton_follows_is_refused_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(ExpressionRefused, match=why):
        Expression(text)


def test_search_that_needs_too_much_is_given_up() -> None:
    """What an automaton has to remember may double with every character: the work has a limit."""
    with pytest.raises(ExpressionTooCostly):
        Expression(r"a.{3000}b$").is_in("ac" * 5_000 + "ad" * 5_000)


def test_what_is_kept_of_searches_does_not_grow_for_ever() -> None:
    expression = Expression("^[a-z]+$")
    assert not any(expression.is_in(f"a{chr(code)}b") for code in range(0x4E00, 0x9000))
    assert expression.is_in("abc")


CHARACTERS = st.sampled_from("abAB1_ -\n.é")
TEXTS = st.text(CHARACTERS, max_size=8)
ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "A",
        ".",
        r"\w",
        r"\d",
        r"\s",
        "[ab]",
        "[^a]",
        "[^\\W1]",
        "^",
        "$",
        r"\b",
        r"\B",
        r"\A",
        r"\Z",
        "é",
        "",
    ]
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    repeats = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,}", "{2,3}?"])
    return st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("({}){}".format, inner, repeats),
        st.builds("(?={})".format, inner),
        st.builds("(?!{})".format, inner),
        st.builds("(?<={})".format, st.sampled_from(["a", "b.", r"\b", "(?=b)", "(?:a|b)c", "^a"])),
        st.builds("(?<!{})".format, st.sampled_from(["a", "b.", r"\b", "[ab]{2}"])),
        st.builds("(?i:{})".format, inner),
        st.builds("(?s:{})".format, inner),
        st.builds("(?a:{})".format, inner),
    )


@given(st.recursive(ATOMS, _larger, max_leaves=8), st.sampled_from(["", "(?m)", "(?i)"]), TEXTS)
@example("(?:(a|b*)*)(c|)", "", "abab")
def test_any_expression_finds_what_re_finds(body: str, flags: str, text: str) -> None:
    assert Expression(flags + body).is_in(text) is (re.search(flags + body, text) is not None)
