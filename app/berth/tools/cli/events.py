"""Looks at the events that people hand to functions: samples on disk, and what they invoke with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth.errors import MalformedDocument
from berth.model.api_kind import ALB, HTTP_1, HTTP_2, REST, URL, ApiKind
from berth.model.function import Function
from berth.payload.schema.event import check_event, claimed_kind
from berth.schemas.reading import IS_MISSING

# A function reads the events of these kinds as those of its own kind. Samples of HTTP APIs often are a REST
# API's event, which is what `sam local generate-event` makes.
_READ_AS: Mapping[ApiKind, frozenset[ApiKind]] = {
    HTTP_1: frozenset({HTTP_1, REST}),
    HTTP_2: frozenset({HTTP_2, URL}),
    URL: frozenset({HTTP_2, URL}),
}


@dataclass(frozen=True)
class EventReport:
    """What is wrong with an event: its function would not get it, or it is malformed, or AWS sends more."""

    other_shape: str = ""
    malformed: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()  # keys that AWS always sends

    @property
    def problems(self) -> list[str]:
        """What the author of the event has to change."""
        return [self.other_shape] if self.other_shape else list(self.malformed)

    @property
    def warning(self) -> str:
        """What handlers may rely on and this event does not have; empty if it has everything."""
        return f"lacks what AWS always sends: {', '.join(self.lacking)}" if self.lacking else ""


def look_at_sample(sample: Path, function: Function, *, has_routes: bool) -> EventReport:
    """Read a sample event from a file, and look at it as look_at_event does."""
    try:
        event = json.loads(sample.read_bytes())
    except ValueError as bad:
        return EventReport(malformed=(f"not JSON: {bad}",))
    except OSError as bad:
        return EventReport(malformed=(f"cannot be read: {bad.strerror}",))
    return look_at_event(event, function, has_routes=has_routes)


def look_at_event(event: Any, function: Function, *, has_routes: bool) -> EventReport:
    """Compare an event with those that the API in front of a function sends.

    Events of other sources, such as queues, are not looked at, nor is what an authorizer is asked.
    """
    if not isinstance(event, dict) or event.get("type") in ("REQUEST", "TOKEN"):
        return EventReport()
    kind = None
    if has_routes:
        if other := _other_shape(event, function):
            return EventReport(other_shape=other)
        kind = function.api
    if "requestContext" not in event and not (has_routes and claimed_kind(event)):
        return EventReport()
    try:
        check_event(event, kind)
    except MalformedDocument as malformed:
        found = malformed.messages
        return EventReport(
            malformed=tuple(f"{key}: {why}" if key else why for key, why in found if why != IS_MISSING),
            lacking=tuple(key for key, why in found if why == IS_MISSING),
        )
    return EventReport()


def _other_shape(event: Mapping[str, Any], function: Function) -> str:
    """Say which event this is if the function's API sends another one."""
    kind = claimed_kind(event)
    if kind is None:
        context = event.get("requestContext")
        is_socket = isinstance(context, dict) and "connectionId" in context
        return f"this is a WebSocket API event, {_own(function)}" if is_socket else ""
    if kind not in _READ_AS.get(function.api, {function.api}):
        article = "an" if kind.label.startswith("HTTP") else "a"
        return f"this is {article} {kind.label} event, {_own(function)}"
    is_multi = "multiValueHeaders" in event
    if kind is ALB and is_multi != function.multi_value_headers:
        has = "with" if is_multi else "without"
        wanted = json.dumps(function.multi_value_headers)
        return f"this is a load balancer event {has} multi-value headers, multiValueHeaders is {wanted}"
    return ""


def _own(function: Function) -> str:
    kind = function.api
    version = kind.payload_format_version
    of_version = f' with payloadFormatVersion "{version}"' if version else ""
    return f'the function\'s api is "{kind.name}"{of_version}'
