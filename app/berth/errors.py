"""All errors of Berth: each says what went wrong and carries the facts, none knows an HTTP status."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class BerthError(Exception):
    """The root of every error that Berth raises."""


def printable(text: str, most: int | None = None) -> str:
    """Write a text in one line, cut after `most` characters: what cannot be printed becomes its escape."""
    shown = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text[:most])
    return shown if len(text[:most]) == len(text) else f"{shown}..."


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with one key of one manifest (or one environment variable)."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        return printable(f"{place}: {self.message}")


class ManifestError(BerthError, RuntimeError):
    """Raised at start for the author of manifests and settings; carries every problem found.

    It is a RuntimeError because gunicorn prints those without a traceback and exits with status 1.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = f"{len(self.problems)} problem{'s' if len(self.problems) != 1 else ''}"
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        return f"{count} in the manifests or settings, nothing was started:\n{lines}"


class Report:
    """Collects the problems of manifests and settings, so that their author reads all of them at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, file: str, key: str, message: str) -> None:
        """Report one problem."""
        self.problems.append(Problem(file, key, message))

    def at(self, file: str, key: str = "") -> "Place":
        """The place in this report for the problems of one file, or of one key in it."""
        return Place(self, file, key)

    def raise_if_any(self) -> None:
        """Raise ManifestError with every problem that was reported, if there is one."""
        if self.problems:
            raise ManifestError(self.problems)


@dataclass(frozen=True)
class Place:
    """One file, or one key in it, with the report that collects its problems."""

    report: Report
    file: str
    key: str = ""

    def add(self, key: str, message: str) -> None:
        """Report one problem of a key below this place; the empty key is this place itself."""
        self.report.add(self.file, self._joined(key), message)

    def at(self, key: str) -> "Place":
        """The place of a key below this one."""
        return Place(self.report, self.file, self._joined(key))

    def _joined(self, key: str) -> str:
        return f"{self.key}.{key}" if self.key and key else self.key or key


class MalformedDocument(BerthError):
    """Raised when a document does not have the shape of its schema; carries (key path, message) pairs.

    `valid` holds the values of the fields that could be read.
    """

    def __init__(self, messages: Iterable[tuple[str, str]], valid: Mapping[str, Any] | None = None) -> None:
        self.messages = tuple(messages)
        self.valid = valid or {}
        super().__init__("; ".join(f"{key}: {message}" if key else message for key, message in self.messages))


class InvocationFault(BerthError):
    """Raised when the function or its runtime fails outside the handler's own control."""

    error_type = "Function.Unknown"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class HandlerTimedOut(InvocationFault):
    """Raised when an invocation outlives the function's timeout and was killed."""

    error_type = "Sandbox.Timedout"

    def __init__(self, timeout: float) -> None:
        super().__init__(f"Task timed out after {timeout:.2f} seconds")


class EnvironmentDied(InvocationFault):
    """Raised when the process of an execution environment ends before it answered."""

    error_type = "Runtime.ExitError"


class InitFailed(EnvironmentDied):
    """Raised when the import of a function raised an error; carries the error in the runtime's words."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type, self.message = error_type, message


class OutOfMemory(EnvironmentDied):
    """Raised when the process group of an execution environment used more than its memorySize."""

    error_type = "Runtime.OutOfMemory"

    def __init__(self) -> None:
        super().__init__("Runtime exited with error: signal: killed")


class Throttled(InvocationFault):
    """Raised when a limit keeps an invocation from getting an execution environment."""

    error_type = "TooManyRequestsException"

    def __init__(self, function_name: str, limit: str, *, is_reserved: bool = False) -> None:
        self.function_name = function_name
        self.is_reserved = is_reserved  # whether the limit is the function's own
        super().__init__(f"{function_name} was throttled by {limit}")


class QueueUnavailable(BerthError):
    """Raised when the event queue or the state store cannot be reached, or cannot be used."""


class QueueLost(QueueUnavailable):
    """Raised when what the event queue or the state store held is gone: trying again does not help."""


class DeliveryFailed(BerthError):
    """Raised when a destination or a callback was not told of the end of an invocation.

    `is_final` says that another try would fail as well.
    """

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        self.is_final = is_final
        super().__init__(reason)


class GatewayRefusal(BerthError):
    """Raised when the gateway answers itself, because the request or the function's result is wrong."""


class NoSuchRoute(GatewayRefusal):
    """Raised when no route has this path and method."""

    def __init__(self, method: str, path: str) -> None:
        self.method, self.path = method, path
        super().__init__(f"no route for {method} {path}")


class MalformedRequest(GatewayRefusal):
    """Raised for a request that API Gateway would have refused before any integration."""


class InvalidRequest(GatewayRefusal):
    """Raised for a request that lacks what its method request asks for; the caller sees its text."""


class OtherRequest(GatewayRefusal):
    """Raised when an idempotency key comes again with another request; the caller sees its text."""


class NoSuchInvocation(GatewayRefusal):
    """Raised when there is no such page, or when it is another caller's."""


class AmbiguousPath(GatewayRefusal):
    """Raised for a path that a function could read as one of a route with another guard."""


class Forbidden(GatewayRefusal):
    """Raised when a request brings no valid API key where one is required."""


class MethodNotSupported(GatewayRefusal):
    """Raised for a method that this kind of API never passes to a function."""


class HeadersTooLarge(GatewayRefusal):
    """Raised when request line and headers are over API Gateway's limit."""


class MethodArnTooLong(GatewayRefusal):
    """Raised for a path that is too long to ask an authorizer about it."""


class RequestTooSlow(GatewayRefusal):
    """Raised when a client takes too long to send a request."""


class ServerBusy(GatewayRefusal):
    """Raised when there is no memory for one more body: the client may try again."""


class PayloadTooLarge(GatewayRefusal):
    """Raised when a request is over API Gateway's or Lambda's size limit."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"{size} bytes are over the limit of {limit}")


class MalformedProxyResponse(GatewayRefusal):
    """Raised when a function's result is not a proxy response."""

    def __init__(self, function_name: str, problem: str) -> None:
        self.function_name, self.problem = function_name, problem
        super().__init__(f"{function_name} returned a malformed proxy response: {problem}")


class FunctionFailed(GatewayRefusal):
    """Raised when a function returned a function error where a proxy response was expected."""

    def __init__(self, function_name: str, function_error: str) -> None:
        self.function_name = function_name
        super().__init__(f"{function_name} failed: {function_error}")


class UndecodableBody(GatewayRefusal):
    """Raised when a response body declared as base64 is not base64."""

    def __init__(self, function_name: str) -> None:
        self.function_name = function_name
        super().__init__(f"{function_name} returned a body that is not base64")


class UntrustedGateway(GatewayRefusal):
    """Raised for a request that does not come through the gateway that this stage trusts."""


class Unauthorized(GatewayRefusal):
    """Raised when a request brings no identity, or one that is not valid."""


class TokenRefused(Unauthorized):
    """Raised when a token is not valid here; the text holds nothing of the token."""


class AccessDenied(GatewayRefusal):
    """Raised when a valid identity may not call this method."""


class ScopeMissing(AccessDenied):
    """Raised when a valid token has none of the scopes that a route asks for."""


class ExplicitlyDenied(AccessDenied):
    """Raised when a policy has a statement that denies the call."""


class SignatureMissing(GatewayRefusal):
    """Raised for a request without a signature where one is needed."""


class SignatureInvalid(GatewayRefusal):
    """Raised for a signature by an unknown key, for another request, or for another time than now."""


class AuthorizerFailed(GatewayRefusal):
    """Raised when an authorizer failed, or returned what is no decision."""
