"""What the commands `berth deploy ...` have in common: options, problems, warnings and output."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any

import click

from berth.errors import ManifestError, Problem
from berth.manifest.schema.keys import STAGE_NAME
from berth.settings import Settings
from berth.tools.deploy.deployment import (
    API_NAMES,
    APPLICATION_BALANCER,
    BALANCERS,
    read_deployment,
)
from berth.tools.deploy.writing import FORMATS, document_text

Command = Callable[..., Any]
WARNED = 3  # the exit status of warnings under --strict


def _stage_name(_: click.Context, option: click.Parameter, name: str | None) -> str | None:
    if name is not None and not re.fullmatch(STAGE_NAME, name):
        raise click.BadParameter(f"{name!r} is not a stage name: letters, digits, - or _", param=option)
    return name


STAGE = click.option(
    "--stage", callback=_stage_name, help="The stage: manifests/<stage>.json. [$BERTH_STAGE]"
)
_DEPLOYMENT = (
    STAGE,
    click.option("--api", type=click.Choice(API_NAMES), help="Which API, where the stage serves both kinds."),
    click.option(
        "--balancer",
        type=click.Choice(BALANCERS),
        default=APPLICATION_BALANCER,
        show_default=True,
        help="The load balancer: alb behind a VPC link V2, nlb behind a VPC link V1 where it is a REST API.",
    ),
    click.option(
        "--placeholder", "uses_placeholder", is_flag=True, help="Write no prefix: for a look, not for AWS."
    ),
    click.option("--untrusted", "is_untrusted", is_flag=True, help="Let functions know nothing of callers."),
)
_OUTPUT = (
    click.option("--output", default="-", metavar="FILE", help="Where to write; - is stdout. [-]"),
    click.option("--format", "form", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True),
    click.option("--strict", is_flag=True, help=f"Exit with {WARNED} where there are warnings."),
)


def with_deployment(command: Command) -> Command:
    """Give a command the options that choose a deployment, and the deployment as its first argument."""

    @wraps(command)
    def run(*, stage: str | None, **options: Any) -> Any:
        chosen = {name: options.pop(name) for name in ("api", "balancer", "uses_placeholder", "is_untrusted")}
        with refusing():
            settings = Settings.from_environ()
            settings = replace(settings, stage=stage or settings.stage)
            deployment = read_deployment(settings, **chosen)
        return command(deployment, **options)

    return _with_options(run, _DEPLOYMENT)


def with_output(command: Command) -> Command:
    """Give a command the options that say where and how its document is written."""
    return _with_options(command, _OUTPUT)


def _with_options(command: Command, options: Iterable[Callable[[Command], Command]]) -> Command:
    for option in reversed(tuple(options)):
        command = option(command)
    return command


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what keeps a document from being written into one message and the exit status 1."""
    try:
        yield
    except ManifestError as wrong:
        refuse(wrong.problems)
    except ModuleNotFoundError as missing:
        if missing.name != "yaml":
            raise
        text = "YAML needs the package PyYAML: pip install 'berth-lambda[deploy]', or --format json"
        raise click.ClickException(text) from None
    except OSError as failed:
        text = f"nothing was written: {failed.filename or 'a file'}: {failed.strerror or failed}"
        raise click.ClickException(text) from None


def refuse(problems: Iterable[Problem]) -> None:
    """End the command with a list of problems, if there are some."""
    if found := sorted(problems):
        count = f"{len(found)} problem{'s' if len(found) != 1 else ''}"
        lines = "\n".join(f"  {problem}" for problem in found)
        raise click.ClickException(f"nothing was written, {count}:\n{lines}") from None


def write_document(document: Mapping[str, Any], output: str, form: str) -> None:
    """Write a document to a file, whole or not at all, or to stdout."""
    with refusing():
        text = document_text(document, form)
    write_text(text, output)


def write_text(text: str, output: str) -> None:
    """Write the text of a document to a file, whole or not at all, or to stdout."""
    try:
        with click.open_file(output, "w", encoding="utf-8", atomic=output != "-") as file:
            file.write(text)
    except OSError as failed:  # it may name the temporary file that would become this one
        raise click.ClickException(f"nothing was written: {output}: {failed.strerror or failed}") from None


def end_with(warnings: Iterable[Problem], strict: bool) -> None:
    """Print warnings on stderr; under --strict they end the command with an exit status of their own."""
    found = sorted(warnings)
    for warning in found:
        click.echo(f"warning: {warning}", err=True)
    if found and strict:
        raise click.exceptions.Exit(WARNED)
