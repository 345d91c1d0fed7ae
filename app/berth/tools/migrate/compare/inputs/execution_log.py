"""Execution logs of REST APIs: many lines for each request, which its id brings together.

https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-execution-logging.html
Events that are delivered to one's own log group, S3 or Firehose hold the same texts in JSON.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from berth.tools.migrate.compare.inputs.access_log import simple_names
from berth.tools.migrate.compare.inputs.samples import CUT_OFF, Samples, looks_like_event, parse_object

_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_LINE = re.compile(rf"\((?P<id>{_ID})\) (?P<text>.*)", re.DOTALL)
# The log of a test in the console, or of TestInvokeMethod, names the id once.
_TEST_BEGIN = re.compile(rf"Execution log for request (?P<id>{_ID}|test-request)")
_TEST_LINE = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d [\d:]{8} UTC \d{4} : (?P<text>.*)", re.DOTALL)
_METHOD_AND_PATH = re.compile(r"HTTP Method: (?P<method>[A-Z]+), Resource Path: (?P<path>\S+)")
_PATH, _QUERY = "Method request path", "Method request query string"
_HEADERS, _BODY = "Method request headers", "Method request body before transformations"
_EVENT = "Endpoint request body after transformations"
_LABELS = (_PATH, _QUERY, _HEADERS, _BODY, _EVENT)
_TRUNCATED = "[TRUNCATED]"
_PAIRS = re.compile(r", (?=[^\s=,{}]+=)")
# The parts of a request by names that a structured event may have for them.
_FIELDS = {
    _PATH: ("pathparameters", "methodrequestpath"),
    _QUERY: ("querystring", "querystringparameters", "requestquerystring", "methodrequestquerystring"),
    _HEADERS: ("headers", "requestheaders", "methodrequestheaders"),
    _BODY: ("body", "requestbody", "methodrequestbody", "methodrequestbodybeforetransformations"),
    _EVENT: ("endpointrequestbody", "integrationrequestbody", "endpointrequestbodyaftertransformations"),
}
_REQUEST_IDS = ("requestid", "contextrequestid", "apirequestid")


class ExecutionLog:
    """The lines of all requests of a log."""

    def __init__(self) -> None:
        self._requests: dict[str, dict[str, Any]] = {}
        self._places: dict[str, str] = {}
        self._id = ""  # of a test, whose lines do not name it
        self._last: tuple[str, str] | None = None  # request and label that the last line was about

    def take_line(self, line: str, place: str) -> bool:
        """Take one line; returns whether it is one of an execution log."""
        begin = _TEST_BEGIN.search(line)
        if begin:
            self._id = f"{begin['id']} {place}"
            return True
        found = _LINE.search(line)
        test = _TEST_LINE.search(line) if not found and self._id else None
        if found or test:
            request, text = (
                (found["id"], found["text"]) if found else (self._id, test["text"] if test else "")
            )
            self._take(request, text, place)
            return True
        if self._last is None:
            return False
        request, label = self._last
        self._requests[request][label] += f"\n{line}"
        return True

    def take_record(self, record: Mapping[str, Any], place: str) -> bool:
        """Take a structured event; returns whether it is one of an execution log."""
        names = simple_names(record)
        request = next((str(names[each]) for each in _REQUEST_IDS if names.get(each)), "")
        for text in (value for value in record.values() if isinstance(value, str)):
            found = _LINE.search(text)
            if found or text.startswith((*_LABELS, "HTTP Method: ")):
                self._take(found["id"] if found else request, found["text"] if found else text, place)
                self._last = None
                return True
        parts = {label: _first(names, keys) for label, keys in _FIELDS.items()}
        method, path = (
            names.get("httpmethod") or names.get("method"),
            names.get("path", names.get("resourcepath")),
        )
        is_one = bool(request) and any(parts[label] is not None for label in (_HEADERS, _BODY, _EVENT))
        if not is_one or not (isinstance(method, str) or parts[_EVENT] is not None):
            return False
        self._places.setdefault(request, place)
        kept = {label: value for label, value in parts.items() if value is not None}
        self._requests.setdefault(request, {}).update(kept, method=method, path=path)
        return True

    def finish(self, samples: Samples) -> None:
        """Add the requests whose lines are whole."""
        for request, parts in self._requests.items():
            _add(parts, self._places[request], samples)
        self._requests.clear()
        self._last = None

    def _take(self, request: str, text: str, place: str) -> None:
        self._places.setdefault(request, place)
        parts = self._requests.setdefault(request, {})
        label, colon, value = text.partition(":")
        self._last = None
        if found := _METHOD_AND_PATH.match(text):
            parts.update(method=found["method"], path=found["path"])
        elif colon and label in _LABELS:
            parts[label] = value.strip()
            self._last = None if value.endswith(_TRUNCATED) else (request, label)


def _first(names: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((names[each] for each in keys if names.get(each) is not None), None)


def _add(parts: Mapping[str, Any], place: str, samples: Samples) -> None:
    """Add one request: by the event that its function got, or else by what the client sent."""
    event = parts.get(_EVENT)
    event = parse_object(event) if isinstance(event, str) else event
    # One with a method ARN is what an authorizer was asked.
    if isinstance(event, dict) and looks_like_event(event) and "methodArn" not in event:
        samples.add_event(place, event)
        return
    method, path = parts.get("method"), parts.get("path")
    if not isinstance(method, str) or not isinstance(path, str):
        samples.skip("an execution log without method and path of a request")
        return
    if any(str(parts.get(label, "")).endswith(_TRUNCATED) for label in (_PATH, _QUERY, _HEADERS, _BODY)):
        samples.skip(CUT_OFF)
        return
    body = parts.get(_BODY)
    if body is None and method in ("POST", "PUT", "PATCH"):
        samples.skip("an execution log without data trace: it has no body")
    elif body == "[Binary Data]":
        samples.skip("a binary body, which an execution log does not show")
    else:
        query = urlencode(list(_map(parts.get(_QUERY)).items()), doseq=True)
        target = f"{_filled(path, _map(parts.get(_PATH)))}{'?' if query else ''}{query}"
        headers = [(name, str(value)) for name, value in _map(parts.get(_HEADERS)).items()]
        samples.add_request(place, method, target, headers, str(body or "").encode("utf-8", "surrogatepass"))


def _filled(path: str, parameters: Mapping[str, Any]) -> str:
    """A path with parameters in the place of the names in it."""
    return re.sub(r"\{([^{}+]+)\+?\}", lambda found: str(parameters.get(found[1], found[0])), path)


def _map(value: Any) -> dict[str, Any]:
    """Read a map: `{Accept=*/*, Host=example.com}`, as Java writes it, or JSON."""
    if isinstance(value, dict):
        return value
    text = str(value or "").strip()
    if isinstance(read := parse_object(text), dict):
        return read
    pairs = (each.partition("=") for each in _PAIRS.split(text.removeprefix("{").removesuffix("}")) if each)
    return {name.strip(): inner for name, _, inner in pairs}
