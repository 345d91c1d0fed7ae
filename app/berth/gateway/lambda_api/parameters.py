"""What a client of Lambda's API asks for, read from the request and checked as Lambda checks it."""

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from typing import NoReturn

from berth.gateway.lambda_api import errors
from berth.gateway.lambda_api.names import FunctionName, enum_problem, name_problems, read_name
from berth.model.http import HttpRequest
from berth.model.value_class import value_class
from berth.payload.headers import last_header
from berth.payload.urls import decode_query, last_values

_LOG_TYPES = ("None", "Tail")
_MOST_CLIENT_CONTEXT = 3583  # bytes of base64
_LONGEST_TENANT = 256


@value_class
class Parameters:
    """The parameters of one request about one function."""

    function: FunctionName
    invocation_type: str
    wants_log: bool
    client_context: str | None  # JSON
    tenant_id: str | None


def invocation_type(request: HttpRequest) -> str:
    """The type that the client asks for, whether there is one of that name or not."""
    return last_header(request.headers, "X-Amz-Invocation-Type") or "RequestResponse"


def query_value(request: HttpRequest, name: str) -> str | None:
    """The last value of a query parameter; None if it is not there or empty."""
    return last_values(decode_query(request.query)).get(name) or None


def read_parameters(request: HttpRequest, name: str, types: Sequence[str]) -> Parameters:
    """Read the parameters; raises LambdaError with everything that is wrong with their form."""
    kind, qualifier = invocation_type(request), query_value(request, "Qualifier")
    log_type = last_header(request.headers, "X-Amz-Log-Type") or "None"
    tenant = last_header(request.headers, "X-Amz-Tenant-Id")
    problems = [
        *name_problems(name, qualifier),
        *enum_problem(kind, "invocationType", types),
        *enum_problem(log_type, "logType", _LOG_TYPES),
        *_tenant_problem(tenant),
    ]
    if problems:
        raise errors.not_valid(problems)
    return Parameters(
        function=read_name(name, qualifier),
        invocation_type=kind,
        wants_log=log_type == "Tail",
        client_context=_client_context(last_header(request.headers, "X-Amz-Client-Context")),
        tenant_id=tenant,
    )


def check_payload(payload: bytes) -> None:
    """Check that a payload is JSON; raises LambdaError, because then no function is run."""
    if not payload:
        return  # the event is {}
    try:
        # Numbers stay text: one with thousands of digits is JSON, too, and takes long to convert.
        json.loads(payload.decode("utf-8-sig"), parse_int=str, parse_float=str, parse_constant=_no_constant)
    except UnicodeDecodeError as bad:
        byte, place = payload[bad.start], f"line: 1, column: {bad.start + 1}"
        raise _not_json(f"Invalid UTF-8 start byte 0x{byte:x}", place) from bad
    except json.JSONDecodeError as bad:
        raise _not_json(bad.msg, f"line: {bad.lineno}, column: {bad.colno}") from bad
    except ValueError as bad:
        raise _not_json(str(bad), "line: 1, column: 1") from bad
    except RecursionError as bad:
        raise _not_json("Document nesting is too deep", "line: 1, column: 1") from bad


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"Non-standard token '{name}'")


def _not_json(problem: str, place: str) -> errors.LambdaError:
    text = f"{problem}\n at [Source: REDACTED; {place}]"
    return errors.bad_content(
        f"Could not parse request body into json: Could not parse payload into json: {text}"
    )


def _client_context(sent: str | None) -> str | None:
    """The client context as JSON text; the runtime reads it, and answers what it cannot read."""
    if not sent:
        return None
    if len(sent) > _MOST_CLIENT_CONTEXT:
        raise errors.bad_content(f"Client context must be at most {_MOST_CLIENT_CONTEXT} bytes in base64.")
    try:
        return base64.b64decode(sent, validate=True).decode() or None
    except (binascii.Error, ValueError) as bad:
        raise errors.bad_content("Client context must be a valid Base64-encoded JSON object.") from bad


def _tenant_problem(tenant: str | None) -> Iterator[str]:
    if tenant is not None and not 1 <= len(tenant) <= _LONGEST_TENANT:
        rule = f"Member must have length less than or equal to {_LONGEST_TENANT}"
        yield f"Value '{tenant}' at 'tenantId' failed to satisfy constraint: {rule}"
