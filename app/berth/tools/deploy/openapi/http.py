"""The document of an HTTP API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html
"""

from typing import Any

from berth.model.cors import Cors
from berth.model.gateway_context import authorizations
from berth.model.route import Route
from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.openapi.mappings import http_mappings
from berth.tools.deploy.openapi.references import References
from berth.tools.deploy.openapi.routes import integrated_routes, method_of
from berth.tools.deploy.openapi.security import security_of

TIMEOUT_MILLIS = 30_000  # the most; a function's own timeout is Berth's to keep
INTEGRATIONS = "x-amazon-apigateway-integrations"


def http_paths(deployment: Deployment) -> dict[str, Any]:
    """The paths: an operation for each route, which refers to one of the integrations."""
    paths: dict[str, Any] = {}
    for route in integrated_routes(deployment):
        path = f"/{route.key.path}" if route.key.is_default else route.key.path
        paths.setdefault(path, {})[method_of(route)] = _operation(deployment, route)
    return paths


def http_integrations(deployment: Deployment, references: References) -> dict[str, Any]:
    """The integrations: one for each set of values that authorizers have for a function."""
    return {
        _name(deployment, route): {
            "type": "http_proxy",
            "httpMethod": "ANY",
            "uri": references.listener,
            "connectionType": "VPC_LINK",
            "connectionId": references.connection_id,
            "payloadFormatVersion": "1.0",  # the only one that is not Lambda's
            "timeoutInMillis": TIMEOUT_MILLIS,
            "requestParameters": http_mappings(deployment, route),
        }
        for route in integrated_routes(deployment)
    }


def http_extras(deployment: Deployment) -> dict[str, Any]:
    """The keys of an HTTP API's document beside paths and components."""
    cors = deployment.stage.cors
    return {
        **({"x-amazon-apigateway-cors": _cors(cors)} if cors else {}),
        "x-amazon-apigateway-importexport-version": "1.0",
    }


def _operation(deployment: Deployment, route: Route) -> dict[str, Any]:
    variables = list(route.key.variables) if not route.key.is_default else []
    security = security_of(deployment, route)
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in variables
    ]
    return {
        "summary": route.function.name,
        **({"isDefaultRoute": True} if route.key.is_default else {}),
        **({"parameters": parameters} if parameters else {}),
        "responses": {"default": {"description": "What the function answers"}},
        **({"security": security} if security else {}),
        "x-amazon-apigateway-integration": {
            "$ref": f"#/components/{INTEGRATIONS}/{_name(deployment, route)}"
        },
    }


def _name(deployment: Deployment, route: Route) -> str:
    """The name of a route's integration, by the kind of authorizer whose values it hands on."""
    kinds = authorizations(route) if deployment.runs_authorizers else ()
    return "-".join(["berth", *sorted(kinds)])


def _cors(cors: Cors) -> dict[str, Any]:
    values = {
        "allowOrigins": list(cors.allow_origins),
        "allowMethods": list(cors.allow_methods),
        "allowHeaders": list(cors.allow_headers),
        "exposeHeaders": list(cors.expose_headers),
        "allowCredentials": cors.allow_credentials,
        "maxAge": cors.max_age,
    }
    return {name: value for name, value in values.items() if value not in ([], None, False)}
