"""The command `berth serve`: gunicorn with Berth's settings, in the place of this process."""

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from berth.server.gunicorn_check import CONFIGURATION
from berth.settings import server_environ


@click.command("serve", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve_command(arguments: tuple[str, ...]) -> None:
    """Serve by gunicorn, as in production.

    ARGUMENTS are gunicorn's own (`gunicorn --help`) and go before Berth's settings. If this folder has a
    gunicorn.conf.py, it is read instead of them, and imports them.
    """
    become_gunicorn(arguments)


def become_gunicorn(arguments: tuple[str, ...], **variables: str) -> NoReturn:
    """Replace this process by gunicorn, with these environment variables besides those that it has."""
    config = [] if Path("gunicorn.conf.py").exists() else ["--config", f"python:{CONFIGURATION}"]
    program = [sys.executable, "-P", "-m", "gunicorn", *config, *arguments]
    os.execve(sys.executable, program, {**server_environ(), **variables})  # noqa: S606
