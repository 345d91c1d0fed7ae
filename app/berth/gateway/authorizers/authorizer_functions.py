"""Invokes the function of a Lambda authorizer: one of this app, or another through Lambda's API."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from berth.errors import AuthorizerFailed
from berth.gateway.authorizers.lambda_authorizer import TIMEOUT, Invoke
from berth.invoke.invoker import Invoker
from berth.model.authorizer import Authorizer
from berth.model.function import Function
from berth.model.invocation import Event, Invocation, InvocationResult, encode_event
from berth.model.stamp import Stamp


def connect(authorizer: Authorizer, invoker: Invoker, functions: Mapping[str, Function]) -> Invoke:
    """Make the callable that invokes an authorizer's function; making it starts nothing."""
    name = authorizer.function or ""
    if authorizer.is_elsewhere:
        return lambda event, stamp: _invoke_elsewhere(name, event)
    function = functions[name]
    # API Gateway waits no longer, whatever the function's own timeout.
    asked = replace(function, timeout=min(function.timeout, TIMEOUT))

    def invoke(event: Event, stamp: Stamp) -> InvocationResult:
        """Run the function as an invocation of its own, in the trace of the request."""
        own = replace(stamp, request_id=str(uuid.uuid4()))
        return invoker.invoke(Invocation.of_event(asked, event, own, f"authorizer {authorizer.name}"))

    return invoke


def _invoke_elsewhere(arn: str, event: Event) -> InvocationResult:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = _client(arn.split(":")[3]).invoke(FunctionName=arn, Payload=encode_event(event))
        return InvocationResult(answer["Payload"].read(), answer.get("FunctionError"))
    except (BotoCoreError, ClientError) as failed:
        raise AuthorizerFailed(f"{arn} could not be invoked: {type(failed).__name__}") from failed


@cache
def _client(region: str) -> Any:
    # Imported where it is used: the extra `aws`.
    import boto3
    from botocore.config import Config

    patience = Config(connect_timeout=2, read_timeout=TIMEOUT, retries={"total_max_attempts": 1})
    return boto3.client("lambda", region_name=region, config=patience)
