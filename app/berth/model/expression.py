"""Regular expressions that authors write: compiled so that no text makes a search take long.

Python's own `re` tries one way after another. On some texts it may take minutes, and no other thread runs
meanwhile. So `re` gets only expressions that it always searches fast. All others are given to the package
google-re2, the extra `re2`: its searches take time that grows with the length of the text and no more.
"""

import re
from functools import lru_cache
from typing import Any, Protocol

# One character, escaped or not, or a set of characters.
_ONE = r"(?:\\[dDwWsS\W]|\[\^?\]?[^\]\\\[]*(?:\\.[^\]\\\[]*)*\]|[^\\\[\](){}*+?|^$])"
_SOME = rf"(?:{_ONE}(?:\{{[0-9]{{1,3}}\}})?)*"
_REPEATED = rf"{_ONE}(?:[*+?]|\{{[0-9]{{1,3}},[0-9]{{0,3}}\}})"
# Characters in a row, of which at most one is repeated a number of times that is not fixed. Behind `^`, or
# with the repeat at its end, `re` tries such an expression once for each position at most.
_FAST = rf"\^?{_SOME}\$?|\^{_SOME}{_REPEATED}{_SOME}\$?|{_SOME}{_REPEATED}"


class ExpressionRefused(ValueError):
    """Raised for an expression that cannot be used; the error's text tells its author why."""


class Expression(Protocol):
    """A compiled expression."""

    def search(self, text: str, /) -> Any:
        """Search a text; the answer is None if no part of the text matches."""
        ...


# Expressions come from manifests, so there are few.
@lru_cache(maxsize=1024)
def compile_expression(text: str) -> Expression:
    """Compile an expression; raises ExpressionRefused if it is malformed, or could take long without re2."""
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as wrong:
        raise ExpressionRefused(f"is no regular expression: {wrong}") from wrong
    return pattern if re.fullmatch(_FAST, text) else _compile_linear(text)


def _compile_linear(text: str) -> Expression:
    try:
        import re2
    except ModuleNotFoundError:
        raise ExpressionRefused(
            "could take minutes on some texts: use one * or + at most and put ^ in front,"
            " or install the package google-re2: pip install 'berth-lambda[re2]'"
        ) from None
    options = re2.Options()
    options.log_errors = False
    try:
        linear: Expression = re2.compile(text, options)
    except re2.error as wrong:
        reason = wrong.args[0] if wrong.args else wrong
        words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ExpressionRefused(f"could take minutes on some texts, and RE2 refuses it: {words}") from None
    return linear
