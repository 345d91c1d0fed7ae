"""Query strings."""

import pytest

from berth.payload.urls import REFUSED, decode_query, decode_rest_query, last_values, split_query
from kit.tables import for_each


@for_each(
    "query, values",
    [
        ("", {}),
        ("&", {}),
        ("&&", {}),
        ("a", {"a": [""]}),
        ("a=", {"a": [""]}),
        ("=b", {"": ["b"]}),
        ("a=1", {"a": ["1"]}),
        ("a=1&", {"a": ["1"]}),
        ("a=b=c", {"a": ["b=c"]}),
        ("a=1&b=2&a=3&a", {"a": ["1", "3", ""], "b": ["2"]}),
        ("a=1&A=2", {"a": ["1"], "A": ["2"]}),
        ("a=1;b=2", {"a": ["1;b=2"]}),
        ("a=x+y&b+c=%2B", {"a": ["x y"], "b c": ["+"]}),
        ("a%3Db=%26%3b", {"a=b": ["&;"]}),
        ("a=%E2%98%95", {"a": ["☕"]}),
        ("a=%e2%98%95", {"a": ["☕"]}),
        ("a=☕", {"a": ["☕"]}),
        ("a=%FF%FE", {"a": ["\ufffd\ufffd"]}),
        ("a=%zz&b=%", {"a": ["%zz"], "b": ["%"]}),
        ("a=%2520", {"a": ["%20"]}),
        ("a=/b:c@d?e", {"a": ["/b:c@d?e"]}),
    ],
)
def test_query_is_form_decoded_once(query: str, values: dict[str, list[str]]) -> None:
    assert decode_query(query) == values


@pytest.mark.parametrize(
    ("query", "values"),
    [("&;&", {}), ("a=1;b=2&c", {"a": ["1"], "b": ["2"], "c": [""]}), ("a=%3B", {"a": [";"]})],
)
def test_semicolon_splits_a_rest_apis_query(query: str, values: dict[str, list[str]]) -> None:
    assert decode_rest_query(query) == values


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("", {}),
        ("a", {"a": [""]}),
        ("a%20b=x+y&a+b=%2B", {"a%20b": ["x+y"], "a+b": ["%2B"]}),
        ("&a=1&a=2", {"a": ["1", "2"]}),
    ],
)
def test_query_is_split_and_not_decoded(query: str, values: dict[str, list[str]]) -> None:
    assert split_query(query) == values


def test_keys_keep_the_order_of_their_first_value() -> None:
    assert list(decode_query("z=1&a=2&m=3&a=4")) == ["z", "a", "m"]


def test_last_value_stands_for_a_key() -> None:
    assert last_values({"a": ["1", "2"], "b": [""]}) == {"a": "2", "b": ""}


@pytest.mark.parametrize(
    ("query", "is_refused"),
    [
        ("a=|", True),
        ("{", True),
        ("a=1&b}", True),
        ("a=%7C%7B%7D", False),
        ("a=[]()<>^`\\", False),
        ("", False),
    ],
)
def test_query_is_refused_when_it_holds_a_plain_pipe_or_brace(query: str, is_refused: bool) -> None:
    assert bool(REFUSED.search(query)) is is_refused
