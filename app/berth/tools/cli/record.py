"""The command `berth migrate record`: what the stage has recorded, and the removal of what is old.

Recording itself is a key of the stage, because a server does it; this command looks at the files.
"""

import json
import time
from dataclasses import asdict
from pathlib import Path

import click

from berth.manifest.document import shown
from berth.manifest.loader import load
from berth.settings import Settings
from berth.tools.cli.start import refusing
from berth.tools.cli.table import table
from berth.tools.migrate.compare.recordings import RecordedRoute, prune, read_routes

_DAY = 86_400


@click.command("record")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--prune", "days", type=click.IntRange(0), metavar="DAYS", help="Remove files older than that.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def record_command(folder: Path | None, days: int | None, as_json: bool) -> None:
    """Show what was recorded in FOLDER, or where the stage's `record` says.

    `berth migrate compare --events FOLDER` compares with it.
    """
    folder = folder or _folder_of_stage()
    if not folder.is_dir():
        raise click.ClickException(f"{shown(folder)} is no folder: nothing was recorded there yet")
    try:
        if days is not None:
            removed = prune(folder, time.time() - days * _DAY)
            click.echo(f"removed {len(removed)} files", err=True)
        routes = read_routes(folder)
    except OSError as wrong:
        raise click.ClickException(f"{wrong.filename}: {wrong.strerror}") from wrong
    if as_json:
        click.echo(json.dumps([asdict(each) for each in routes]))
    else:
        for line in table(_rows(routes)):
            click.echo(line)


def _folder_of_stage() -> Path:
    with refusing():
        stage = load(Settings.from_environ(), needs_secrets=False).stage
    if stage.recording is None:
        raise click.ClickException("the stage has no `record`: name a folder, or add the key")
    if stage.recording.folder is None:
        fetch = f"aws s3 sync {stage.recording.to} recordings"
        raise click.ClickException(f"the recording is in S3: fetch it by `{fetch}`, and name the folder")
    return stage.recording.folder


def _rows(routes: list[RecordedRoute]) -> list[tuple[str, ...]]:
    rows = [
        (each.function, each.route, str(each.count), str(each.errors), each.first, each.last)
        for each in routes
    ]
    return [("FUNCTION", "ROUTE", "EVENTS", "ERRORS", "FIRST", "LAST"), *rows]
