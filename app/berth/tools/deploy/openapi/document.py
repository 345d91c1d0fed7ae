"""The OpenAPI document of a deployment's API, as API Gateway imports it."""

from typing import Any

from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.openapi.references import References

Document = dict[str, Any]


def openapi_document(deployment: Deployment, references: References | None = None) -> Document:
    """Write the document; with the references of a template it is the body of the template's API.

    The deployment must have an API.
    """
    raise NotImplementedError


def document_problems(deployment: Deployment, document: Document) -> list[str]:
    """What API Gateway would refuse, each with the manifest's file and key."""
    raise NotImplementedError
