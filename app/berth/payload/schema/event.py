"""Any event of any shape, told apart as functions tell them apart."""

from collections.abc import Mapping
from typing import Any

from berth.model import api_kind
from berth.payload.schema import event_v1
from berth.payload.schema.event_alb import ALB_EVENT
from berth.payload.schema.event_v2 import EVENT_V2
from berth.schemas.reading import Schema, read

EVENT_SCHEMAS: Mapping[api_kind.ApiKind, Schema] = {
    api_kind.REST: event_v1.REST_EVENT,
    api_kind.HTTP_1: event_v1.HTTP_EVENT,
    api_kind.HTTP_2: EVENT_V2,
    api_kind.ALB: ALB_EVENT,
    api_kind.URL: EVENT_V2,
}


def check_event(document: dict[str, Any], kind: api_kind.ApiKind | None = None) -> None:
    """Check an event by the schema of a kind of API, or of the kind whose event it claims to be.

    Raises MalformedDocument. What claims nothing is checked as the event of a REST API.
    """
    read(EVENT_SCHEMAS[kind or claimed_kind(document) or api_kind.REST], document)


def claimed_kind(document: Mapping[str, Any]) -> api_kind.ApiKind | None:
    """The kind of API whose event a document claims to be; None if it claims nothing."""
    context = document.get("requestContext")
    context = context if isinstance(context, dict) else {}
    if "elb" in context:
        return api_kind.ALB
    if document.get("version") == "2.0":
        # An HTTP API's `$default` route looks the same but for the domain.
        return api_kind.URL if ".lambda-url." in str(context.get("domainName")) else api_kind.HTTP_2
    if document.get("version") == "1.0":
        return api_kind.HTTP_1
    return api_kind.REST if "httpMethod" in document else None
