"""Patterns of AWS's: `*` takes any number of characters, `?` takes one."""

import re
from collections.abc import Iterable


def compile_wildcards(signs: Iterable[str], flags: int = 0) -> re.Pattern[str]:
    r"""A pattern's regular expression, from its signs: `*`, `?`, a character, or one behind a backslash.

    What lies between two stars is looked for once, from the left. The groups are atomic: a long text
    that does not fit would take for ever otherwise.
    """
    pieces = [""]
    for sign in signs:
        if sign == "*":
            pieces.append("")
        else:
            pieces[-1] += "." if sign == "?" else re.escape(sign[-1])
    first, *others = pieces
    found = "".join(f"(?>.*?{piece})" for piece in others[:-1] if piece)
    rest = f"{found}.*{others[-1]}" if others else ""
    return re.compile(first + rest, flags | re.DOTALL)
