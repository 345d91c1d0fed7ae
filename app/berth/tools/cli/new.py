"""The command `berth new`."""

import shlex
from importlib.metadata import version
from pathlib import Path

import click

from berth.host.command_line import typed_command
from berth.tools.cli.scaffold import write_project


@click.command("new")
@click.argument("folder", type=click.Path(path_type=Path))
def new_command(folder: Path) -> None:
    """Make a project: a function with its test, two stages, and what an image needs.

    Nothing is written if one of its files exists in FOLDER already.
    """
    for path in write_project(folder, version("berth-lambda")):
        click.echo(f"wrote {path}")
    enter = f"cd {shlex.quote(str(folder))} && " if folder.resolve() != Path.cwd() else ""
    click.echo(f"Try: {enter}{typed_command('run')}, then curl http://127.0.0.1:8000/hello")
