"""Samples: the events and requests that were read, without their secrets, and what could not be used."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult

from berth.comparison.exchange import SentRequest
from berth.comparison.redaction import Redactor
from berth.tools.migrate.compare.inputs.event_requests import event_method

_EVENT_KEYS = frozenset(
    """requestContext Records detail-type rawPath triggerSource awslogs methodArn eventSourceARN
    deliveryStreamArn""".split()
)
CUT_OFF = "cut off"
NO_BODY = "the log has no body, so GET and HEAD only"


class InputUnreadable(Exception):
    """Raised when a file of events cannot be read; the text names the file."""


@dataclass(frozen=True)
class Sample:
    """One event or one request, and where it was found: `events/get.json` or `app.log:17`."""

    place: str
    event: Any = None
    request: SentRequest | None = None
    host: str = ""  # that a request was sent to, if it is known
    stage: str = ""  # the first part of its path, if the log tells

    @property
    def method(self) -> str:
        """The HTTP method; `EVENT` for an event that is no request."""
        return self.request.method if self.request else event_method(self.event) or "EVENT"

    @property
    def target(self) -> str:
        """The path with the query, for reports; of an event its path, and nothing if it has none."""
        if self.request:
            return self.request.target
        event = self.event if isinstance(self.event, dict) else {}
        return str(event.get("path") or event.get("rawPath") or "")


@dataclass
class Samples:
    """What was read so far. Secrets are taken out of everything that is added."""

    redactor: Redactor
    found: list[Sample] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def add_event(self, place: str, event: Any) -> None:
        """Add an event."""
        self.found.append(Sample(place, event=self.redactor.document(event)))

    def add_request(
        self,
        place: str,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        host: str = "",
        stage: str = "",
    ) -> None:
        """Add a request; one whose target is no path is skipped."""
        if not target.startswith("/") or not method.isalpha():
            self.skip("no method and path of a request")
            return
        redactor = self.redactor
        request = SentRequest(
            method.upper(), redactor.text(target), redactor.headers(headers), redactor.body(body)
        )
        self.found.append(Sample(place, request=request, host=host, stage=stage))

    def add_logged(self, place: str, method: str, target: str, host: str = "", stage: str = "") -> None:
        """Add a request from a log that has neither headers nor bodies."""
        if method.upper() not in ("GET", "HEAD"):
            self.skip(NO_BODY)
        elif "{" in target:
            self.skip("the log has the path of the route, not that of the request")
        else:
            self.add_request(place, method, target, host=host, stage=stage)

    def skip(self, reason: str) -> None:
        """Count something that was recognised and cannot be used."""
        self.skipped[reason] += 1


def host_of(address: SplitResult) -> str:
    """Host and port of an address, without the user name and the password that it may hold."""
    return address.netloc.rpartition("@")[2]


def looks_like_event(value: Any) -> bool:
    """Whether a value from a log is the event of some service, and not a record of the log."""
    if not isinstance(value, dict):
        return False
    return bool(value.keys() & _EVENT_KEYS) or {"httpMethod", "headers"} <= value.keys()


def parse_object(text: str) -> Any:
    """A JSON value in a text; None if there is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
