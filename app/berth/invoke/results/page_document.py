"""The document of an invocation's page, as clients and callbacks get it."""

from datetime import UTC, datetime
from typing import Any

from berth.model.asynchronous import InvocationPage


def page_document(page: InvocationPage) -> dict[str, Any]:
    """The page as JSON: `result` once it succeeded, `error` once a run failed."""
    document: dict[str, Any] = {
        "requestId": page.request_id,
        "function": page.function,
        "state": page.state.value,
        "attempts": page.attempts,
        "createdAt": write_time(page.created_at),
        "startedAt": write_time(page.started_at),
        "finishedAt": write_time(page.finished_at),
    }
    if page.condition == "Success":
        document["result"] = page.result
    elif page.error is not None:
        document["error"] = page.error
    if page.is_cut:
        document["isCut"] = True
    return {**document, "logTail": page.log_tail}


def write_time(seconds: float | None) -> str | None:
    """A time as Lambda writes it in records: `2025-11-24T23:08:11.000Z`."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
