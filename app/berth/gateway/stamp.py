"""The time and the ids of a request: the only module of the gateway that reads the clock and random bytes."""

import os
import re
import time
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from berth.model.api_kind import ApiKind
from berth.model.stamp import Stamp

# https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
_ROOT = re.compile(r"Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)")
_PARENT = re.compile(r"(?:^|;)\s*Parent=([0-9a-f]{16})(?:;|$)")
_SAMPLED = re.compile(r"(?:^|;)\s*Sampled=([01?])(?:;|$)")
# By a random digit: the digit of a UUID that tells its variant (RFC 9562).
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class StampSource:
    """Makes stamps; tests pass a clock and a source of random bytes of their own."""

    def __init__(
        self, clock: Callable[[], float] = time.time, entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._clock = clock
        self._entropy = entropy

    def __call__(self, incoming_trace: str | None) -> Stamp:
        """Stamp one request; `incoming_trace` is the X-Amzn-Trace-Id that its client sent, if any."""
        now = self._clock()
        dice = self._entropy(51)
        seconds = int(now)
        header, trace_id = complete_trace(incoming_trace, dice[27:], seconds)
        return Stamp(
            request_id=_uuid4(dice[:16].hex()),
            extended_request_id=b2a_base64(dice[16:27], newline=False).decode("ascii"),
            epoch_ms=int(now * 1000),
            time=log_time(seconds),
            trace_header=header,
            trace_id=trace_id,
        )


def _uuid4(digits: str) -> str:
    """The random UUID (RFC 9562, version 4) made of 32 random hexadecimal digits."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


@lru_cache(maxsize=8)
def log_time(epoch_seconds: int) -> str:
    """A time as access logs write it, `10/Jul/2026:19:19:04 +0000`, in every locale."""
    moment = time.gmtime(epoch_seconds)
    month = _MONTHS[moment.tm_mon - 1]
    return f"{moment.tm_mday:02}/{month}/{moment.tm_year}:{time.strftime('%H:%M:%S', moment)} +0000"


@lru_cache(maxsize=8)
def _new_root(epoch_seconds: int) -> str:
    """The beginning of the root of a trace that starts in this second."""
    return f"Root=1-{epoch_seconds:08x}-"


def trace_root(incoming: str | None) -> str | None:
    """The root of a client's trace header, if it is well formed."""
    found = _ROOT.search(incoming) if incoming else None
    return found[1] if found else None


def complete_trace(incoming: str | None, new: bytes, epoch_seconds: int) -> tuple[str, str]:
    """Complete a client's trace header: what the event shows of it, and the whole.

    `new` holds 24 random bytes for whatever the client left out.
    """
    digits = new.hex()
    given_root = trace_root(incoming)
    if not incoming or not given_root:
        root = f"{_new_root(epoch_seconds)}{digits[:24]}"
        return root, f"{root};Parent={digits[24:40]};Sampled=0;Lineage=1:{digits[40:48]}:0"
    parent, sampled = _PARENT.search(incoming), _SAMPLED.search(incoming)
    if parent and sampled:
        return incoming, f"Root={given_root};Parent={parent[1]};Sampled={sampled[1]}"
    made_up = f"{parent[1] if parent else digits[24:40]};Sampled={sampled[1] if sampled else 0}"
    return incoming, f"Root={given_root};Parent={made_up};Lineage=1:{digits[40:48]}:0"


def forwarded_stamp(stamp: Stamp, context: Mapping[str, str], kind: ApiKind) -> Stamp:
    """The stamp with the identifiers and the time that a trusted API Gateway has forwarded."""
    names = {"request_id": "requestId", "extended_request_id": "extendedRequestId", "time": "requestTime"}
    if kind.has_one_request_id:
        names = {"extended_request_id": "requestId", "time": "requestTime"}
    forwarded: dict[str, Any] = {field: context[name] for field, name in names.items() if name in context}
    if "requestTimeEpoch" in context:
        forwarded["epoch_ms"] = int(context["requestTimeEpoch"])
    return replace(stamp, **forwarded)
