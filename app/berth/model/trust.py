"""Whom a stage believes what it says of API Gateway's context."""

from dataclasses import dataclass, field

# Every prefix begins so, and servers hide such headers from access logs.
CONTEXT_PREFIX = "X-Berth-"


@dataclass(frozen=True)
class Trust:
    """A gateway that proves itself by a token: the header prefix and the hashes of the tokens.

    `variables` and `context` name what the numbered headers carry.
    """

    prefix: str = field(repr=False)
    token_hashes: tuple[str, ...] = field(repr=False)
    variables: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
