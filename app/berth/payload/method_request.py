"""What a REST API's request validator checks before an integration: parameters, then the body."""

from berth.errors import InvalidRequest
from berth.model.call import Call
from berth.model.http import HttpRequest
from berth.model.method_request import DEFAULT_MODEL, MethodRequest
from berth.payload.headers import first_media_type
from berth.payload.request_model import is_valid
from berth.payload.urls import decode_rest_query

_PARAMETER = "method.request."


def check_method_request(call: Call) -> None:
    """Check what a route asks of requests: parameters, then the body.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
    Raises InvalidRequest with API Gateway's own message.
    """
    request, wanted = call.request, call.route.method_request
    if wanted.required_parameters:
        query = decode_rest_query(request.query)
        missing = [name for name in sorted(wanted.required_parameters) if not _has(name, request, query)]
        if missing:
            names = ", ".join(_parts(name)[1] for name in missing)
            raise InvalidRequest(f"Missing required request parameters: [{names}]")
    if wanted.models and not _is_valid(wanted, request):
        raise InvalidRequest("Invalid request body")


def _has(name: str, request: HttpRequest, query: dict[str, list[str]]) -> bool:
    """Whether a parameter is there and not blank."""
    location, key = _parts(name)
    if location == "header":
        return any(each.lower() == key.lower() and value.strip() for each, value in request.headers)
    if location == "querystring":
        return any(query.get(key, ()))
    return bool(request.path_parameters.get(key))


def _parts(name: str) -> tuple[str, str]:
    location, _, key = name.removeprefix(_PARAMETER).partition(".")
    return location, key


def _is_valid(wanted: MethodRequest, request: HttpRequest) -> bool:
    """Whether the body meets the model of its media type; one without a model is not looked at."""
    types = [value for name, value in request.headers if name == "Content-Type"]
    media_type = first_media_type(types) or "application/json"
    model = wanted.models.get(media_type, wanted.models.get(DEFAULT_MODEL))
    return model is None or is_valid(model, request.body)
