"""What a REST API's request validator checks before an integration: parameters, and bodies by models.

Models are JSON Schemas of draft 4; the package jsonschema is an extra and imported where it is used.
"""

import json
import math
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import unquote

from berth.errors import InvalidRequest
from berth.model.call import Call
from berth.model.http import HttpRequest
from berth.model.method_request import DEFAULT_MODEL, MethodRequest
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
    return None


def is_valid(model: str, body: bytes) -> bool:
    """Whether a body is JSON and meets a model, given as its text; an empty body counts as `{}`."""
    try:
        document = json.loads(body or b"{}", parse_float=_number, parse_constant=_refuse_constant)
        return bool(_validator(model).is_valid(document))
    except (ValueError, ArithmeticError, RecursionError):
        return False


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is beyond any number")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@lru_cache(maxsize=256)
def _validator(model: str) -> Any:
    from jsonschema import Draft4Validator

    return Draft4Validator(json.loads(model))


def _leads_somewhere(model: Any, target: str) -> bool:
    """Whether a JSON pointer such as `#/definitions/a` leads to a part of the model."""
    for part in unquote(target[1:]).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(model, list) and name.isdigit() and int(name) < len(model):
            model = model[int(name)]
        elif isinstance(model, dict) and name in model:
            model = model[name]
        else:
            return False
    return target[1:2] in {"", "/"}


def _references(model: Any) -> list[str]:
    """Every `$ref` in a model."""
    if isinstance(model, list):
        return [target for each in model for target in _references(each)]
    if not isinstance(model, dict):
        return []
    own = [model["$ref"]] if isinstance(model.get("$ref"), str) else []
    return own + [target for each in model.values() for target in _references(each)]
