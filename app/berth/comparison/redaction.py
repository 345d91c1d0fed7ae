"""Takes secrets out of events, requests and answers, before they are stored or shown.

Redacted are the headers Authorization, Cookie, Set-Cookie and X-Api-Key, the values of names that hold
`password`, `secret`, `token` or `key`, and all that an event's context says of its authorizer and of its
caller's identity. The same value always becomes the same text, so what was equal stays equal.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Collection, Iterable
from typing import Any

CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "set-cookie", "x-api-key"})

_SECRET = re.compile("password|secret|token|key", re.IGNORECASE)
# Where AWS's own events have such a word in a name and no secret: functions cannot work without these values.
_STRUCTURE = (
    ("requestContext", "routeKey"),
    ("kinesis", "partitionKey"),
    ("dynamodb", "Keys"),
    ("s3", "object", "key"),
)
_CALLER = frozenset({"authorizer", "identity"})
_REDACTED = re.compile("redacted-[0-9a-f]{16}")
_MOST_NESTED = 100  # deeper than that everything is redacted
# A name that is followed by its value, in text of any form. What stands in front of the word does not matter.
_REST_OF_NAME = r"(?:password|secret|token|key)[\w.%\]-]{0,64}"
_IN_TEXT = (
    re.compile(rf"""({_REST_OF_NAME}["']?\s{{0,3}}[:=]\s{{0,3}})("[^"]*"|'[^']*'|[^&;\s"'<>#]+)""", re.I),
    re.compile(rf"({_REST_OF_NAME}>)([^<]+)", re.I),
    re.compile(
        rf"""(name="[^"]{{0,64}}?{_REST_OF_NAME}"[^\r\n]*\r?\n(?:[^\r\n]{{1,999}}\r?\n){{0,8}}\r?\n)(.*?)(?=\r?\n--|\Z)""",
        re.I | re.S,
    ),
    re.compile(
        r"""((?<![\w-])(?:authorization|(?:set-)?cookie|x-api-key)["']?\s{0,3}[:=]\s{0,3})"""
        r"""("[^"]*"|'[^']*'|[^"'\r\n,}][^\r\n]*)""",
        re.I,
    ),
)
_BEFORE, _PLAIN_NAME = re.compile(r"[\w-]+\Z"), re.compile(r"[\w-]+")
_COOKIE_VALUE = re.compile(r"(=\s*)([^;]+)")


class Redactor:
    """Redacts with one key, which nobody should keep: without it nobody can try out what a hash stands for.

    `open_names` are names whose values are no secrets though they hold one of the words, such as `keyword`.
    """

    def __init__(self, key: bytes, open_names: Collection[str] = ()) -> None:
        self._key = key
        self._open = frozenset(open_names)

    def document(self, value: Any) -> Any:
        """An event, a result or any other JSON value without its secrets."""
        return self._walk(value, (), 0)

    def at(self, path: Iterable[str | int], value: Any) -> Any:
        """A value as it may be shown, if it stands at a path of some document."""
        names = tuple(part for part in path if isinstance(part, str))
        if self._is_secret(names):
            return self._leaves(value, _kind(names))
        return self._walk(value, names, 0)

    def headers(self, lines: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Header lines without their secrets."""
        return [(name, self.at((name,), value)) for name, value in lines]

    def text(self, text: str) -> str:
        """A text of any form without its secrets: JSON, a form, a query string or a line of a log."""
        if not _SECRET.search(text) and not any(name in text.lower() for name in CREDENTIAL_HEADERS):
            return text
        if text.lstrip()[:1] in ("{", "["):
            try:
                read = json.loads(text)
            except (ValueError, RecursionError):
                read = None
            if isinstance(read, dict | list):
                redacted = self._walk(read, (), 0)
                return text if redacted == read else json.dumps(redacted, ensure_ascii=False)
        for pattern in _IN_TEXT:
            text = pattern.sub(self._redact_found, text)
        return text

    def body(self, content: bytes) -> bytes:
        """The bytes of a body without the secrets in it, if it is text."""
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return content
        return self.text(text).encode("utf-8", "surrogatepass")

    def _walk(self, value: Any, names: tuple[str, ...], depth: int) -> Any:
        if depth > _MOST_NESTED:
            return self._hash("nested too deeply")
        if isinstance(value, dict):
            return self._walk_object(value, names, depth)
        if isinstance(value, list):
            return [self._walk(each, names, depth + 1) for each in value]
        return self.text(value) if isinstance(value, str) else value

    def _walk_object(self, value: dict[str, Any], names: tuple[str, ...], depth: int) -> dict[str, Any]:
        redacted = {}
        for name, inner in value.items():
            path = (*names, str(name))
            if self._is_secret(path):
                redacted[name] = self._leaves(inner, _kind(path), depth)
            elif name == "body" and value.get("isBase64Encoded") is True and isinstance(inner, str):
                redacted[name] = self._base64(inner)
            else:
                redacted[name] = self._walk(inner, path, depth + 1)
        return self._named_pair(redacted)

    def _named_pair(self, value: dict[str, Any]) -> dict[str, Any]:
        """Redact the value of `{"name": "password", "value": ...}`, as HAR and Cognito write attributes."""
        for name_key, value_key in (("name", "value"), ("Name", "Value")):
            name = value.get(name_key)
            if value_key in value and isinstance(name, str) and self._is_secret((name,)):
                return {**value, value_key: self._leaves(value[value_key], _kind((name,)))}
        return value

    def _is_secret(self, names: tuple[str, ...]) -> bool:
        if not names:
            return False
        name, around = names[-1], names[:-1]
        if name.lower() in CREDENTIAL_HEADERS or ("requestContext" in around[-1:] and name in _CALLER):
            return True
        if name == "cookies" or ("requestContext" in around and _CALLER & set(around)):
            return True
        if (
            name in self._open
            or names == ("routeKey",)
            or any(names[-len(own) :] == own for own in _STRUCTURE)
        ):
            return False
        return _SECRET.search(name) is not None

    def _leaves(self, value: Any, kind: str, depth: int = 0) -> Any:
        """Redact every text and number in a value, and keep its shape."""
        if depth > _MOST_NESTED:
            return self._hash("nested too deeply")
        if isinstance(value, dict):
            return {name: self._leaves(inner, kind, depth + 1) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._leaves(inner, kind, depth + 1) for inner in value]
        if value is None or isinstance(value, bool) or value == "":
            return value
        return self._cookies(str(value), kind) if kind else self._hash(str(value))

    def _cookies(self, text: str, kind: str) -> str:
        """Redact the values of cookies; their names stay, and so do the attributes of Set-Cookie."""
        if "=" not in text:
            return self._hash(text)
        only_first = 1 if kind == "set-cookie" else 0
        return _COOKIE_VALUE.sub(lambda found: found[1] + self._hash(found[2].strip()), text, only_first)

    def _base64(self, text: str) -> str:
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return self.text(text)
        redacted = self.body(content)
        return text if redacted == content else base64.b64encode(redacted).decode()

    def _redact_found(self, found: re.Match[str]) -> str:
        """Redact a value that stands behind its name in a text."""
        before = _BEFORE.search(found.string, max(0, found.start() - 64), found.start())
        behind = _PLAIN_NAME.match(found[1])
        name = f"{before[0] if before else ''}{behind[0] if behind else ''}"
        return found[0] if name in self._open else found[1] + self._quoted(found[2])

    def _quoted(self, text: str) -> str:
        quote = text[:1] if text[:1] in "\"'" else ""
        inner = text[1:-1] if quote else text
        return f"{quote}{self._hash(inner)}{quote}" if inner else text

    def _hash(self, text: str) -> str:
        if _REDACTED.fullmatch(text):  # it comes from a recording
            return text
        digest = hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"redacted-{digest.hex()[:16]}"


def _kind(names: tuple[str, ...]) -> str:
    """Whether a secret is one of cookies, and of which header; nothing if it is another one."""
    name = names[-1].lower()
    if name == "cookies":
        return "set-cookie"  # of an event each entry is one cookie, of a result it has attributes
    return name if name in {"cookie", "set-cookie"} else ""
