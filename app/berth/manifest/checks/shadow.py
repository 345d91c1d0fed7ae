"""Warnings about a stage's shadow: what it sends twice, and what others could read on the way."""

from collections.abc import Iterator

from berth.comparison.exchange import Address
from berth.model.comparison import SAFE_METHODS
from berth.model.stage import Stage


def shadow_warnings(stage: Stage) -> Iterator[str]:
    """A warning for methods that may write, and for an address without TLS."""
    shadow = stage.shadow
    if shadow is None:
        return
    if writing := sorted(shadow.methods - set(SAFE_METHODS)):
        yield f"shadow.methods: both sides run {', '.join(writing)}: what they write is written twice"
    address = Address.read(shadow.to)
    if address.scheme.endswith("p") and not address.is_local:
        yield f"shadow.to: {address} has no TLS: requests go there with the credentials of their callers"
