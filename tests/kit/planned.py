"""Stages that a test plans, and the stack that follows from one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from berth.tools.deploy.template.stack import Stack, build_stack
from kit.project_writing import add_function, read_project, write_stage


def stack_of(project: Path, imported: Mapping[str, Any] | None = None, **options: Any) -> Stack:
    """The stack of a project's stage `prod`."""
    return build_stack(read_project(project, **options), imported)


def write_article(project: Path) -> None:
    """Two functions of which clients wait for longer than API Gateway does."""
    add_function(project, "orders", "POST /orders", "GET /orders/{id}", timeout=300, memorySize=512)
    add_function(project, "report", "GET /report", timeout=900, memorySize=1024, reservedConcurrency=2)
    write_stage(project)


def write_jobs(project: Path) -> None:
    """A job that runs from the queue for longer than Lambda allows, and a function that is asked of it."""
    job = {"method": "POST", "path": "/reports", "invocation": "async"}
    add_function(project, "report", job, timeout=3600, memorySize=2048)
    add_function(project, "status", "GET /status", provisionedConcurrency=2)
    write_stage(project)


def write_guarded(project: Path) -> None:
    """Two authorizers that API Gateway runs, one of them a function, and routes with `{proxy+}`."""
    add_function(project, "site", "GET /", "ANY /{proxy+}")
    add_function(project, "gate")
    add_function(project, "admin", {"method": "ANY", "path": "/admin/{proxy+}", "authorizer": "gate"})
    pool = {"type": "COGNITO_USER_POOLS", "userPool": "eu-west-1_AbCdEf123"}
    write_stage(
        project,
        authorizersRunIn="gateway",
        authorizers={"people": pool, "gate": {"type": "TOKEN", "function": "gate"}},
        authorizer="people",
    )


WRITERS = {"article": write_article, "jobs": write_jobs, "guarded": write_guarded}
