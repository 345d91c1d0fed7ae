"""Evaluates the policy of a Lambda authorizer for one method ARN."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from berth.errors import AuthorizerFailed
from berth.model.wildcards import compile_wildcards
from berth.payload.readings import path_readings

_ACTION = "execute-api:invoke"
# What a statement may say here. A condition that is not evaluated could allow too much.
_KEYS = frozenset({"Sid", "Effect", "Action", "Resource"})


class Verdict(Enum):
    """What a policy says about one method."""

    ALLOW = "allow"
    IMPLICIT_DENY = "implicit deny"
    EXPLICIT_DENY = "explicit deny"


def evaluate(policy: Any, method_arn: str) -> Verdict:
    """Evaluate a policy document: an explicit Deny wins, and without an Allow there is none.

    The path is tried as it was sent, decoded, and with its dot segments resolved, and has to be
    allowed in all of these readings: functions differ in how they read it.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
    Raises AuthorizerFailed if the document is not a policy, or uses what Berth does not evaluate.
    """
    statements = list(_statements(policy))
    verdicts = {_evaluate(statements, arn) for arn in _readings(method_arn)}
    for verdict in (Verdict.EXPLICIT_DENY, Verdict.IMPLICIT_DENY):
        if verdict in verdicts:
            return verdict
    return Verdict.ALLOW


def matches(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern with `*` and `?`."""
    return _compiled(pattern).fullmatch(text) is not None


# Bounded: policies come from functions.
@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return compile_wildcards(pattern)


def _evaluate(statements: list[tuple[str, list[str], list[str]]], arn: str) -> Verdict:
    effects = {
        effect
        for effect, actions, resources in statements
        if any(matches(action.lower(), _ACTION) for action in actions)
        and any(matches(resource, arn) for resource in resources)
    }
    if "Deny" in effects:
        return Verdict.EXPLICIT_DENY
    return Verdict.ALLOW if effects else Verdict.IMPLICIT_DENY


def _statements(policy: Any) -> Iterator[tuple[str, list[str], list[str]]]:
    statements = policy.get("Statement") if isinstance(policy, Mapping) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, Mapping) or statement.get("Effect") not in ("Allow", "Deny"):
            raise AuthorizerFailed("its policy has a statement without Effect Allow or Deny")
        unknown = statement.keys() - _KEYS
        if unknown:
            names = ", ".join(sorted(map(str, unknown)))
            raise AuthorizerFailed(f"its policy uses {names}, which is not evaluated")
        yield statement["Effect"], _texts(statement, "Action"), _texts(statement, "Resource")


def _texts(statement: Mapping[str, Any], key: str) -> list[str]:
    value = statement.get(key)
    listed = value if isinstance(value, list) else [value]
    texts = [text for text in listed if isinstance(text, str) and text]
    if not texts or len(texts) != len(listed):
        raise AuthorizerFailed(f"its policy has a statement without {key}")
    return texts


def _readings(method_arn: str) -> set[str]:
    """The ARN with its path as it was sent, and with every path that a function might read it as."""
    parts = method_arn.split("/", 3)
    head, path = "/".join(parts[:3]), parts[3] if len(parts) > 3 else ""
    return {f"{head}{each}" for each in path_readings(f"/{path}")}
