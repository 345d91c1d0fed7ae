"""A start that is refused, as the command line shows it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from berth.errors import ManifestError, Problem


class StartRefused(ManifestError, click.ClickException):
    """ManifestError as click wants it: every `flask` command prints the report and exits with 1."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        ManifestError.__init__(self, problems)
        click.ClickException.__init__(self, ManifestError.__str__(self))

    __str__ = ManifestError.__str__


@contextmanager
def refusing() -> Iterator[None]:
    """Let a ManifestError leave as StartRefused."""
    try:
        yield
    except ManifestError as wrong:
        raise StartRefused(wrong.problems) from None
