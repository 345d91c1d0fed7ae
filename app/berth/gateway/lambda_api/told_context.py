"""What a bridge on Lambda tells of the invocation that it forwards: the header X-Bridge-Context.

Its value is a JSON object in base64. Every key may be left out; one that is not known is refused.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from berth.gateway.lambda_api import errors
from berth.model.http import HttpRequest
from berth.model.invocation import Invocation
from berth.model.invoke_api import CONTEXT_HEADER
from berth.model.value_class import value_class
from berth.payload.headers import last_header

_LONGEST = 4096  # characters
_REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ARN = re.compile(
    r"arn:aws[a-z-]{0,20}:lambda:[a-z0-9-]{1,32}:[0-9]{12}:function:[A-Za-z0-9_-]{1,140}"
    r"(:(?P<qualifier>\$LATEST(\.PUBLISHED)?|[A-Za-z0-9_-]{1,128}))?"
)
_IDENTITY = re.compile(r"[a-z0-9-]{1,55}:[0-9A-Za-z-]{1,128}")
_LONGEST_WAIT_MS = 900_000 + 60_000  # Lambda's longest timeout, and clocks that differ


@value_class
class ToldContext:
    """What is told of an invocation; None is what was left out."""

    request_id: str | None = None
    invoked_arn: str | None = None
    deadline_ms: int | None = None
    cognito_identity: str | None = None  # JSON

    def apply(self, invocation: Invocation) -> Invocation:
        """The invocation as it is on Lambda."""
        found = _ARN.fullmatch(self.invoked_arn or "")
        return replace(
            invocation,
            request_id=self.request_id or invocation.request_id,
            qualifier=found["qualifier"] if found else invocation.qualifier,
            invoked_arn=self.invoked_arn,
            deadline_ms=self.deadline_ms,
            cognito_identity=self.cognito_identity,
        )


def read_told_context(request: HttpRequest, now_ms: int) -> ToldContext:
    """Read the header of an authenticated caller, if there is one; raises LambdaError for a wrong value."""
    sent = last_header(request.headers, CONTEXT_HEADER)
    if sent is None:
        return ToldContext()
    told = _read_object(sent)
    if unknown := sorted(told.keys() - _CHECKS.keys()):
        raise errors.bad_parameter(f"{CONTEXT_HEADER}: {unknown[0][:40]!r} is not a known key")
    for key, value in told.items():
        if not _CHECKS[key](value):
            raise errors.bad_parameter(f"{CONTEXT_HEADER}: {key} has no valid value")
    deadline = told.get("deadlineMs")
    if deadline is not None and not now_ms < deadline <= now_ms + _LONGEST_WAIT_MS:
        raise errors.bad_parameter(
            f"{CONTEXT_HEADER}: deadlineMs has passed or is further away than Lambda's longest"
        )
    return ToldContext(told.get("requestId"), told.get("invokedFunctionArn"), deadline, _identity(told))


def _read_object(sent: str) -> dict[str, Any]:
    try:
        told = json.loads(base64.b64decode(sent, validate=True)) if len(sent) <= _LONGEST else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise errors.bad_parameter(
            f"{CONTEXT_HEADER} must be a JSON object in base64 of {_LONGEST} characters at most"
        )
    return told


def _identity(told: Mapping[str, Any]) -> str | None:
    """The Cognito identity as the runtime reads it."""
    names = ("cognitoIdentityId", "cognitoIdentityPoolId")
    found = {name: told[name] for name in names if name in told}
    return json.dumps(found) if found else None


def _is_text_of(form: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and form.fullmatch(value) is not None


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "requestId": _is_text_of(_REQUEST_ID),
    "invokedFunctionArn": _is_text_of(_ARN),
    "deadlineMs": lambda value: type(value) is int,
    "cognitoIdentityId": _is_text_of(_IDENTITY),
    "cognitoIdentityPoolId": _is_text_of(_IDENTITY),
}
