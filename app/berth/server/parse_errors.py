"""What answers a request that gunicorn cannot parse."""

from gunicorn.http import errors

from berth.errors import GatewayRefusal, HeadersTooLarge, MalformedRequest, RequestTooSlow
from berth.server.patience import RequestTimedOut

# Errors of gunicorn's parser that no client causes: a response or a setting of the server is wrong.
_NOT_THE_CLIENTS = (
    errors.InvalidResponseHeader,
    errors.InvalidResponseHeaderName,
    errors.ConfigurationProblem,
)
_TOO_LARGE = (errors.LimitRequestLine, errors.LimitRequestHeaders)


def refusal_of(error: Exception) -> GatewayRefusal | None:
    """The refusal that answers an error of the parser; None if the client has not caused the error."""
    if not isinstance(error, errors.ParseException) or isinstance(error, _NOT_THE_CLIENTS):
        return None
    if isinstance(error, RequestTimedOut):
        return RequestTooSlow("the client is too slow")
    kind = HeadersTooLarge if isinstance(error, _TOO_LARGE) else MalformedRequest
    return kind(type(error).__name__)
