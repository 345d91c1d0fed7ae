"""The X-Amzn-Trace-Id header, as X-Ray defines it."""

import re

# https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
_ROOT = re.compile(r"Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)")
_PARENT = re.compile(r"(?:^|;)\s*Parent=([0-9a-f]{16})(?:;|$)")
_SAMPLED = re.compile(r"(?:^|;)\s*Sampled=([01?])(?:;|$)")


def trace_root(incoming: str | None) -> str | None:
    """The root of a client's trace header, if it is well formed."""
    found = _ROOT.search(incoming or "")
    return found[1] if found else None


def complete_trace(incoming: str | None, new: bytes, epoch_seconds: int) -> tuple[str, str]:
    """Complete a client's trace header: what the event shows of it, and the whole.

    `new` holds 24 random bytes for whatever the client left out.
    """
    digits = new.hex()
    given_root = trace_root(incoming)
    given = incoming if incoming and given_root else ""
    root = f"Root={given_root or f'1-{epoch_seconds:08x}-{digits[:24]}'}"
    parent, sampled = _PARENT.search(given), _SAMPLED.search(given)
    if parent and sampled:
        return given, f"{root};Parent={parent[1]};Sampled={sampled[1]}"
    made_up = f"{parent[1] if parent else digits[24:40]};Sampled={sampled[1] if sampled else 0}"
    return given or root, f"{root};Parent={made_up};Lineage=1:{digits[40:48]}:0"
