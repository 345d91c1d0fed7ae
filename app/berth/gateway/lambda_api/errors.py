"""The errors of Lambda's API: their statuses, codes and bodies, as its clients know them.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
"""

import logging
from collections.abc import Iterable

from berth import errors
from berth.model.function import Function
from berth.model.invocation import MAX_EVENT_BYTES, MAX_REQUEST_BYTES

log = logging.getLogger("berth")


class LambdaError(errors.BerthError):
    """One error that a client gets: its status, its code, and the document in its body."""

    def __init__(self, status: int, code: str, retry_after: int | None = None, **document: str) -> None:
        self.status, self.code, self.document = status, code, document
        self.retry_after = retry_after  # seconds
        super().__init__(f"{code}: {document}")


def function_not_found(arn: str) -> LambdaError:
    """No function has this ARN; Lambda writes this message with a capital M."""
    return LambdaError(404, "ResourceNotFoundException", Type="User", Message=f"Function not found: {arn}")


def region_not_reachable(region: str, own: str) -> LambdaError:
    """The ARN names a function of another region."""
    text = f"Functions from '{region}' are not reachable in this region ('{own}')"
    return LambdaError(404, "ResourceNotFoundException", Type="User", Message=text)


def other_account(arn: str) -> LambdaError:
    """The ARN names a function of another account."""
    text = f"The caller is not authorized to perform: lambda:InvokeFunction on resource: {arn}"
    return LambdaError(403, "AccessDeniedException", Message=text)


def not_valid(problems: Iterable[str]) -> LambdaError:
    """Parameters are not of their form; the message tells all of them."""
    told = list(problems)
    count = f"{len(told)} validation error{'s' if len(told) > 1 else ''} detected"
    return LambdaError(400, "ValidationException", message=f"{count}: {'; '.join(told)}")


def bad_parameter(text: str) -> LambdaError:
    """A parameter contradicts another one, or cannot be read."""
    return LambdaError(400, "InvalidParameterValueException", Type="User", message=text)


def bad_content(text: str) -> LambdaError:
    """The payload or the client context cannot be read."""
    return LambdaError(400, "InvalidRequestContentException", Type="User", message=text)


def payload_too_large(size: int, invocation_type: str) -> LambdaError:
    """The payload is over the limit of its invocation type."""
    text = f"Request must be smaller than {MAX_REQUEST_BYTES} bytes for the InvokeFunction operation"
    if invocation_type == "Event":
        limit = f"(limit {MAX_EVENT_BYTES} bytes)"
        text = f"{size} byte payload is too large for the Event invocation type {limit}"
    # The service model calls it RequestTooLargeException, and Lambda answers with this code.
    return LambdaError(413, "RequestEntityTooLargeException", Type="User", message=text)


def unknown_caller() -> LambdaError:
    """The access key or the token is none that the stage names."""
    text = "The security token included in the request is invalid."
    return LambdaError(403, "UnrecognizedClientException", message=text)


def wrong_scope(what: str) -> LambdaError:
    """The signature was made for another region or for another service."""
    text = f"Credential should be scoped to {what}."
    return LambdaError(403, "InvalidSignatureException", message=text)


def not_for_browsers() -> LambdaError:
    """The request comes from a web page, which nobody has authenticated."""
    text = "A request with an Origin header is not served without authentication."
    return LambdaError(403, "AccessDeniedException", Message=text)


def not_from_strangers(header: str) -> LambdaError:
    """The header says what only a caller who proves itself may say."""
    text = f"{header} is taken from authenticated callers only."
    return LambdaError(403, "AccessDeniedException", Message=text)


def recursion(function: Function) -> LambdaError:
    """A chain of invocations has come back to the same function too often."""
    text = (
        f"Lambda has detected {function.name} being invoked in a recursive loop, and stopped the invocation."
    )
    return LambdaError(400, "RecursiveInvocationException", Type="User", Message=text)


def as_lambda_error(error: Exception) -> LambdaError:
    """What a client is told of any error; those of the server itself are logged."""
    if isinstance(error, LambdaError):
        return error
    if isinstance(error, errors.Throttled):
        return _throttled(error)
    if isinstance(error, errors.SignatureMissing):
        text = "Missing Authentication Token"
        return LambdaError(403, "MissingAuthenticationTokenException", message=text)
    if isinstance(error, errors.SignatureInvalid):
        return LambdaError(403, "InvalidSignatureException", message="The request signature is not valid.")
    if isinstance(error, errors.MalformedRequest):
        return LambdaError(400, "BadRequestException", message="Bad Request")
    if isinstance(error, errors.ServerBusy):
        text = "Service Unavailable"
        return LambdaError(503, "ServiceUnavailableException", 1, Type="Service", Message=text)
    if isinstance(error, errors.QueueUnavailable):
        log.error("an event was refused: %s", error)
        text = "The event could not be queued. Try again."
        return LambdaError(500, "ServiceException", 1, Type="Service", Message=text)
    log.error("a request to the Invoke API failed inside Berth", exc_info=error)
    return LambdaError(500, "ServiceException", Type="Service", Message="An internal error occurred.")


def _throttled(error: errors.Throttled) -> LambdaError:
    reason = "ReservedFunctionConcurrent" if error.is_reserved else "Concurrent"
    return LambdaError(
        429,
        "TooManyRequestsException",
        1,
        Reason=f"{reason}InvocationLimitExceeded",
        Type="User",
        message="Rate Exceeded.",
    )
