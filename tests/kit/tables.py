"""A table of cases as one test: pytest takes longer for a test of its own than most cases do."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import pytest

_FAILURES = (Exception, pytest.fail.Exception)
_REPORT = inspect.Parameter("subtests", inspect.Parameter.KEYWORD_ONLY)


def for_each(
    names: str | Sequence[str], rows: Iterable[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run one test with every row and report every row that fails.

    The arguments are those of `pytest.mark.parametrize`. All rows share the test's fixtures.
    """
    keys = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    table = [_read(row, len(keys)) for row in rows]

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def all_rows(subtests: pytest.Subtests, **fixtures: Any) -> None:
            __tracebackhide__ = True
            for name, values in table:
                try:
                    test(**fixtures, **dict(zip(keys, values, strict=True)))
                except _FAILURES:
                    with subtests.test(name):
                        raise

        asked = inspect.signature(test).parameters.values()
        fixtures = [each.replace(kind=_REPORT.kind) for each in asked if each.name not in keys]
        all_rows.__signature__ = inspect.Signature([*fixtures, _REPORT])  # type: ignore[attr-defined]
        return all_rows

    return decorate


def _read(row: Any, width: int) -> tuple[str, Sequence[Any]]:
    """A row's name and its values."""
    if isinstance(row, type(pytest.param())):
        return str(row.id or row.values), row.values
    return repr(row), [row] if width == 1 else row
