"""The syntax of Serverless' variables: `${source(parameters):address, fallback}`, one inside the other.

https://www.serverless.com/framework/docs/providers/aws/guide/variables
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A source, then `:` and no second one: `${AWS::Region}` and `${Name}` are CloudFormation's. Serverless 1
# and 2 have a region behind some sources: `${cf.eu-west-1:stack.Output}`.
_SOURCE = re.compile(r"\s*(?P<name>[A-Za-z][A-Za-z0-9_.-]*)(?=\(|:(?!:))")
_ESCAPED = re.compile(r"\\+(?=\$\{)")
# A quote begins a text only where a value begins.
_BEFORE_QUOTES = ("", ",", "(", ":")


class Malformed(Exception):
    """Raised when a variable cannot be parsed; its text says why."""


@dataclass(frozen=True)
class Variable:
    """One `${...}`: what to try, from left to right."""

    alternatives: tuple["Alternative", ...]
    written: str


@dataclass(frozen=True)
class Alternative:
    """A literal, or a source with its parameters and address; parts of these may be variables, too."""

    source: str = ""
    parameters: "tuple[str | Variable, ...] | None" = None
    address: "tuple[str | Variable, ...]" = ()
    literal: str | int | float | bool | None = None


Parts = tuple[str | Variable, ...]


def parse(text: str) -> Parts:
    """Parse a text into literal parts and variables; `\\${` is no variable. Raises Malformed."""
    parts: list[str | Variable] = []
    literal, position = "", 0
    while position < len(text):
        escape = _ESCAPED.match(text, position)
        if escape:
            slashes, position = len(escape[0]), escape.end()
            literal += "\\" * (slashes // 2)
            if slashes % 2:
                literal, position = f"{literal}${{", position + len("${")
            continue
        if text.startswith("${", position):
            end = _end(text, position)
            variable = _variable(text[position:end])
            if variable is not None:
                parts += [*([literal] if literal else []), variable]
                literal, position = "", end
                continue
        literal += text[position]
        position += 1
    return (*parts, literal) if literal else tuple(parts)


def _end(text: str, start: int) -> int:
    """The end of the `${...}` that begins at a position; its quotes and inner braces are passed over."""
    depth, quote, last = 0, "", ""
    position = start
    while position < len(text):
        character = text[position]
        if quote:
            quote, last = ("", character) if character == quote else (quote, last)
        elif character in "'\"" and last in _BEFORE_QUOTES:
            quote = character
        elif text.startswith("${", position):
            depth, last = depth + 1, ""
            position += 1
        elif character == "}":
            depth, last = depth - 1, character
            if depth == 0:
                return position + 1
        elif not character.isspace():
            last = character
        position += 1
    return _unclosed(text, start)


def _unclosed(text: str, start: int) -> int:
    """The end of a `${` that is no variable: its text goes on behind it."""
    if _SOURCE.match(text, start + len("${")):
        raise Malformed(f"{text[start : start + 60]!r} has no closing brace")
    return start + len("${")


def _variable(written: str) -> Variable | None:
    """The variable in `${...}`; None if it is CloudFormation's and not Serverless'."""
    inner = written[2:-1]
    if not _SOURCE.match(inner) and not inner.lstrip().startswith("${"):
        return None
    alternatives = tuple(_alternative(part) for part in _split(inner))
    return Variable(alternatives, written)


def _split(text: str) -> Iterator[str]:
    """The alternatives: parts between commas that stand in no quotes, parentheses or braces."""
    depth, quote, part = 0, "", ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and part.rstrip()[-1:] in _BEFORE_QUOTES:
            quote = character
        elif character in "({":
            depth += 1
        elif character in ")}":
            depth -= 1
        if character == "," and not depth and not quote:
            yield part.strip()
            part = ""
        else:
            part += character
    yield part.strip()


_WORDS = {"true": True, "false": False, "null": None, "": None}


def _alternative(text: str) -> Alternative:
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        return Alternative(literal=text[1:-1])
    if text in _WORDS:
        return Alternative(literal=_WORDS[text])
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return Alternative(literal=float(text) if "." in text else int(text))
    found = _SOURCE.match(text)
    if found is None:
        # A variable that stands for the whole alternative: `${self:a, ${self:b}}`.
        return Alternative(source="", address=parse(text))
    return _sourced(found["name"], text[found.end() :])


def _sourced(name: str, rest: str) -> Alternative:
    if not rest.startswith("("):
        return Alternative(name, None, parse(_unquoted(rest[1:])))
    depth = 0
    for position, character in enumerate(rest):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            parameters, address = rest[1:position], rest[position + 1 :].lstrip(":")
            return Alternative(name, parse(_unquoted(parameters)), parse(_unquoted(address)))
    raise Malformed(f"{name}{rest[:40]!r} has no closing parenthesis")


def _unquoted(text: str) -> str:
    stripped = text.strip()
    is_quoted = len(stripped) > 1 and stripped[0] in "'\"" and stripped[-1] == stripped[0]
    return stripped[1:-1] if is_quoted else stripped
