"""The lineage of an invocation: how often each function has been invoked in one chain of invocations.

It travels as `Lineage` in the X-Amzn-Trace-Id header, which AWS's SDKs pass on when a function calls another.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

import hashlib
import re
from functools import lru_cache
from urllib.parse import unquote

_MOST_IN_A_CHAIN = 16  # invocations of one function; Lambda stops the next one
_MOST_FUNCTIONS = 64  # that one header tells of
_LINEAGE = re.compile(r"(?:^|;)\s*Lineage=([^;]*)")
# A function and its number of invocations; API Gateway writes a version in front.
_ENTRY = re.compile(r"(?:[0-9]{1,5}:)?([0-9a-f]{8}):([0-9]{1,5})")


def continue_lineage(incoming: str | None, trace: str, arn: str) -> str:
    """The trace header for one more invocation of a function in the chain that `incoming` tells of.

    `trace` is the header without a chain.
    """
    counts = _counts(incoming)
    known = counts.pop(_mark(arn), 0)
    entries = [*list(counts.items())[1 - _MOST_FUNCTIONS :], (_mark(arn), known + 1)]
    lineage = "|".join(f"{mark}:{count}" for mark, count in entries)
    return f"{_LINEAGE.sub('', trace)};Lineage={lineage}"


def count_in_chain(trace: str | None, arn: str) -> int:
    """How many invocations of a function the chain of a trace header has."""
    return _counts(trace).get(_mark(arn), 0)


def is_recursion(trace: str | None, arn: str) -> bool:
    """Whether a function has been invoked more often in one chain than Lambda allows."""
    return count_in_chain(trace, arn) > _MOST_IN_A_CHAIN


def _counts(trace: str | None) -> dict[str, int]:
    if trace is None or "Lineage" not in trace:
        return {}
    # botocore writes the bar between two entries as %7C.
    found = _LINEAGE.search(unquote(trace))
    entries = map(_ENTRY.fullmatch, found[1].split("|") if found else [])
    return {entry[1]: int(entry[2]) for entry in entries if entry}


@lru_cache(maxsize=1024)
def _mark(arn: str) -> str:
    return hashlib.sha256(arn.encode()).hexdigest()[:8]
