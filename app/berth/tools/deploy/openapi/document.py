"""The OpenAPI document of a deployment's API, as API Gateway imports it."""

from typing import Any

from berth.model.api_kind import REST
from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.openapi.http import INTEGRATIONS, http_extras, http_integrations, http_paths
from berth.tools.deploy.openapi.models import Models
from berth.tools.deploy.openapi.references import References, standalone_references
from berth.tools.deploy.openapi.rest import rest_extras, rest_paths
from berth.tools.deploy.openapi.security import security_schemes

Document = dict[str, Any]


def openapi_document(deployment: Deployment, references: References | None = None) -> Document:
    """Write the document of a deployment that has an API; the same manifests make the same document.

    With the references of a template it is the body of the template's API; without them stage variables stand
    for the addresses. Raises ManifestError if an ARN needs a region or an account that the stage leaves open.
    """
    references = references or standalone_references(deployment)
    is_rest = deployment.api == REST.name
    schemes = security_schemes(deployment, references, is_rest=is_rest)
    components: Document = {"securitySchemes": schemes} if schemes else {}
    if is_rest:
        models = Models()
        paths = rest_paths(deployment, references, models)
        components |= {"schemas": models.by_name} if models.by_name else {}
        extras = rest_extras(paths)
    else:
        paths, extras = http_paths(deployment), http_extras(deployment)
        components[INTEGRATIONS] = http_integrations(deployment, references)
    return {
        "openapi": "3.0.1",
        "info": {
            "title": f"berth-{deployment.file_name}",
            "description": deployment.manifest.description or "Functions that Berth serves.",
            "version": "1.0",
        },
        "paths": paths,
        **({"components": components} if components else {}),
        **extras,
    }
