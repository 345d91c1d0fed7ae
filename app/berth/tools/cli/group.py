"""The group of all commands: `flask` and `berth` have the same ones."""

import platform
from collections.abc import Callable

import click
from flask import Flask
from flask.cli import FlaskGroup


class _Commands(FlaskGroup):
    """Flask's group for one application, which is loaded only by the commands that need it.

    Flask would load it to look for commands of its own; it has none, and a folder may not hold it yet.
    """

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        self._load_plugin_commands()
        return click.Group.get_command(self, ctx, name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._load_plugin_commands()
        return click.Group.list_commands(self, ctx)


def command_group(create_app: Callable[[], Flask], version: str) -> click.Group:
    """Make the group of all commands for the application that `create_app` makes."""
    text = "Run AWS Lambda functions in a container: those of functions/, for a stage of manifests/."
    group = _Commands(create_app=create_app, add_version_option=False, name="berth", help=text)
    group.params[:] = [option for option in group.params if option.name != "app"]  # there is only this one
    shown = f"berth {version} (Python {platform.python_version()})"
    return click.version_option(version, message=shown)(group)
