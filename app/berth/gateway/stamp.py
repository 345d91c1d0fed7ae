"""When a request arrived and what it is called: the only clock and dice of the gateway."""

import base64
import os
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from berth.model.gateway_context import Stamp
from berth.payload.trace import complete_trace

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class StampSource:
    """Makes stamps; a test hands in its own clock and entropy."""

    def __init__(
        self, clock: Callable[[], float] = time.time, entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._clock = clock
        self._entropy = entropy

    def __call__(self, incoming_trace: str | None) -> Stamp:
        """Stamp one request that may have brought an X-Amzn-Trace-Id."""
        now = self._clock()
        dice = self._entropy(51)
        header, trace_id = complete_trace(incoming_trace, dice[27:], int(now))
        return Stamp(
            request_id=str(uuid.UUID(bytes=dice[:16], version=4)),
            extended_request_id=base64.b64encode(dice[16:27]).decode("ascii"),
            epoch_ms=int(now * 1000),
            time=log_time(int(now)),
            trace_header=header,
            trace_id=trace_id,
        )


@lru_cache(maxsize=8)
def log_time(epoch_seconds: int) -> str:
    """A time as access logs write it, `10/Jul/2026:19:19:04 +0000`, whatever the locale."""
    moment = time.gmtime(epoch_seconds)
    month = _MONTHS[moment.tm_mon - 1]
    return f"{moment.tm_mday:02}/{month}/{moment.tm_year}:{time.strftime('%H:%M:%S', moment)} +0000"


def told_stamp(stamp: Stamp, context: Mapping[str, str], api: str) -> Stamp:
    """The stamp with the identifiers and the time that a trusted API Gateway has told.

    An HTTP API has one identifier, which is a REST API's extended one.
    """
    own = {"request_id": "requestId", "extended_request_id": "extendedRequestId", "time": "requestTime"}
    if api == "http":
        own |= {"extended_request_id": "requestId"}
        del own["request_id"]
    told: dict[str, Any] = {field: context[name] for field, name in own.items() if name in context}
    if "requestTimeEpoch" in context:
        told["epoch_ms"] = int(context["requestTimeEpoch"])
    return replace(stamp, **told)
