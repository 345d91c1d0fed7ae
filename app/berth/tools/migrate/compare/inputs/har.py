"""HAR 1.2, as browsers save it: http://www.softwareishard.com/blog/har-12-spec/"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from berth.tools.migrate.compare.inputs.samples import Samples, host_of

_WEB = re.compile("https?")


def har_entries(document: Any) -> list[Any] | None:
    """The entries of a HAR document; None if it is none."""
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    return entries if isinstance(entries, list) else None


def take_har(entries: Iterable[Any], place: str, samples: Samples) -> None:
    """Add the requests of a HAR document; what their answers were is not used."""
    for number, entry in enumerate(entries):
        request = entry.get("request") if isinstance(entry, dict) else None
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            samples.skip("an entry without a request")
            continue
        _take_entry(request, f"{place}#{number}", samples)


def _take_entry(request: Mapping[str, Any], place: str, samples: Samples) -> None:
    try:
        parts = urlsplit(str(request.get("url")))
        body = _body(request)
    except ValueError as wrong:
        samples.skip(f"an entry that is malformed: {wrong}")
        return
    if not _WEB.fullmatch(parts.scheme):
        samples.skip("an entry that is no request over HTTP")
        return
    if body is None:
        samples.skip("an entry whose body was not saved")
        return
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    samples.add_request(place, request["method"], target, _headers(request), body, host_of(parts))


def _headers(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The header lines; HTTP/2 has pseudo headers such as `:path` among them."""
    lines = request.get("headers") or []
    named = [each for each in lines if isinstance(each, dict) and isinstance(each.get("name"), str)]
    return [(each["name"], str(each.get("value", ""))) for each in named if not each["name"].startswith(":")]


def _body(request: Mapping[str, Any]) -> bytes | None:
    """The body; None if there was one that is not here. Raises ValueError."""
    data = request.get("postData")
    if not isinstance(data, dict):
        return None if isinstance(size := request.get("bodySize"), int) and size > 0 else b""
    text, params = data.get("text"), data.get("params")
    if isinstance(text, str) and (text or not params):
        if data.get("encoding") != "base64":
            return text.encode("utf-8", "surrogatepass")
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as wrong:
            raise ValueError("a body that is not base64") from wrong
    if not isinstance(params, list) or any("fileName" in each for each in params):
        return None
    return urlencode([(each.get("name", ""), each.get("value", "")) for each in params]).encode()
