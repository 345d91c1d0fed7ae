"""APIs of projects: their documents, and stages whose variables lead to a server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from berth.settings import Settings
from berth.tools.deploy.deployment import Deployment, read_deployment
from berth.tools.deploy.openapi.checks import document_problems
from berth.tools.deploy.openapi.document import openapi_document
from kit.api_gateway.gateway import ApiGateway, Balancer
from kit.servers import project_environ

SECRETS = {"GATEWAY_PREFIX": "X-Berth-0123456789abcdef-", "GATEWAY_TOKEN": "f" * 64}
GATEWAY = {
    "trust": "token",
    "prefix": {"environment": "GATEWAY_PREFIX"},
    "tokens": [{"environment": "GATEWAY_TOKEN"}],
}
# Whatever a VPC link and a load balancer do on the way.
WAYS = [Balancer("nlb"), Balancer("alb"), Balancer("alb", link_prefixes_stage=True)]
_ARN = "arn:aws:elasticloadbalancing:eu-west-1:111122223333"
_OWN_VARIABLES = {
    "berthLink": "abc123",
    "berthAddress": "balancer.internal",
    "berthBalancer": f"{_ARN}:loadbalancer/app/a/1",
    "berthListener": f"{_ARN}:listener/app/a/1/2",
    "berthToken": SECRETS["GATEWAY_TOKEN"],
}


@dataclass(frozen=True)
class Api:
    """A deployment, and its document as it is read from a file."""

    deployment: Deployment
    document: Mapping[str, Any]

    def behind(self, way: Balancer, address: str, stage: str, **options: Any) -> ApiGateway:
        """The API with a stage; the server is at this address."""
        variables = {**self.deployment.stage.stage_variables, **_OWN_VARIABLES}
        return ApiGateway(self.document, stage, variables, replace(way, address=address), **options)


def read_api(project: Path, balancer: str, *, stage: str = "prod", kind: str | None = None) -> Api:
    """The API of a project's stage, of which API Gateway would refuse nothing."""
    settings = Settings.from_environ({**project_environ(project), **SECRETS, "BERTH_STAGE": stage})
    deployment = read_deployment(settings, api=kind, balancer=balancer)
    document = json.loads(json.dumps(openapi_document(deployment)))
    assert document_problems(deployment, document) == []
    return Api(deployment, document)
