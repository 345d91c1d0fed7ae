"""How long an authorizer's answer counts, for whom, and how many are kept."""

from collections.abc import Hashable

import pytest

from berth.gateway.authorizers.cache import ResultCache
from kit.clocks import FakeClock
from kit.tables import for_each


def test_unknown_key_has_no_value() -> None:
    assert ResultCache[str]().get(("rest", ("token",))) is None


@pytest.mark.parametrize(("passed", "value"), [(0.0, "yes"), (299.9, "yes"), (300.0, None), (3000.0, None)])
def test_value_counts_until_its_time_is_over(passed: float, value: str | None) -> None:
    clock = FakeClock()
    cache = ResultCache[str](clock)
    cache.put("token", "yes", 300)
    clock.now += passed
    assert cache.get("token") == value
    assert cache.get("token") == value


def test_reading_a_value_does_not_make_it_count_longer() -> None:
    clock = FakeClock()
    cache = ResultCache[str](clock)
    cache.put("token", "yes", 10)
    clock.now += 9
    assert cache.get("token") == "yes"
    clock.now += 1
    assert cache.get("token") is None


def test_later_value_takes_the_place_and_the_time_of_the_earlier() -> None:
    clock = FakeClock()
    cache = ResultCache[str](clock)
    cache.put("token", "first", 100)
    cache.put("token", "second", 5)
    assert cache.get("token") == "second"
    clock.now += 5
    assert cache.get("token") is None


def test_value_unused_longest_leaves_when_there_are_too_many() -> None:
    cache = ResultCache[int](FakeClock(), most=2)
    cache.put("a", 1, 10)
    cache.put("b", 2, 10)
    assert cache.get("a") == 1
    cache.put("c", 3, 10)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]


def test_number_of_values_is_bounded_without_being_asked_for() -> None:
    cache = ResultCache[int](FakeClock())
    for number in range(10_001):
        cache.put(number, number, 10)
    assert [cache.get(0), cache.get(1), cache.get(10_000)] == [None, 1, 10_000]


@for_each(
    "key, other",
    [
        (("a", "b"), ("a,b",)),
        (("a", "b"), ("a, b",)),
        (("a,", "b"), ("a", ",b")),
        (("a", ""), ("a",)),
        (("ab", "c"), ("a", "bc")),
        (("a', 'b",), ("a", "b")),
        (("rest", ("a",)), ("http", ("a",))),
        ("1", 1),
        ("A", "a"),
        ("a", "a\0"),
        ("é", "e\u0301"),
        ("\ud800", "\\ud800"),
        ("\n", "\\n"),
    ],
)
def test_keys_are_never_taken_for_each_other(key: Hashable, other: Hashable) -> None:
    cache = ResultCache[str](FakeClock())
    cache.put(key, "yes", 10)
    assert cache.get(other) is None
    assert cache.get(key) == "yes"


def test_cache_holds_no_token() -> None:
    cache = ResultCache[str](FakeClock())
    cache.put(("rest", ("a-very-secret-token",)), "yes", 10)
    assert "a-very-secret-token" not in repr(vars(cache))
