"""The command `berth deploy openapi`."""

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
from berth.tools.deploy.openapi.document import openapi_document
from berth.tools.deploy.openapi.references import named_variables


@click.command("openapi")
@with_output
@with_deployment
def openapi_command(deployment: Deployment, output: str, form: str, strict: bool) -> None:
    """Write the OpenAPI document that API Gateway imports; what it would refuse is told first.

    The VPC link, the load balancer and the token are stage variables, which stderr names.
    """
    if deployment.api is None:
        raise click.ClickException(
            "nothing was written: no function has a route of a REST API or an HTTP API"
        )
    with refusing():
        document = openapi_document(deployment)
    refuse(document_problems(deployment, document))
    write_document(document, output, form)
    if deployment.is_placeholder:
        click.echo("the prefix is a placeholder: no server accepts this document", err=True)
    for name, meaning in named_variables(document).items():
        click.echo(f"stage variable {name}: {meaning}", err=True)
    end_with(document_warnings(deployment), strict)
