"""Events as messages of Amazon SQS: the body is the event, and one attribute has the rest."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from berth.errors import PayloadTooLarge
from berth.model.asynchronous import Origin, QueuedEvent
from berth.model.invocation import MAX_EVENT_BYTES

ATTRIBUTE = "Berth"
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
NOT_ALLOWED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_KNOWN = frozenset(QueuedEvent.__dataclass_fields__) - {"payload"}


def write_message(event: QueuedEvent) -> dict[str, Any]:
    """The arguments of SendMessage for an event; raises PayloadTooLarge, since SQS counts all of them."""
    text = _text(event.payload)
    details = asdict(replace(event, payload=b""))
    details.pop("payload")
    details["isBase64"] = text is None
    value = json.dumps(details, separators=(",", ":"))
    body = base64.b64encode(event.payload).decode() if text is None else text
    size = len(body.encode()) + len(ATTRIBUTE) + len("String") + len(value)
    if size > MAX_EVENT_BYTES:
        raise PayloadTooLarge(size, MAX_EVENT_BYTES)
    return {
        "MessageBody": body,
        "MessageAttributes": {ATTRIBUTE: {"DataType": "String", "StringValue": value}},
        # SQS keeps a group with many messages from delaying those of other groups: a fair queue.
        "MessageGroupId": event.function,
    }


def read_message(message: Mapping[str, Any]) -> QueuedEvent:
    """The event of a received message; raises ValueError for a message that Berth has not sent."""
    try:
        details = json.loads(message["MessageAttributes"][ATTRIBUTE]["StringValue"])
        body = message["Body"]
        payload = base64.b64decode(body, validate=True) if details["isBase64"] else body.encode()
        fields = {name: value for name, value in details.items() if name in _KNOWN}
        return QueuedEvent(**{**fields, "payload": payload, "origin": Origin(**fields["origin"])})
    except (KeyError, TypeError, AttributeError) as wrong:
        raise ValueError(f"lacks what Berth sends: {wrong!r}") from wrong


def _text(payload: bytes) -> str | None:
    """The payload as text; None if SQS would not keep every character of it."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    return None if NOT_ALLOWED.search(text) else text
