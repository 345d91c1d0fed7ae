"""The command `berth deploy template`."""

import json
from pathlib import Path
from typing import Any

import click

from berth.tools.cli.deploy_options import (
    end_with,
    refuse,
    refusing,
    with_deployment,
    with_output,
    write_document,
)
from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.openapi.checks import document_problems, document_warnings
from berth.tools.deploy.template.document import MOST_READ, MOST_SENT, write_template
from berth.tools.deploy.template.rights import IMPORT_REPORT
from berth.tools.deploy.template.stack import DEFAULT_KNOBS, Knobs, build_stack
from berth.tools.deploy.writing import document_text

_ARCHITECTURES = {"x86_64": "X86_64", "arm64": "ARM64"}
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653)


@click.command("template")
@with_output
@click.option("--architecture", type=click.Choice([*_ARCHITECTURES]), default="x86_64", show_default=True)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    default=DEFAULT_KNOBS.concurrency,
    show_default=True,
    help="Invocations that one task runs at one time: its CPU and memory follow.",
)
@click.option(
    "--tasks",
    type=(click.IntRange(1, 5000), click.IntRange(1, 5000)),
    default=DEFAULT_KNOBS.tasks,
    show_default=True,
    help="The least and the most tasks of a service.",
)
@click.option(
    "--retention",
    type=click.Choice([*map(str, _RETENTIONS)]),
    default=str(DEFAULT_KNOBS.retention_days),
    show_default=True,
    help="Days for which logs are kept.",
)
@click.option(
    "--rate",
    type=click.IntRange(1, 1_000_000),
    default=DEFAULT_KNOBS.rate,
    show_default=True,
    help="Requests a second that API Gateway lets through.",
)
@click.option(
    "--import-report",
    "report",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"What an import has left, rights above all. [{IMPORT_REPORT} beside the functions, if it is there]",
)
@with_deployment
def template_command(
    deployment: Deployment,
    output: str,
    form: str,
    strict: bool,
    architecture: str,
    concurrency: int,
    tasks: tuple[int, int],
    retention: str,
    rate: int,
    report: Path | None,
) -> None:
    """Write the CloudFormation template of a stage: everything from the image's repository to the API.

    Its parameters are what the account owns: VPC, subnets, the image's tag, ARNs of secrets.
    """
    if tasks[0] > tasks[1]:
        raise click.BadParameter(f"{tasks[0]} is more than {tasks[1]}", param_hint="--tasks")
    knobs = Knobs(_ARCHITECTURES[architecture], concurrency, tasks, int(retention), rate)
    file = report or _report_beside(deployment)
    with refusing():
        stack = build_stack(deployment, _read_report(file) if file else None, knobs)
        document = write_template(stack)
    body = document["Resources"].get(stack.api_id, {}).get("Properties", {}).get("Body")
    refuse(document_problems(deployment, body) if body else ())
    _tell_of_size(len(document_text(document, form).encode()))
    write_document(document, output, form)
    if deployment.is_placeholder:
        click.echo("the prefix is a placeholder: no server accepts this template", err=True)
    if file and stack.rights.imported:
        click.echo(f"the task's role has rights from {file}: {', '.join(stack.rights.imported)}", err=True)
    end_with((*(document_warnings(deployment) if body else ()), *stack.warnings), strict)


def _report_beside(deployment: Deployment) -> Path | None:
    file = deployment.catalog.sources.functions_dir.parent / IMPORT_REPORT
    return file if file.is_file() else None


def _read_report(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError) as wrong:
        raise click.ClickException(f"nothing was written: {file} is no JSON: {wrong}") from None
    if not isinstance(document, dict):
        raise click.ClickException(f"nothing was written: {file} is no report of an import")
    return document


def _tell_of_size(size: int) -> None:
    """Tell what CloudFormation needs for a template of this size; end the command if nothing helps."""
    if size > MOST_READ:
        wrong = f"the template has {size} bytes, and CloudFormation reads {MOST_READ}"
        raise click.ClickException(f"nothing was written: {wrong}: serve some functions by another stage")
    if size > MOST_SENT:
        click.echo(f"{size} bytes are more than {MOST_SENT}: deploy it with --s3-bucket", err=True)
