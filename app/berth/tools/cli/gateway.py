"""The command `berth gateway token`: it makes the secrets that API Gateway and Berth share."""

import secrets

import click

from berth.model.trust import CONTEXT_PREFIX


@click.group("gateway")
def gateway_group() -> None:
    """Make the secrets by which the server recognises API Gateway."""


@gateway_group.command("token")
def make_token() -> None:
    """Print a new token and a new header prefix, for the API's stage variables and the server's secrets."""
    click.echo(f"token   {secrets.token_hex(32)}")
    click.echo(f"prefix  {CONTEXT_PREFIX}{secrets.token_hex(12)}-")
