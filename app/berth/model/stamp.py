"""The time at which a request arrived, and its ids."""

from berth.model.value_class import value_class


@value_class
class Stamp:
    """When a request arrived and the identifiers it was given."""

    request_id: str
    extended_request_id: str
    epoch_ms: int
    time: str  # as in an access log, UTC
    trace_header: str  # X-Amzn-Trace-Id as the event shows it
    trace_id: str  # the same, completed: what X-Ray and the response see
