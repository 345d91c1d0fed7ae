"""What may be sent where: safe by default, and everything else only if it was asked for by name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from berth.tools.migrate.compare.inputs.samples import Sample
from berth.tools.migrate.compare.sides import CannotRun, LambdaName

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
RUN_TWICE = frozenset({"GET", "HEAD"})
_PRODUCTION = re.compile("prod|live", re.IGNORECASE)


@dataclass(frozen=True)
class Permissions:
    """What the user has allowed: more methods, writing to remote targets, and production."""

    methods: frozenset[str] = frozenset()
    may_write: bool = False
    may_use_production: bool = False

    def check(self, remote: Sequence[str]) -> None:
        """Raise CannotRun if methods that write would go to remote targets without a word for it."""
        writing = sorted(self.methods - SAFE_METHODS)
        if writing and remote and not self.may_write:
            raise CannotRun(
                f"--methods {','.join(writing)} may change what is behind {', '.join(remote)}:"
                " say --i-know-it-writes as well"
            )

    def check_lambda(self, function: LambdaName) -> None:
        """Raise CannotRun for a function or an alias that looks like production, unless that was allowed."""
        names = [name for name in (function.name, function.alias) if _PRODUCTION.search(name)]
        if names and not self.may_use_production:
            raise CannotRun(f"{names[0]!r} looks like production: say --production if it shall be asked")

    def refusal(self, sample: Sample) -> str | None:
        """Why a sample is not sent; None if it may be."""
        method = sample.method
        return None if method in SAFE_METHODS | self.methods else f"{method} needs --methods {method}"

    def questions(self, remote: Sequence[str], function: LambdaName | None) -> Iterator[str]:
        """What the user has to confirm before anything is sent."""
        if function is not None:
            alias = function.alias or "none, which is $LATEST"
            yield (
                f"account {function.account}, region {function.region}, function {function.name},"
                f" alias {alias}: invoke it?"
            )
        if writing := ", ".join(sorted(self.methods - SAFE_METHODS)):
            yield from (f"{writing} may change what is behind {each}: send them?" for each in remote)
