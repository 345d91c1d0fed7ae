"""What of an event API Gateway cannot hand on to an integration, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """One row of the manual's table."""

    api: str
    what: str
    lambda_gets: str
    berth_gets: str
    why: str

    @property
    def line(self) -> str:
        """The row as the manual has it."""
        return f"| {self.api} | {self.what} | {self.lambda_gets} | {self.berth_gets} | {self.why} |"


DIFFERENCES = {
    "access key": Difference(
        "both",
        "`accessKey` of a caller who has signed",
        "the access key's id",
        "`null`",
        "API Gateway has no such value for mappings",
    ),
    "amr": Difference(
        "HTTP",
        "`cognitoIdentity.amr` of a caller from an identity pool",
        "a list",
        "`null`",
        "API Gateway has no such value for mappings",
    ),
    "certificate": Difference(
        "both",
        "`clientCert`, with mutual TLS",
        "the certificate",
        "nothing",
        "its text has line breaks, which no header can have",
    ),
    "latency": Difference(
        "REST",
        "`integrationLatency` of a Lambda authorizer",
        "milliseconds",
        "0",
        "API Gateway has no such value for mappings",
    ),
    "keys": Difference(
        "both",
        "keys of a Lambda authorizer's context that `gateway.context` does not name",
        "their values",
        "nothing",
        "each needs a mapping of its own",
    ),
    "types": Difference(
        "HTTP",
        "numbers and booleans in a Lambda authorizer's context",
        "as they are",
        "text",
        "a header is text",
    ),
    "objects": Difference(
        "HTTP",
        "lists and objects in a Lambda authorizer's context",
        "as they are",
        "nothing",
        "API Gateway maps no whole objects; let the authorizer return JSON text",
    ),
    "chain": Difference(
        "HTTP",
        "`X-Forwarded-For` that a client has sent",
        "in front of its address",
        "in `Forwarded`",
        "API Gateway has made `Forwarded` of it",
    ),
}


def differing(expected: Any, actual: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two events differ: the key, what Lambda would have got, and what the function has got."""
    if not isinstance(expected, Mapping) or not isinstance(actual, Mapping):
        if expected != actual:
            yield path, expected, actual
        return
    for key in sorted({*expected, *actual}):
        inner = f"{path}.{key}" if path else key
        yield from differing(expected.get(key), actual.get(key), inner)
