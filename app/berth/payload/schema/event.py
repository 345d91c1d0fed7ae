"""Any event of any shape, told apart as functions tell them apart."""

from typing import Any

from berth.payload.schema.event_alb import check_alb_event
from berth.payload.schema.event_v1 import check_http_event, check_rest_event
from berth.payload.schema.event_v2 import check_event_v2

_BY_VERSION = {"1.0": check_http_event, "2.0": check_event_v2}


def check_event(document: dict[str, Any]) -> None:
    """Check an event by the schema of the shape it claims to have; raises MalformedDocument."""
    context = document.get("requestContext")
    if isinstance(context, dict) and "elb" in context:
        check_alb_event(document)
        return
    version = document.get("version")
    check = _BY_VERSION.get(version) if isinstance(version, str) else None
    (check or check_rest_event)(document)
