"""The contract's vectors: which there are, and when an answer is the expected one."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kit.servers import Reply

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
# Of the connection rather than of the request: a client may not send them as it likes.
_HOP_BY_HOP = frozenset({"connection", "expect", "transfer-encoding"})
_HEADER_MAPS = ("headers", "multiValueHeaders")

Vector = dict[str, Any]


def read_vectors(path: Path) -> list[Vector]:
    """The vectors of a file."""
    vectors: list[Vector] = json.loads(path.read_text("utf-8"))
    return vectors


def vectors_of(kind: str) -> list[Vector]:
    """Every vector of a kind, each once."""
    found: list[Vector] = []
    for path in sorted(VECTORS.glob("*.json")):
        found += [vector for vector in read_vectors(path) if vector["kind"] == kind and vector not in found]
    return found


def vector_params(kind: str) -> list[Any]:
    """Every vector of a kind under its name, as rows of a table."""
    return [pytest.param(vector, id=vector["id"]) for vector in vectors_of(kind)]


def manifest_of(vector: Vector) -> dict[str, Any]:
    """What the manifest of a vector's function says about its API."""
    match vector["gateway"]:
        case "http":
            return {"api": "http", "payloadFormatVersion": vector.get("payload_format", "2.0")}
        case "alb":
            return {"api": "alb", "multiValueHeaders": vector["route"]["multi_value_headers"]}
        case "furl":
            return {"api": "url"}
    return {}


def request_of(vector: Vector) -> tuple[str, str, list[tuple[str, str]], bytes | None]:
    """Method, target, header lines and body of an event vector's request."""
    request = vector["request"]
    target = f"{request['path']}?{request['query']}" if request["query"] else request["path"]
    headers = [(name, value) for name, value in request["headers"] if name.lower() not in _HOP_BY_HOP]
    if "body_base64" in request:
        return request["method"], target, headers, base64.b64decode(request["body_base64"])
    return (
        request["method"],
        target,
        headers,
        request["body"].encode() if request["body"] is not None else None,
    )


def event_differences(vector: Vector, event: Any) -> list[str]:
    """What an event lacks of the expected one, and what it has that it must not have."""
    missing = list(_differences(vector["expect_event"], event, ""))
    absent = [key.split(".") for key in vector.get("expect_absent", ())]
    return missing + [f"{'.'.join(path)} is there" for path in absent if _has(event, path)]


def response_differences(vector: Vector, expected: Mapping[str, Any], reply: Reply) -> list[str]:
    """Where a response is not the expected one."""
    found = [] if reply.status == expected["status"] else [f"status {reply.status}"]
    in_any_case = "casing" not in vector.get("note", "")
    for name, value in expected.get("headers", {}).items():
        lines = [line for key, line in reply.headers if _is_same(key, name, in_any_case)]
        if lines != ([value] if isinstance(value, str) else value):
            found.append(f"{name}: {lines}")
    for name, rule in expected.get("headers_match", {}).items():
        if not re.match(_as_pattern(rule), reply.get(name) or ""):
            found.append(f"{name}: {reply.get(name)}")
    return found + list(_body_differences(expected, reply))


def _differences(expected: Any, actual: Any, path: str) -> Iterator[str]:
    if not isinstance(expected, dict) or not isinstance(actual, dict):
        if expected != actual:
            yield f"{path}: {actual!r} is not {expected!r}"
        return
    named = _as_behind_an_edge(actual) if path in _HEADER_MAPS else actual
    for key, value in expected.items():
        inner = f"{path}.{key}" if path else key
        if key in named:
            yield from _differences(value, named[key], inner)
        else:
            yield f"{inner} is missing"


def _as_behind_an_edge(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Header names as CloudFront hands them on to an edge API, where these vectors were recorded."""
    return {"Authorization" if name.lower() == "authorization" else name: headers[name] for name in headers}


def _has(document: Any, path: list[str]) -> bool:
    for key in path:
        if not isinstance(document, dict) or key.lower() not in _lower(document):
            return False
        document = _lower(document)[key.lower()]
    return True


def _lower(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in document.items()}


def _is_same(name: str, other: str, in_any_case: bool) -> bool:
    return name.lower() == other.lower() if in_any_case else name == other


def _as_pattern(rule: str) -> str:
    """`starts A;B=<16 hex generated>` as a regular expression."""
    text = re.escape(rule.removeprefix("starts "))
    return text.replace(re.escape("<16 hex generated>"), "[0-9a-f]{16}")


def _body_differences(expected: Mapping[str, Any], reply: Reply) -> Iterator[str]:
    if "body" in expected and reply.body != expected["body"].encode():
        yield f"body {reply.body!r}"
    if "body_base64" in expected and reply.body != base64.b64decode(expected["body_base64"]):
        yield f"body {reply.body!r}"
    if "body_json" in expected and reply.json() != expected["body_json"]:
        yield f"body {reply.body!r}"
