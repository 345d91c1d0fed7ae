"""Lambda authorizers: a function decides, and its answer may be kept for a time."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from berth import errors
from berth.gateway.authorizers import answer_schema, request_event
from berth.gateway.authorizers.cache import ResultCache
from berth.gateway.authorizers.identity_source import read_sources
from berth.gateway.authorizers.policy import Verdict, evaluate
from berth.model.authorizer import Authorizer
from berth.model.call import Call, Identity
from berth.model.expression import Expression
from berth.model.invocation import Event, InvocationResult
from berth.model.stamp import Stamp
from berth.schemas.reading import Schema, read

# Invokes the authorizer's function with an event, 10 seconds at most.
Invoke = Callable[[Event, Stamp], InvocationResult]
TIMEOUT = 10  # seconds
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_LONGEST_ARN = 1600
# What a function raises to refuse; API Gateway looks at nothing but these words.
_UNAUTHORIZED = "Unauthorized"


@dataclass
class LambdaAuthorizer:
    """One TOKEN or REQUEST authorizer of a stage; REST APIs and HTTP APIs read its answers differently."""

    authorizer: Authorizer
    invoke: Invoke
    cache: ResultCache[dict[str, Any]] = field(default_factory=ResultCache)
    expression: Expression | None = field(init=False)

    def __post_init__(self) -> None:
        wanted = self.authorizer.validation_expression
        self.expression = None if wanted is None else Expression(wanted)

    def authorize(self, call: Call) -> Identity:
        """The identity of a caller that is allowed.

        Raises Unauthorized, AccessDenied, AuthorizerFailed or MethodArnTooLong.
        """
        values = self._identity(call)
        arn = request_event.method_arn(call)
        if len(arn) > _LONGEST_ARN:
            raise errors.MethodArnTooLong(f"the method's ARN has {len(arn)} characters")
        began = time.monotonic()
        answer = self._answer(call, values)
        if "is_authorized" in answer:
            if not answer["is_authorized"]:
                raise errors.AccessDenied("isAuthorized is false")
        else:
            _refuse_unless_allowed(evaluate(answer["policy"], arn))
        return Identity(
            kind="lambda",
            principal_id=answer.get("principal_id", ""),
            context=answer["context"] or {},
            latency=int((time.monotonic() - began) * 1000),
        )

    def _identity(self, call: Call) -> tuple[str, ...]:
        """The values of the identity sources; raises Unauthorized if one of them is missing."""
        values = read_sources(self.authorizer.identity_sources, call)
        if values is None:
            raise errors.Unauthorized("an identity source is missing or empty")
        if self.expression is not None and not all(map(self._fits, values)):
            raise errors.Unauthorized("the token does not have the expected form")
        return values

    def _fits(self, value: str) -> bool:
        """Whether a token has the expected form; one whose form takes too long to find out has not."""
        assert self.expression
        try:
            return self.expression.is_in(value)
        except ValueError:  # too much work
            return False

    def _answer(self, call: Call, values: tuple[str, ...]) -> dict[str, Any]:
        kind, ttl = call.route.function.api, self.authorizer.ttl
        seconds = kind.authorizer_ttl if ttl is None else ttl
        is_cached = bool(seconds and values)
        key = (kind.name, values)
        answer = self.cache.get(key) if is_cached else None
        if answer is None:
            answer = self._ask(call, values)
            if is_cached:
                self.cache.put(key, answer, seconds)
        return answer

    def _ask(self, call: Call, values: tuple[str, ...]) -> dict[str, Any]:
        event, schema = self._question(call, values)
        try:
            result = self.invoke(event, call.stamp)
            document = json.loads(result.payload)
            if result.function_error is None:
                answer: dict[str, Any] = read(schema, document)
                return answer
        except (errors.InvocationFault, ValueError, RecursionError, errors.MalformedDocument) as failed:
            raise errors.AuthorizerFailed(f"{self.authorizer.name}: {failed}") from failed
        if isinstance(document, Mapping) and document.get("errorMessage") == _UNAUTHORIZED:
            raise errors.Unauthorized("the authorizer raised Unauthorized")
        raise errors.AuthorizerFailed(f"{self.authorizer.name}: its function failed")

    def _question(self, call: Call, values: tuple[str, ...]) -> tuple[Event, Schema]:
        """The event, and the schema of its answer."""
        arn = request_event.method_arn(call)
        if self.authorizer.type == "TOKEN":
            return request_event.token_event(values[0], arn), answer_schema.POLICY_ANSWER
        if call.route.function.api.needs_principal:
            return request_event.rest_event(call, arn), answer_schema.POLICY_ANSWER
        schema = (
            answer_schema.SIMPLE_ANSWER
            if self.authorizer.has_simple_responses
            else answer_schema.HTTP_POLICY_ANSWER
        )
        if self.authorizer.payload_format_version == "1.0":
            return request_event.http_v1_event(call, arn, values), schema
        return request_event.http_v2_event(call, arn, values), schema


def _refuse_unless_allowed(verdict: Verdict) -> None:
    if verdict is Verdict.EXPLICIT_DENY:
        raise errors.ExplicitlyDenied("the policy denies it")
    if verdict is not Verdict.ALLOW:
        raise errors.AccessDenied("the policy does not allow it")
