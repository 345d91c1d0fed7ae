"""Reads API Gateway's context from headers, once the gateway has proved itself by a token."""

import hmac
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

from berth.errors import MalformedRequest, UntrustedGateway
from berth.model.api_key import hash_api_key
from berth.model.api_kind import REST, ApiKind
from berth.model.comparison import SHADOW_MARK
from berth.model.gateway_context import (
    CONTEXT_FIELDS,
    TOKEN_HEADER,
    ContextField,
    authorizations,
    numbered_fields,
)
from berth.model.http import Headers
from berth.model.route import Route
from berth.model.trust import CONTEXT_PREFIX, Trust
from berth.payload.headers import names_of, text_value

Context = Mapping[str, str]
_Values = defaultdict[str, list[str]]

# Whoever guesses at a prefix: no function and no log sees the guess.
_ANY_PREFIX = CONTEXT_PREFIX.lower()
# By the first part of a value's name: what alone can produce it.
_NEEDS = {
    field.name.partition(".")[0]: field.needs
    for field in (*CONTEXT_FIELDS, *numbered_fields("Auth", ("any",)))
}
# What the mappings of only one kind of API can produce: REST APIs, or all others.
_OF_REST = frozenset(field.name for field in CONTEXT_FIELDS if field.http is None)
_OF_OTHERS = frozenset(field.name for field in CONTEXT_FIELDS if field.rest is None)


def open_context(lines: Headers, trust: Trust) -> tuple[Context, Headers]:
    """Read the values of the context by name, and return the other header lines beside them.

    Raises UntrustedGateway without a valid token, and MalformedRequest for a value that came twice
    or is not of its form: then no part of the context is believed.
    """
    prefix, ours, others = trust.prefix.lower(), _Values(list), []
    for line in lines:
        name, value = line
        lower = name.lower()
        if lower.startswith(prefix):
            ours[lower[len(prefix) :]].append(value)
        elif not _may_tell(name) or line is SHADOW_MARK:
            others.append(line)
    _check_token(ours.pop(TOKEN_HEADER.lower(), []), trust)
    fields = _fields(trust)
    known = {fields[suffix]: values for suffix, values in ours.items() if suffix in fields}
    return {field.name: _value(field, values) for field, values in known.items()}, others


def without_context(lines: Headers) -> Headers:
    """The header lines without those that could carry a gateway's context, where no gateway is trusted."""
    if not _one_may_tell(names_of(lines)):
        return lines
    return [line for line in lines if not _may_tell(line[0]) or line is SHADOW_MARK]


# Bounded: names come from clients.
@lru_cache(maxsize=128)
def _one_may_tell(names: tuple[str, ...]) -> bool:
    """Whether one of these headers could carry a value of a gateway's context."""
    return any(map(_may_tell, names))


def _may_tell(name: str) -> bool:
    """Whether a header of this name could carry a value of a gateway's context."""
    return name.lower().startswith(_ANY_PREFIX)


def _check_token(values: list[str], trust: Trust) -> None:
    """Compare every valid token in constant time; raises UntrustedGateway if none fits."""
    digest = hash_api_key(values[0]) if len(values) == 1 and values[0] else ""
    found = [hmac.compare_digest(known, digest) for known in trust.token_hashes]
    if not any(found):
        raise UntrustedGateway("no valid gateway token")


def _value(field: ContextField, values: Iterable[str]) -> str:
    first, *more = values
    if more or not re.fullmatch(field.pattern, first):
        raise MalformedRequest(f"the context header for {field.name} is not of its form, or came twice")
    return text_value(first)


@lru_cache(maxsize=64)
def _fields(trust: Trust) -> Mapping[str, ContextField]:
    chosen = (*numbered_fields("Var", trust.variables), *numbered_fields("Auth", trust.context))
    return {field.header.lower(): field for field in (*CONTEXT_FIELDS, *chosen)}


def context_of(kind: ApiKind, context: Context) -> Context:
    """The values of the context that an API of this kind can have forwarded."""
    unknown = _OF_OTHERS if kind is REST else _OF_REST
    return {name: value for name, value in context.items() if name not in unknown} if context else context


def has_custom_domain(context: Context) -> bool:
    """Whether the client has called a domain name of its own, whose paths have a base path and no stage."""
    domain = context.get("domainName")
    return domain is not None and ".execute-api." not in domain


def believed_authorization(route: Route, context: Context) -> Context:
    """The values of the context that the route's own authorization can have produced."""
    kinds = authorizations(route)
    needs = {name: _NEEDS.get(name.partition(".")[0]) for name in context}
    return {name: value for name, value in context.items() if needs[name] and needs[name] in kinds}
