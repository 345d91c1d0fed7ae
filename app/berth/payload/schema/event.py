"""Any event of any shape, told apart as functions tell them apart."""

from typing import Any

from berth.payload.schema import event_v1
from berth.payload.schema.event_alb import ALB_EVENT
from berth.payload.schema.event_v2 import EVENT_V2
from berth.schemas.reading import read

_BY_VERSION = {"1.0": event_v1.HTTP_EVENT, "2.0": EVENT_V2}


def check_event(document: dict[str, Any]) -> None:
    """Check an event by the schema of the shape it claims to have; raises MalformedDocument."""
    context, version = document.get("requestContext"), document.get("version")
    if isinstance(context, dict) and "elb" in context:
        read(ALB_EVENT, document)
    else:
        read(_BY_VERSION.get(version if isinstance(version, str) else "", event_v1.REST_EVENT), document)
