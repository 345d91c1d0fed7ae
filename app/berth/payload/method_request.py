"""What a REST API's request validator checks before an integration: parameters, and bodies by models.

Models are JSON Schemas of draft 4; the package jsonschema is an extra and imported where it is used.
"""

import json
from functools import lru_cache
from typing import Any

from berth.errors import InvalidRequest
from berth.model.call import Call
from berth.model.http import HttpRequest
from berth.model.method_request import DEFAULT_MODEL, MethodRequest
from berth.payload.body_model import BodyModel, find_part
from berth.payload.headers import first_media_type
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


def model_problem(model: Any) -> str | None:
    """Why a model cannot be used, or None; raises ModuleNotFoundError without the package jsonschema."""
    from jsonschema import Draft4Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft4Validator.check_schema(model)
    except SchemaError as wrong:
        return f"is not a JSON Schema of draft 4: {wrong.message}"
    for target in _references(model):
        if not target.startswith("#"):
            return f"refers to {target!r}: only references within a model are supported"
        if not _leads_somewhere(model, target):
            return f"refers to {target!r}, which is not there"
    return _unusable_pattern(model)


def is_valid(model: str, body: bytes) -> bool:
    """Whether a body is JSON and meets a model, given as its text; an empty body counts as `{}`."""
    try:
        return _body_model(model).accepts(json.loads(body or b"{}"))
    except (ValueError, RecursionError):
        return False


@lru_cache(maxsize=256)
def _body_model(model: str) -> BodyModel:
    return BodyModel(json.loads(model))


def _unusable_pattern(model: Any) -> str | None:
    try:
        BodyModel(model)
    except ValueError as wrong:
        return str(wrong)
    return None


def _leads_somewhere(model: Any, target: str) -> bool:
    """Whether a JSON pointer such as `#/definitions/a` leads to a part of the model."""
    try:
        return isinstance(find_part(model, target), dict)
    except LookupError:
        return False


def _references(model: Any) -> list[str]:
    """Every `$ref` in a model."""
    if isinstance(model, list):
        return [target for each in model for target in _references(each)]
    if not isinstance(model, dict):
        return []
    own = [model["$ref"]] if isinstance(model.get("$ref"), str) else []
    return own + [target for each in model.values() for target in _references(each)]
