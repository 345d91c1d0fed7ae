"""How the commands report manifests and settings that are wrong."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from berth.errors import ManifestError, Problem


class StartRefused(ManifestError, click.ClickException):
    """A ManifestError that click knows as well: every `flask` command prints the report and exits with 1."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        ManifestError.__init__(self, problems)
        click.ClickException.__init__(self, ManifestError.__str__(self))

    __str__ = ManifestError.__str__


@contextmanager
def refusing() -> Iterator[None]:
    """Raise StartRefused in the place of each ManifestError that is raised inside the `with` block."""
    try:
        yield
    except ManifestError as wrong:
        raise StartRefused(wrong.problems) from None
