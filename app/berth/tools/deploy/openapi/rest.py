"""The document of a REST API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from typing import Any

from berth.model.route import Route, options_routes
from berth.tools.deploy.deployment import NETWORK_BALANCER, Deployment
from berth.tools.deploy.openapi.mappings import declared_headers, rest_mappings
from berth.tools.deploy.openapi.models import Models
from berth.tools.deploy.openapi.references import References
from berth.tools.deploy.openapi.routes import integrated_routes, method_of
from berth.tools.deploy.openapi.security import security_of

TIMEOUT_MILLIS = 29_000  # the most without a higher quota; a function's own timeout is Berth's to keep
_LOCATIONS = {"querystring": "query"}  # API Gateway's words for places that OpenAPI calls otherwise
_VALIDATORS = {
    "body": {"validateRequestBody": True, "validateRequestParameters": False},
    "parameters": {"validateRequestBody": False, "validateRequestParameters": True},
    "all": {"validateRequestBody": True, "validateRequestParameters": True},
}
_VALIDATOR = "x-amazon-apigateway-request-validator"
_TEXT = {"type": "string"}
_Operation = dict[str, Any]


def rest_paths(deployment: Deployment, references: References, models: Models) -> dict[str, Any]:
    """The paths: an operation for each route, and a preflight answer for each resource without one."""
    paths: dict[str, Any] = {}
    for route in integrated_routes(deployment):
        operation = _operation(deployment, references, route, models)
        paths.setdefault(route.key.path, {})[method_of(route)] = operation
    if deployment.stage.cors is not None:
        for route, allowed in options_routes(deployment.routes):
            paths.setdefault(route.key.path, {})["options"] = _preflight(deployment, route, allowed)
    return paths


def rest_extras(paths: dict[str, Any]) -> dict[str, Any]:
    """The keys of a REST API's document beside paths and components."""
    used = {each.get(_VALIDATOR) for item in paths.values() for each in item.values()}
    validators = {name: each for name, each in _VALIDATORS.items() if name in used}
    return {
        # Berth decides itself what of a body is base64 in an event; a proxy has to hand on all bytes.
        "x-amazon-apigateway-binary-media-types": ["*/*"],
        **({"x-amazon-apigateway-request-validators": validators} if validators else {}),
    }


def _operation(deployment: Deployment, references: References, route: Route, models: Models) -> _Operation:
    mappings, content = rest_mappings(deployment, route), models.content_of(route)
    required = route.method_request.required_parameters
    validator = "all" if content and required else "body" if content else "parameters" if required else None
    security = security_of(deployment, route)
    return {
        "summary": route.function.name,
        "parameters": _parameters(route, mappings),
        **({"requestBody": {"content": content}} if content else {}),
        "responses": {"200": {"description": "What the function answers, with any status"}},
        **({"security": security} if security else {}),
        **({_VALIDATOR: validator} if validator else {}),
        "x-amazon-apigateway-integration": _integration(deployment, references, route, mappings),
    }


def _integration(
    deployment: Deployment, references: References, route: Route, mappings: dict[str, str]
) -> dict[str, Any]:
    is_legacy = deployment.balancer == NETWORK_BALANCER
    return {
        "type": "http_proxy",
        "httpMethod": route.key.method,
        "uri": references.uri(route.key.path.replace("+}", "}")),
        "connectionType": "VPC_LINK",
        "connectionId": references.connection_id,
        # A VPC link of the first version knows its load balancer.
        **({} if is_legacy else {"integrationTarget": references.integration_target}),
        "passthroughBehavior": "when_no_match",
        "timeoutInMillis": TIMEOUT_MILLIS,
        "requestParameters": mappings,
    }


def _parameters(route: Route, mappings: dict[str, str]) -> list[dict[str, Any]]:
    """What a method has to declare: parts of its path, what mappings read, and what requests must have."""
    places = {("path", name): True for name in route.key.variables}
    places |= {("header", name): False for name in declared_headers(mappings)}
    for parameter in route.method_request.required_parameters:
        _, _, location, name = parameter.split(".", 3)
        places[_LOCATIONS.get(location, location), name] = True
    return [
        {"name": name, "in": location, **({"required": True} if required else {}), "schema": _TEXT}
        for (location, name), required in places.items()
    ]


def _preflight(deployment: Deployment, route: Route, allowed: str) -> _Operation:
    """An OPTIONS method that API Gateway answers itself, as SAM makes it."""
    cors = deployment.stage.cors
    assert cors is not None
    headers = dict(cors.preflight_headers(cors.allow_origins[0]))
    if "Access-Control-Allow-Methods" not in headers:
        headers["Access-Control-Allow-Methods"] = allowed
    values = {f"method.response.header.{name}": f"'{value}'" for name, value in headers.items()}
    answer = {
        "statusCode": "200",
        "responseParameters": values,
        "responseTemplates": {"application/json": "{}\n"},
    }
    return {
        "summary": "CORS",
        "parameters": _parameters(route, {}),
        "responses": {
            "200": {
                "description": "What other origins may do",
                "headers": {name: {"schema": _TEXT} for name in headers},
            }
        },
        "x-amazon-apigateway-integration": {
            "type": "mock",
            # Without it every preflight request fails where all media types are binary.
            "contentHandling": "CONVERT_TO_TEXT",
            "passthroughBehavior": "when_no_match",
            "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {"default": answer},
        },
    }
