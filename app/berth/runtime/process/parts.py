"""Events and results in two parts: the JSON of an object, and beside it the text of its `body`.

This module is part of the process's program, see bootstrap.py and frames.py.

A gateway's events and its functions' results have their bodies in JSON. Writing and reading a long text as
JSON takes more time than everything else that AWS's runtime does for it. So the text goes as it is, in UTF-8,
and the JSON has null in its place. Other callers get the JSON that AWS's runtime writes.
"""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Callable
from json import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:  # AWS's runtime does not import `typing`
    from typing import Any

# Python gives this dict as builtins to every function that this module defines below.
globals()["__builtins__"] = dict(vars(builtins))

_LONG_TEXT = 512  # characters; a shorter text stays in the JSON
# What handles events and results: a library may replace these, for one object or for its class.
_OF_CLIENT = ("marshaller", "wait_next_invocation", "post_invocation_result")
_OF_MARSHALLER = ("unmarshal_request", "marshal_response")
_OF_ENCODER = ("encode", "iterencode", "default")
_PLAIN_TYPES = frozenset({str, int, bool, type(None)})
# How many bytes JSON may take for one byte of a text, and which bytes it never writes as more than one.
_MOST_ESCAPED = 6
_NEVER_ESCAPED = bytes(code for code in range(32, 127) if code not in b'"\\')


class PartedEvent(bytes):
    """The JSON of an event, with its body as an attribute; the whole event too, if it is at hand."""

    body: bytes | memoryview
    value: dict[str, Any] | None


class PartedResult(tuple[bytes, bytes]):
    """The JSON of a result, and its body."""


class MarshallerMethods:
    """The methods of AWS's marshaller, which also handle events and results in parts."""

    berth_event: Callable[..., Any]  # AWS's own methods
    berth_result: Callable[..., tuple[bytes | str, str]]
    berth_parts: Parts | None = None  # if the caller of the current invocation takes a result in parts

    def unmarshal_request(self, request: bytes, content_type: str = "application/json") -> Any:
        """Read an event, unless it is at hand."""
        if type(request) is not PartedEvent:
            return self.berth_event(request, content_type)
        value, request.value = request.value, None  # a function may change what it gets
        if value is not None:
            return value
        event = self.berth_event(request, content_type)
        if request.body:
            event["body"] = str(request.body, "utf-8")
        return event

    def marshal_response(self, response: Any) -> tuple[bytes | str | PartedResult, str]:
        """Write a result."""
        parts = self.berth_parts
        text = _long_text(response) if parts is not None else None
        if parts is None or text is None or not parts.are_handled():
            return self.berth_result(response)
        json, content_type = self.berth_result({**response, "body": None})
        document = _utf8(json)
        if document is None or not _surely_fits(document, text, parts.most_bytes):
            return self.berth_result(response)
        return PartedResult((document, text)), content_type


class Parts:
    """Gives events to AWS's runtime in parts, or whole if a library has replaced what handles them.

    So a library gets the JSON that it would get on Lambda. `most_bytes` is the limit of a result.
    """

    def __init__(self, client: Any, bootstrap: Any, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._marshaller = marshaller = client.marshaller
        encoder, module = marshaller.jsonEncoder, sys.modules[type(marshaller).__module__]
        self._module, self._read = module, module.json.loads
        self._instances = [(client, _OF_CLIENT), (marshaller, _OF_MARSHALLER), (encoder, _OF_ENCODER)]
        places = [
            *((bootstrap, "handle_event_request"), (marshaller, "jsonEncoder")),
            *((module, "json"), (module.json, "loads")),
            *((type(each), name) for each, names in self._instances for name in names),
        ]
        self._handlers = [(owner, name, getattr(owner, name)) for owner, name in places]
        # AWS's files, those of Berth's runtime, and those of what reads JSON for AWS's runtime.
        files = (bootstrap.__file__, os.path.dirname(__file__), getattr(module.json, "__file__", None))
        folders = tuple(f"{os.path.dirname(file)}/" for file in files if file)
        # PYTHONPATH's sitecustomize may have replaced some already.
        known = [bootstrap.handle_event_request, marshaller.berth_event, marshaller.berth_result, self._read]
        known += [getattr(type(client), name) for name in _OF_CLIENT[1:]]
        self._are_known = all(_file_of(each).startswith(folders) for each in known)

    def event(
        self,
        document: bytes,
        body: bytes | memoryview | None = None,
        value: dict[str, Any] | None = None,
    ) -> bytes:
        """The event for AWS's runtime; without a body it is whole, and its caller wants a whole result.

        `value` is the whole event, if it is at hand: what handles events gets its JSON, and the function gets
        the value. Where a library has replaced what reads JSON, the function gets what that reads.
        """
        self._marshaller.berth_parts = None if body is None else self
        if value is not None and not self._is_json_read_plainly():
            value = None
        if body is None or not (body or value):
            return document
        if body and not self.are_handled():
            return dumps({**loads(document), "body": str(body, "utf-8")}).encode()
        event = PartedEvent(document)
        event.body, event.value = body, value
        return event

    def are_in(self, result: object) -> bool:
        """Whether a result is in parts."""
        return type(result) is PartedResult

    def _is_json_read_plainly(self) -> bool:
        """Whether nothing has been replaced of what reads an event's JSON for AWS's marshaller."""
        return self._are_known and self._module.json.loads is self._read

    def are_handled(self) -> bool:
        """Whether nothing has been replaced of what handles events and results."""
        has_own = any(name in vars(each) for each, names in self._instances for name in names)
        if has_own or not self._are_known:
            return False
        return all(getattr(owner, name, None) is handler for owner, name, handler in self._handlers)


def _file_of(function: Any) -> str:
    """The file that a function or a method was written in; empty if that is not known."""
    code = getattr(function, "__code__", None)
    return code.co_filename if code is not None else ""


def _utf8(json: bytes | str) -> bytes | None:
    try:
        return json if isinstance(json, bytes) else json.encode()
    except UnicodeEncodeError:  # half of a character
        return None


def _long_text(response: Any) -> bytes | None:
    """The body of a proxy response, if it is so long that it goes beside the JSON."""
    if type(response) is not dict or "statusCode" not in response:
        return None
    text = response.get("body")
    if type(text) is not str or len(text) < _LONG_TEXT or not _is_plain(response):
        return None
    return _utf8(text)


def _is_plain(value: Any, levels: int = 3) -> bool:
    """Whether JSON has exactly one form for this value; it has none for NaN."""
    kind = type(value)
    if kind is dict:
        pairs = value.items()
        return levels > 0 and all(type(key) is str and _is_plain(each, levels - 1) for key, each in pairs)
    if kind is list:
        return levels > 0 and all(_is_plain(each, levels - 1) for each in value)
    return kind in _PLAIN_TYPES


def _surely_fits(document: bytes, text: bytes, most: int) -> bool:
    """Whether a result is within the limit, however AWS's runtime would write its text as JSON."""
    room, more = most - len(document) - len(text), _MOST_ESCAPED - 1
    return more * len(text) <= room or more * len(text.translate(None, _NEVER_ESCAPED)) <= room
