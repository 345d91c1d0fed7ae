"""Stages that a test plans: their manifests, and the stack that follows from them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from berth.settings import Settings
from berth.tools.deploy.deployment import read_deployment
from berth.tools.deploy.template.stack import Stack, build_stack
from kit.servers import write_function

_TRUST = {
    "trust": "token",
    "prefix": {"environment": "GATEWAY_PREFIX"},
    "tokens": [{"environment": "GATEWAY_TOKEN"}],
}


def write_prod(project: Path, **keys: Any) -> None:
    """Write the manifest of the stage prod; its gateway is trusted unless the keys say otherwise."""
    (project / "manifests").mkdir(parents=True, exist_ok=True)
    document = {key: value for key, value in {"gateway": _TRUST, **keys}.items() if value is not None}
    (project / "manifests" / "prod.json").write_text(json.dumps(document))


def add_function(project: Path, name: str, *routes: str | Mapping[str, Any], **keys: Any) -> None:
    """Write a function; a route is `GET /path`, or an object as manifests have it."""
    listed = [
        dict(zip(("method", "path"), each.split(" ", 1), strict=True)) if isinstance(each, str) else each
        for each in routes
    ]
    write_function(project, name, "def handler(event, context): ...", routes=listed, **keys)


def stack_of(project: Path, imported: Mapping[str, Any] | None = None, **options: Any) -> Stack:
    """The stack of a project's stage prod; no variable of this machine is read."""
    folders = {"functions_dir": project / "functions", "manifests_dir": project / "manifests"}
    settings = Settings(stage="prod", secrets={}, **folders)
    return build_stack(read_deployment(settings, uses_placeholder=True, **options), imported)


def write_article(project: Path) -> None:
    """Two functions of which clients wait for longer than API Gateway does."""
    add_function(project, "orders", "POST /orders", "GET /orders/{id}", timeout=300, memorySize=512)
    add_function(project, "report", "GET /report", timeout=900, memorySize=1024, reservedConcurrency=2)
    write_prod(project)


def write_jobs(project: Path) -> None:
    """A job that runs from the queue for longer than Lambda allows, and a function that is asked of it."""
    job = {"method": "POST", "path": "/reports", "invocation": "async"}
    add_function(project, "report", job, timeout=3600, memorySize=2048)
    add_function(project, "status", "GET /status", provisionedConcurrency=2)
    write_prod(project)


def write_guarded(project: Path) -> None:
    """Two authorizers that API Gateway runs, one of them a function, and routes with `{proxy+}`."""
    add_function(project, "site", "GET /", "ANY /{proxy+}")
    add_function(project, "gate")
    add_function(project, "admin", {"method": "ANY", "path": "/admin/{proxy+}", "authorizer": "gate"})
    pool = {"type": "COGNITO_USER_POOLS", "userPool": "eu-west-1_AbCdEf123"}
    write_prod(
        project,
        authorizersRunIn="gateway",
        authorizers={"people": pool, "gate": {"type": "TOKEN", "function": "gate"}},
        authorizer="people",
    )


WRITERS = {"article": write_article, "jobs": write_jobs, "guarded": write_guarded}
