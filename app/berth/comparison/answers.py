"""What two sides answered, as documents that can be compared: results of a function, or HTTP responses."""

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from berth.model.function import PACKAGES_FOLDER
from berth.model.http import HttpResponse
from berth.model.value_class import value_class

# Not compared: they tell of the gateway, of the connection and of the moment.
_LEFT_OUT = re.compile(
    "date|via|content-length|apigw-requestid|x-amzn-.*|x-amz-.*|connection|keep-alive|transfer-encoding"
)
_PROXY_KEYS = frozenset(
    {"statusCode", "statusDescription", "headers", "multiValueHeaders", "cookies", "body", "isBase64Encoded"}
)
_COOKIE = "set-cookie"
_MOST_BYTES = 64 * 1024 * 1024  # of a body once it is unpacked
_FRAME = re.compile(r'\s*File "(?P<path>[^"]+)", line (?P<line>\d+), in (?P<name>\S+)')


@value_class
class FunctionAnswer:
    """What a function's caller gets: the payload, and the kind of function error if there is one."""

    payload: bytes
    function_error: str | None = None


@value_class
class Frames:
    """Which frames of a stack trace are the function's own.

    `roots` are the folders that hold its code, beside /var/task and each `functions/NAME` of the function;
    `packages` are the names in them that pip has installed.
    """

    function: str = ""
    roots: tuple[str, ...] = ()
    packages: frozenset[str] = frozenset()


@value_class
class Documents:
    """Two documents to compare, and the rules that have made them alike."""

    left: Any
    right: Any
    rules: tuple[str, ...] = ()


@value_class
class _Answer:
    """A document without its body, and the body if there is one."""

    document: dict[str, Any]
    body: bytes | None = None
    is_base64: bool = False  # whether the function has encoded the body


def result_documents(left: FunctionAnswer, right: FunctionAnswer, frames: Frames) -> Documents:
    """The documents of two results of a function."""
    return _with_bodies(_read_result(left, frames), _read_result(right, frames))


def response_documents(left: HttpResponse, right: HttpResponse) -> Documents:
    """The documents of two HTTP responses."""
    return _with_bodies(_read_response(left), _read_response(right))


def _with_bodies(left: _Answer, right: _Answer) -> Documents:
    """Put the bodies into their documents: as JSON if both are JSON, else as text or as bytes."""
    rules = ["base64"] if left.is_base64 is not right.is_base64 else []
    one, other = _without_gzip(left), _without_gzip(right)
    if (one, other) != (left, right) and (one.body == other.body or left.document != right.document):
        rules.append("gzip")
    bodies = [None if each.body is None else _shown(each.body) for each in (one, other)]
    if not _have_same_form(*bodies):
        bodies = [None if each.body is None else _as_text(each.body) for each in (one, other)]
    elif one.body != other.body and _are_equal(*bodies):
        rules.append("JSON")
    for answer, body in zip((one, other), bodies, strict=True):
        if body is not None:
            answer.document["body"] = body
    return Documents(one.document, other.document, tuple(rules))


def _are_equal(left: Any, right: Any) -> bool:
    try:
        return bool(left == right)
    except RecursionError:
        return False


def _have_same_form(left: Any, right: Any) -> bool:
    """Whether both bodies are JSON documents, or none of them is."""
    return isinstance(left, dict | list) is isinstance(right, dict | list)


def _shown(content: bytes) -> Any:
    """A body as a JSON document, or as text, or as the description of bytes that are no text."""
    if content.lstrip()[:1] in (b"{", b"["):
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            pass
    return _as_text(content)


def _as_text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"{len(content)} bytes with the SHA-256 {hashlib.sha256(content).hexdigest()}"


def _without_gzip(answer: _Answer) -> _Answer:
    """The same answer before its body was compressed."""
    body = _unpacked(answer.body or b"")
    if not answer.body or body == answer.body:
        return answer
    document = dict(answer.document)
    if isinstance(headers := document.get("headers"), dict) and headers.get("content-encoding") == "gzip":
        document["headers"] = {name: headers[name] for name in headers if name != "content-encoding"}
    return replace(answer, document=document, body=body)


def _unpacked(content: bytes) -> bytes:
    """What a body is without its compression by gzip; other bytes stay as they are."""
    if content[:2] != b"\x1f\x8b":
        return content
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacker.decompress(content, _MOST_BYTES)
    except zlib.error:
        return content
    return unpacked if unpacker.eof else content


def _read_response(response: HttpResponse) -> _Answer:
    headers = _folded(response.headers)
    cookies = headers.pop(_COOKIE, [])
    document = {"statusCode": response.status, "headers": _single(_kept(headers))}
    if cookies:
        document["cookies"] = sorted(cookies)
    return _Answer(document, response.body)


def _read_result(answer: FunctionAnswer, frames: Frames) -> _Answer:
    try:
        value = json.loads(answer.payload or b"null")
    except (ValueError, RecursionError):
        return _Answer({"result": answer.payload.decode("utf-8", "backslashreplace")})
    if answer.function_error is not None:
        return _Answer(_read_error(value, answer.function_error, frames))
    return _read_proxy_result(value) if _is_proxy_result(value) else _Answer({"result": value})


def _is_proxy_result(value: Any) -> bool:
    """Whether a result is one for a gateway; a REST API takes one without a status as well."""
    return isinstance(value, dict) and (
        "statusCode" in value or ("body" in value and value.keys() <= _PROXY_KEYS)
    )


def _read_proxy_result(value: Mapping[str, Any]) -> _Answer:
    document = {name: each for name, each in value.items() if name not in _PROXY_KEYS}
    document["statusCode"] = value.get("statusCode")
    for name in ("headers", "multiValueHeaders"):
        given = value.get(name)
        if isinstance(given, dict) and given:
            lines = ((key, each) for key, inner in given.items() for each in _listed(inner))
            headers = _kept(_folded(lines))
            if _COOKIE in headers:
                headers[_COOKIE].sort(key=str)
            document[name] = _single(headers) if name == "headers" else headers
        elif given:
            document[name] = given
    if isinstance(cookies := value.get("cookies"), list) and cookies:
        document["cookies"] = sorted(cookies, key=str)
    body, is_base64 = value.get("body"), value.get("isBase64Encoded") is True
    if isinstance(body, str):
        return _Answer(document, _content(body, is_base64), is_base64)
    return _Answer(document | ({"body": body} if body is not None else {}))


def _read_error(value: Any, function_error: str, frames: Frames) -> dict[str, Any]:
    """A function error: its type and message as they are, its stack trace by the function's own frames."""
    document: dict[str, Any] = {"functionError": function_error}
    if not isinstance(value, dict):
        return {**document, "error": value}
    document |= {name: each for name, each in value.items() if name not in {"stackTrace", "requestId"}}
    if isinstance(trace := value.get("stackTrace"), list):
        document["stackTrace"] = _own_frames(trace, frames)
    return document


def _own_frames(trace: Sequence[Any], frames: Frames) -> list[str]:
    """The frames of the function's own code: `app.py:7 in handler`."""
    own = []
    for frame in trace:
        found = _FRAME.match(frame) if isinstance(frame, str) else None
        path = _inner_path(found["path"], frames) if found else None
        if found and path and path.partition("/")[0] not in frames.packages:
            own.append(f"{path}:{found['line']} in {found['name']}")
    return own


def _inner_path(path: str, frames: Frames) -> str | None:
    """A path relative to the folder of the function's code; None if it is not in there."""
    folders = [f"{root}/" for root in ("/var/task", *frames.roots) if path.startswith(f"{root}/")]
    if folders:
        inner = path.removeprefix(folders[0])
    elif frames.function:
        inner = path.partition(f"/functions/{frames.function}/")[2]
    else:
        inner = ""
    return inner.removeprefix(f"{PACKAGES_FOLDER}/") or None


def _folded(lines: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    folded: dict[str, list[Any]] = {}
    for name, value in lines:
        folded.setdefault(name.lower(), []).append(value)
    return folded


def _kept(headers: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: values for name, values in headers.items() if not _LEFT_OUT.fullmatch(name)}


def _single(headers: Mapping[str, list[Any]]) -> dict[str, Any]:
    return {name: values[0] if len(values) == 1 else values for name, values in headers.items()}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _content(body: str, is_base64: bool) -> bytes:
    if is_base64:
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            pass
    return body.encode("utf-8", "surrogatepass")
