"""The options of the commands that are about a whole stack: how large it is, and what an import has left."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from berth.tools.cli.deploy_options import refusing, with_deployment
from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.template.rights import IMPORT_REPORT
from berth.tools.deploy.template.stack import DEFAULT_KNOBS, Knobs, Stack, build_stack

_ARCHITECTURES = {"x86_64": "X86_64", "arm64": "ARM64"}
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653)
_OPTIONS = (
    click.option("--architecture", type=click.Choice([*_ARCHITECTURES]), default="x86_64", show_default=True),
    click.option(
        "--concurrency",
        type=click.IntRange(1, 1000),
        default=DEFAULT_KNOBS.concurrency,
        show_default=True,
        help="Invocations that one task runs at one time: its CPU and memory follow.",
    ),
    click.option(
        "--tasks",
        type=(click.IntRange(1, 5000), click.IntRange(1, 5000)),
        default=DEFAULT_KNOBS.tasks,
        show_default=True,
        help="The least and the most tasks of a service.",
    ),
    click.option(
        "--retention",
        type=click.Choice([*map(str, _RETENTIONS)]),
        default=str(DEFAULT_KNOBS.retention_days),
        show_default=True,
        help="Days for which logs are kept.",
    ),
    click.option(
        "--rate",
        type=click.IntRange(1, 1_000_000),
        default=DEFAULT_KNOBS.rate,
        show_default=True,
        help="Requests a second that API Gateway lets through.",
    ),
    click.option(
        "--import-report",
        "report",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help=f"What an import has left. [{IMPORT_REPORT} beside the functions, if it is there]",
    ),
)


@dataclass(frozen=True)
class ChosenStack:
    """A stack, and the report of an import that it was made with; `file` is None where there is none."""

    stack: Stack
    imported: Mapping[str, Any] | None
    file: Path | None


def with_stack(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose a stack, and a ChosenStack as its first argument."""

    @wraps(command)
    def run(deployment: Deployment, report: Path | None, **options: Any) -> Any:
        knobs = _knobs(options)
        file = report or _report_beside(deployment)
        imported = _read_report(file) if file else None
        with refusing():
            stack = build_stack(deployment, imported, knobs)
        return command(ChosenStack(stack, imported, file), **options)

    optioned = run
    for option in reversed(_OPTIONS):
        optioned = option(optioned)
    return with_deployment(optioned)


def _knobs(options: dict[str, Any]) -> Knobs:
    """Take what is chosen of a stack out of a command's options."""
    tasks = options.pop("tasks")
    if tasks[0] > tasks[1]:
        raise click.BadParameter(f"{tasks[0]} is more than {tasks[1]}", param_hint="--tasks")
    architecture, retention = _ARCHITECTURES[options.pop("architecture")], int(options.pop("retention"))
    return Knobs(architecture, options.pop("concurrency"), tasks, retention, options.pop("rate"))


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
