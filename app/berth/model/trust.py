"""Which gateway a stage trusts to describe its requests."""

from dataclasses import field

from berth.model.value_class import value_class

# The prefix of every stage begins with this. Servers keep such headers out of their access logs.
CONTEXT_PREFIX = "X-Berth-"
# Stands for the prefix in documents that everybody may read. No server accepts it.
PLACEHOLDER_PREFIX = f"{CONTEXT_PREFIX}Placeholder-Prefix-"


@value_class
class Trust:
    """A gateway that proves itself by a token: the header prefix and the hashes of the tokens.

    `variables` and `context` name the values that the numbered headers carry.
    """

    prefix: str = field(repr=False)
    token_hashes: tuple[str, ...] = field(repr=False)
    variables: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
