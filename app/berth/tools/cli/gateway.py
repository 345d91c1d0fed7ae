"""`flask gateway`: what API Gateway and Berth have to agree on."""

import secrets

import click

from berth.model.trust import PREFIX


@click.group("gateway")
def gateway_group() -> None:
    """Make what API Gateway proves itself with."""


@gateway_group.command("token")
def make_token() -> None:
    """Print a new token and a new header prefix, for the API's stage variables and the server's secrets."""
    click.echo(f"token   {secrets.token_hex(32)}")
    click.echo(f"prefix  {PREFIX}{secrets.token_hex(12)}-")
