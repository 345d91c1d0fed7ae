"""The table of cases itself: a case must not pass because another failed before it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kit.tables import for_each


class Report:
    """Takes reports as pytest's `subtests` does."""

    def __init__(self) -> None:
        self.failed: list[tuple[str, str]] = []

    @contextmanager
    def test(self, name: str) -> Iterator[None]:
        try:
            yield
        except (Exception, pytest.fail.Exception) as failure:
            self.failed.append((name, str(failure)))


def test_every_row_that_fails_is_reported_by_its_name() -> None:
    @for_each("number, word", [(1, "one"), (2, "two"), pytest.param(3, "three", id="last")])
    def test(number: int, word: str, extra: int) -> None:
        if number > 1:
            pytest.fail(f"{word} {extra}")

    report = Report()
    test(subtests=report, extra=7)
    assert report.failed == [("(2, 'two')", "two 7"), ("last", "three 7")]


def test_row_of_one_name_is_its_value() -> None:
    seen = []

    @for_each("pair", [(1, 2), (3, 4)])
    def test(pair: tuple[int, int]) -> None:
        seen.append(pair)

    test(subtests=Report())
    assert seen == [(1, 2), (3, 4)]
