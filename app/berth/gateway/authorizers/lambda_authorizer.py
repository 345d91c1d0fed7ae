"""Lambda authorizers: a function decides, and its decision may be kept."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.errors import (
    AccessDenied,
    AuthorizerFailed,
    ExplicitlyDenied,
    InvocationFault,
    MalformedDocument,
    MethodArnTooLong,
    Unauthorized,
)
from berth.gateway.authorizers.answer_schema import (
    load_http_policy_answer,
    load_policy_answer,
    load_simple_answer,
)
from berth.gateway.authorizers.cache import ResultCache
from berth.gateway.authorizers.identity_source import read_sources
from berth.gateway.authorizers.policy import Verdict, evaluate
from berth.gateway.authorizers.request_event import (
    http_v1_event,
    http_v2_event,
    method_arn,
    rest_event,
    token_event,
)
from berth.model.authorizer import Authorizer
from berth.model.gateway_context import Identity, Stamp
from berth.model.http import HttpRequest
from berth.model.invocation import Event, InvocationResult
from berth.model.route import Route

# Invokes the authorizer's function with an event, 10 seconds at most.
Invoke = Callable[[Event, Stamp], InvocationResult]
TIMEOUT = 10  # seconds
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_LONGEST_ARN = 1600
_REST_TTL = 300
# What a function raises to refuse; API Gateway looks at nothing but these words.
_UNAUTHORIZED = "Unauthorized"


@dataclass
class LambdaAuthorizer:
    """One TOKEN or REQUEST authorizer of a stage; REST APIs and HTTP APIs read its answers differently."""

    authorizer: Authorizer
    invoke: Invoke
    cache: ResultCache[dict[str, Any]] = field(default_factory=ResultCache)

    def authorize(self, route: Route, request: HttpRequest, stamp: Stamp) -> Identity:
        """The identity of a caller that is allowed.

        Raises Unauthorized, AccessDenied, AuthorizerFailed or MethodArnTooLong.
        """
        values = self._identity(route, request, stamp)
        arn = method_arn(route, request)
        if len(arn) > _LONGEST_ARN:
            raise MethodArnTooLong(f"the method's ARN has {len(arn)} characters")
        began = time.monotonic()
        answer = self._answer(route, request, stamp, values)
        if "is_authorized" in answer:
            if not answer["is_authorized"]:
                raise AccessDenied("isAuthorized is false")
        else:
            _refuse_unless_allowed(evaluate(answer["policy"], arn))
        return Identity(
            kind="lambda",
            principal_id=answer.get("principal_id", ""),
            context=answer["context"] or {},
            latency=int((time.monotonic() - began) * 1000),
        )

    def _identity(self, route: Route, request: HttpRequest, stamp: Stamp) -> tuple[str, ...]:
        """The values of the identity sources; without one, no function is asked."""
        values = read_sources(self.authorizer.identity_sources, route, request, stamp)
        if values is None:
            raise Unauthorized("an identity source is missing or empty")
        wanted = self.authorizer.validation_expression
        if wanted is not None and not all(re.search(wanted, value) for value in values):
            raise Unauthorized("the token does not have the expected form")
        return values

    def _answer(
        self, route: Route, request: HttpRequest, stamp: Stamp, values: tuple[str, ...]
    ) -> dict[str, Any]:
        kind = route.function.api
        ttl = self.authorizer.ttl
        seconds = (_REST_TTL if kind == "rest" else 0) if ttl is None else ttl
        is_cached = bool(seconds and values)
        key = (kind, values)
        answer = self.cache.get(key) if is_cached else None
        if answer is None:
            answer = self._ask(route, request, stamp, values)
            if is_cached:
                self.cache.put(key, answer, seconds)
        return answer

    def _ask(
        self, route: Route, request: HttpRequest, stamp: Stamp, values: tuple[str, ...]
    ) -> dict[str, Any]:
        event, load = self._question(route, request, stamp, values)
        try:
            result = self.invoke(event, stamp)
            document = json.loads(result.payload)
            if result.function_error is None:
                return load(document)
        except (InvocationFault, ValueError, RecursionError, MalformedDocument) as failed:
            raise AuthorizerFailed(f"{self.authorizer.name}: {failed}") from failed
        if isinstance(document, Mapping) and document.get("errorMessage") == _UNAUTHORIZED:
            raise Unauthorized("the authorizer raised Unauthorized")
        raise AuthorizerFailed(f"{self.authorizer.name}: its function failed")

    def _question(
        self, route: Route, request: HttpRequest, stamp: Stamp, values: tuple[str, ...]
    ) -> tuple[Event, Callable[[Any], dict[str, Any]]]:
        """The event, and how its answer is read."""
        arn = method_arn(route, request)
        if self.authorizer.type == "TOKEN":
            return token_event(values[0], arn), load_policy_answer
        if route.function.api == "rest":
            return rest_event(route, request, stamp, arn), load_policy_answer
        load = load_simple_answer if self.authorizer.has_simple_responses else load_http_policy_answer
        if self.authorizer.payload_format_version == "1.0":
            return http_v1_event(route, request, stamp, arn, values), load
        return http_v2_event(route, request, stamp, arn, values), load


def _refuse_unless_allowed(verdict: Verdict) -> None:
    if verdict is Verdict.EXPLICIT_DENY:
        raise ExplicitlyDenied("the policy denies it")
    if verdict is not Verdict.ALLOW:
        raise AccessDenied("the policy does not allow it")
