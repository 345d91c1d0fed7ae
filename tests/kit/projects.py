"""Projects that are deployed: six shapes that golden documents are made of."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from berth.settings import Settings
from berth.tools.deploy.deployment import Deployment, read_deployment
from kit.servers import write_function

PREFIX = "X-Berth-0123456789abcdef-"
SECRETS = {"GATEWAY_PREFIX": PREFIX}
TRUST = {
    "trust": "token",
    "prefix": {"environment": "GATEWAY_PREFIX"},
    "tokens": [{"environment": "GATEWAY_TOKEN"}],
}
_CODE = "def handler(event, context):\n    return {'statusCode': 200}\n"


def write_stage(project: Path, name: str = "prod", **keys: Any) -> None:
    """Write a stage's manifest; its gateway is trusted unless the keys say otherwise."""
    (project / "manifests").mkdir(parents=True, exist_ok=True)
    document = {key: value for key, value in {"gateway": TRUST, **keys}.items() if value is not None}
    (project / "manifests" / f"{name}.json").write_text(json.dumps(document))


def add_function(project: Path, name: str, *routes: Any, **keys: Any) -> None:
    """Write a function; a route is `GET /path`, or an object as manifests have it."""
    objects = [route if isinstance(route, dict) else _route(route) for route in routes]
    write_function(project, name, _CODE, **{"routes": objects, **keys})


def deployment_of(project: Path, stage: str = "prod", **options: Any) -> Deployment:
    """Read a project as `berth deploy` does."""
    settings = Settings(
        stage=stage,
        functions_dir=project / "functions",
        manifests_dir=project / "manifests",
        secrets=SECRETS,
    )
    return read_deployment(settings, **options)


def _route(text: str) -> dict[str, str]:
    return dict(zip(("method", "path"), text.split(" ", 1), strict=True))


def _minimal(project: Path) -> None:
    add_function(project, "hello", "GET /hello")
    write_stage(project)


def _article(project: Path) -> None:
    add_function(project, "orders", "POST /orders", "GET /orders/{id}", timeout=300, memorySize=512)
    add_function(project, "report", "GET /report", timeout=900, memorySize=1024, reservedConcurrency=2)
    variables = {"host": "orders.example.com", "level": "debug"}
    write_stage(project, gateway={**TRUST, "variables": ["host", "level"]}, stageVariables=variables)


def _cognito(project: Path) -> None:
    add_function(project, "site", "GET /", "ANY /{proxy+}", memorySize=1769)
    pool = {"type": "COGNITO_USER_POOLS", "userPool": "eu-west-1_AbCdEf123"}
    gate = {"type": "TOKEN", "function": "gate"}
    add_function(project, "gate")
    add_function(project, "admin", {"method": "ANY", "path": "/admin/{proxy+}", "authorizer": "gate"})
    keyed = {"method": "GET", "path": "/partners", "authorizer": "NONE", "apiKeyRequired": True}
    add_function(project, "partners", keyed)
    write_stage(
        project,
        authorizersRunIn="gateway",
        authorizers={"people": pool, "gate": gate},
        authorizer="people",
        apiKeys=[{"id": "acme", "environment": "ACME_KEY"}, {"id": "umbrella", "sha256": "0" * 64}],
        cors={"allowOrigins": ["https://example.com"], "allowHeaders": ["authorization"]},
    )


def _http(project: Path) -> None:
    jwt = {"type": "JWT", "issuer": "https://login.example.com", "audience": ["orders"]}
    scoped = {"method": "POST", "path": "/orders", "authorizer": "jwt", "scopes": ["orders/write"]}
    add_function(project, "orders", {"method": "GET", "path": "/orders/{id}", "authorizer": "jwt"}, scoped)
    add_function(project, "rest", "ANY $default")
    write_stage(project, api="http", authorizersRunIn="gateway", authorizers={"jwt": jwt}, region="eu-west-1")


def _asynchronous(project: Path) -> None:
    job = {"method": "POST", "path": "/reports", "invocation": "async"}
    callback = {"url": "https://example.com/done", "secret": {"environment": "CALLBACK_SECRET"}}
    told = {
        "onFailure": "arn:aws:sqs:eu-west-1:123456789012:failed",
        "onSuccess": "arn:aws:s3:::archive/done",
    }
    add_function(project, "report", job, timeout=3600, memorySize=2048, longRunning=True, asyncConfig=told)
    add_function(project, "export", {**job, "path": "/exports", "callback": callback}, timeout=1800)
    add_function(project, "status", "GET /status", provisionedConcurrency=2)
    write_stage(
        project,
        invokeApi={
            "auth": "sigv4",
            "credentials": [{"accessKeyId": "A" * 20, "environment": "INVOKE_KEY"}],
            "bind": "0.0.0.0:9000",
        },
        environment={"QUEUE": "${deployed.Berth::EventQueue}", "REGION": "${deployed.AWS::Region}"},
        deployed={
            "Berth::EventQueue": {"environment": "EVENT_QUEUE"},
            "AWS::Region": {"environment": "HOME_REGION"},
        },
    )


def _imported(project: Path) -> None:
    add_function(project, "Orders", "GET /orders", "POST /orders", environment={"TABLE": "${deployed.Table}"})
    add_function(project, "Export", "POST /exports", environment={"PASSWORD": "${deployed.DbPassword}"})
    statements = [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "${deployed.Table.Arn}"}]
    add_function(project, "Cleanup", "POST /cleanup", iam=statements)
    write_stage(
        project,
        stage="Prod",
        deployed={
            "Table": "orders-prod",
            "Table.Arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-prod",
            "DbPassword": {"environment": "DB_PASSWORD"},
        },
    )
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    reading = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    send = {
        "Effect": "Allow",
        "Action": ["sqs:SendMessage", "sqs:GetQueueAttributes"],
        "Resource": "arn:aws:sqs:${deployed.AWS::Region}:${deployed.AWS::AccountId}:exports",
    }
    report = {
        "source": "template.yaml",
        "stage": "prod",
        "iam": {
            "Orders": {"statements": statements, "managed": [basic, reading]},
            "Export": {"statements": [send, *statements], "managed": [basic]},
        },
    }
    (project / "import-report.json").write_text(json.dumps(report))


# Writers of the projects by the names of their golden documents, and the options of `berth deploy`.
PROJECTS: Mapping[str, tuple[Callable[[Path], None], dict[str, str]]] = {
    "minimal": (_minimal, {}),
    "article": (_article, {"balancer": "nlb"}),
    "cognito": (_cognito, {}),
    "http": (_http, {}),
    "asynchronous": (_asynchronous, {}),
    "imported": (_imported, {}),
}
