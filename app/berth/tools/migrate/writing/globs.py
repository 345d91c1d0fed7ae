"""Patterns of serverless.yml's `package.patterns`, which select the files of a package.

They are micromatch's: `**` takes any number of folders, and names that begin with a dot are like others.
https://www.serverless.com/framework/docs/providers/aws/guide/packaging
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

_MOST = 1000
_ALTERNATIVES = re.compile(r"\{([^{}]*,[^{}]*)\}|([@?])\(([^()]*)\)")
_NOT_KNOWN = re.compile(r"[!+*]\(")


class PatternRefused(Exception):
    """Raised for a pattern of a form that is not known here."""


def selected(paths: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """The paths that remain: each pattern in its turn takes files in, or with `!` in front out.

    Raises PatternRefused.
    """
    kept = dict.fromkeys(paths, True)
    for pattern in patterns:
        is_wanted = not pattern.startswith("!")
        forms = [each.split("/") for each in _forms(pattern.removeprefix("!").removeprefix("./"))]
        for path in kept:
            parts = path.split("/")
            if any(_matches(parts, form) for form in forms):
                kept[path] = is_wanted
    return [path for path, is_kept in kept.items() if is_kept]


def _forms(pattern: str) -> list[str]:
    """The patterns without alternatives that a pattern stands for: `a/{b,c}` is `a/b` and `a/c`."""
    if _NOT_KNOWN.search(pattern):
        raise PatternRefused(f"the pattern {pattern!r} has a form that is not known here")
    forms = [pattern]
    while any(_ALTERNATIVES.search(each) for each in forms):
        forms = [made for each in forms for made in _expanded(each)]
        if len(forms) > _MOST:
            raise PatternRefused(f"the pattern {pattern!r} stands for more than {_MOST} patterns")
    return forms


def _expanded(pattern: str) -> Iterator[str]:
    found = _ALTERNATIVES.search(pattern)
    if found is None:
        yield pattern
        return
    choices = found[1].split(",") if found[1] is not None else found[3].split("|")
    if found[2] == "?":
        choices.append("")
    yield from (f"{pattern[: found.start()]}{each}{pattern[found.end() :]}" for each in choices)


def _matches(parts: Sequence[str], form: Sequence[str]) -> bool:
    """Whether a path fits: `reached` has the numbers of path parts that the form so far can take."""
    reached = {0}
    for part in form:
        if part == "**":
            reached = set(range(min(reached, default=len(parts) + 1), len(parts) + 1))
        else:
            glob = part.replace("[^", "[!")
            reached = {n + 1 for n in reached if n < len(parts) and fnmatchcase(parts[n], glob)}
    return len(parts) in reached
