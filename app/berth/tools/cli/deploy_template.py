"""The command `berth deploy template`."""

import click

from berth.tools.cli.deploy_options import (
    end_with,
    refuse,
    refusing,
    with_output,
    write_text,
)
from berth.tools.cli.deploy_stack import ChosenStack, with_stack
from berth.tools.deploy.openapi.checks import document_problems, document_warnings
from berth.tools.deploy.template.document import MOST_READ, MOST_SENT, write_template
from berth.tools.deploy.writing import document_text


@click.command("template")
@with_output
@with_stack
def template_command(chosen: ChosenStack, output: str, form: str, strict: bool) -> None:
    """Write the CloudFormation template of a stage: everything from the image's repository to the API.

    Its parameters are what the account owns: VPC, subnets, the image's tag, ARNs of secrets.
    """
    stack, deployment = chosen.stack, chosen.stack.deployment
    with refusing():
        document = write_template(stack)
    body = document["Resources"].get(stack.api_id, {}).get("Properties", {}).get("Body")
    refuse(document_problems(deployment, body) if body else ())
    with refusing():
        text = document_text(document, form, MOST_READ)
    _tell_of_size(len(text.encode()))
    write_text(text, output)
    if deployment.is_placeholder:
        click.echo("the prefix is a placeholder: no server accepts this template", err=True)
    if stack.rights.imported:
        click.echo(
            f"the task's role has rights from {chosen.file}: {', '.join(stack.rights.imported)}", err=True
        )
    end_with((*(document_warnings(deployment) if body else ()), *stack.warnings), strict)


def _tell_of_size(size: int) -> None:
    """Tell what CloudFormation needs for a template of this size; end the command if nothing helps."""
    if size > MOST_READ:
        wrong = f"the template has {size} bytes, and CloudFormation reads {MOST_READ}"
        raise click.ClickException(f"nothing was written: {wrong}: serve some functions by another stage")
    if size > MOST_SENT:
        click.echo(f"{size} bytes are more than {MOST_SENT}: deploy it with --s3-bucket", err=True)
