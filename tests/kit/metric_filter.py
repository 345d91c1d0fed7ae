"""Filter patterns of CloudWatch Logs for JSON, as far as Berth's templates use them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

_TOKEN = re.compile(r'\s*(\(|\)|&&|\|\||>=|<=|!=|=|>|<|NOT EXISTS|\$[.\w]+|"[^"]*"|[0-9.]+)')
_NOTHING = object()


def matches(pattern: str, line: str) -> bool:
    """Whether a line of a log is found by a pattern such as `{ $.type = "access" && $.status >= 500 }`."""
    try:
        document = json.loads(line)
    except ValueError:
        return False
    inner = pattern.strip()
    assert inner[0] == "{", pattern
    assert inner[-1] == "}", pattern
    tokens = _tokens(inner[1:-1])
    found = _any(tokens, document)
    assert not tokens, f"left over: {tokens}"
    return found


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        assert found, f"no token at {text[at:]!r}"
        tokens.append(found[1])
        at = found.end()
    return tokens


def _any(tokens: list[str], document: Mapping[str, Any]) -> bool:
    found = _all(tokens, document)
    while tokens and tokens[0] == "||":
        del tokens[0]
        found |= _all(tokens, document)
    return found


def _all(tokens: list[str], document: Mapping[str, Any]) -> bool:
    found = _one(tokens, document)
    while tokens and tokens[0] == "&&":
        del tokens[0]
        found &= _one(tokens, document)
    return found


def _one(tokens: list[str], document: Mapping[str, Any]) -> bool:
    first = tokens.pop(0)
    if first == "(":
        found = _any(tokens, document)
        assert tokens.pop(0) == ")"
        return found
    value: Any = document
    for part in first.split(".")[1:]:
        value = value.get(part, _NOTHING) if isinstance(value, dict) else _NOTHING
    operator = tokens.pop(0)
    if operator == "NOT EXISTS":
        return value is _NOTHING
    wanted = tokens.pop(0)
    return value is not _NOTHING and _compare(value, operator, wanted)


def _compare(value: Any, operator: str, wanted: str) -> bool:
    if wanted[0] == '"':  # a text, in which * stands for any characters
        is_equal = isinstance(value, str) and fnmatchcase(value, wanted[1:-1].replace("[", "[[]"))
        return is_equal if operator == "=" else not is_equal
    number = float(wanted)
    return isinstance(value, int | float) and {">=": value >= number, "<": value < number}[operator]
