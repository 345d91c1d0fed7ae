"""Patterns as AWS writes them: `*` takes any number of characters, `?` takes one."""

import re
from collections.abc import Iterable


def compile_wildcards(signs: Iterable[str], flags: int = 0) -> re.Pattern[str]:
    r"""Compile a pattern, split into its signs: `*`, `?`, a character, or a backslash with its character.

    The text between two stars is searched once, from the left. The groups are atomic: without that, a long
    text that does not match would take for ever.
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
