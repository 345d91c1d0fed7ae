"""A small interpreter of API Gateway's parameter mappings: from a context to an integration's headers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from berth.model.gateway_context import ContextField


def mapped_headers(
    fields: Iterable[ContextField],
    prefix: str,
    api: str,
    context: Mapping[str, Any],
    variables: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    """The header of each field whose value the context has: a mapping without a value is skipped."""
    for field in fields:
        source = field.rest if api == "rest" else field.http
        value = _resolve(source, context, variables) if source else None
        if value is not None:
            yield f"{prefix}{field.header}", value


def _resolve(source: str, context: Mapping[str, Any], variables: Mapping[str, str]) -> str | None:
    """One right-hand side such as `context.identity.sourceIp` or `$stageVariables.host`."""
    root, *names = source.removeprefix("$").split(".")
    value: Any = context if root == "context" else variables
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    # "The whole object is not mappable": only scalars become headers.
    return None if value is None or isinstance(value, Mapping | list) else str(value)
