"""The command `berth migrate import`."""

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from berth.errors import printable
from berth.manifest.schema.keys import STAGE_NAME
from berth.settings import server_environ
from berth.tools.cli.termination import terminable
from berth.tools.migrate.model.findings import ImportRefused
from berth.tools.migrate.model.request import ImportRequest

# Packages of the extra `migrate`, as they are imported.
_OF_THE_EXTRA = ("yaml", "samtranslator", "boto3", "botocore")
_QUIET_SECONDS = 1.0


def _pairs(what: str, read: Callable[[str], Any] = str) -> Callable[..., dict[str, Any]]:
    """Read options of the form NAME=VALUE into a mapping."""

    def callback(_: click.Context, option: click.Parameter, texts: Sequence[str]) -> dict[str, Any]:
        made = {}
        for text in texts:
            name, equals, value = text.partition("=")
            if not (name and equals):
                raise click.BadParameter(f"{text!r} must be {what}", param=option)
            made[name] = read(value)
        return made

    return callback


def _stage_name(_: click.Context, option: click.Parameter, name: str | None) -> str | None:
    if name is not None and not re.fullmatch(STAGE_NAME, name):
        raise click.BadParameter(f"{name!r} is not a stage name: letters, digits, - or _", param=option)
    return name


_OPTIONS = (
    click.option("--stage", callback=_stage_name, help="The stage to write: manifests/<stage>.json. [dev]"),
    click.option(
        "--parameter",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_pairs("NAME=VALUE"),
        help="A parameter of the template, a pseudo parameter, or param: and opt: of a serverless.yml.",
    ),
    click.option(
        "--into",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(),
        help="The folder to write below. [.]",
    ),
    click.option("--region", default="", help="The region, where the source does not say it."),
    click.option(
        "--from-stack",
        default="",
        metavar="NAME",
        help="A deployed stack that tells open values (reads AWS).",
    ),
    click.option("--api", "apis", multiple=True, metavar="ID", help="Which API of a kind the stage serves."),
    click.option("--stack", "stacks", multiple=True, metavar="NAME", help="Which stacks of a cdk.out."),
    click.option(
        "--function", "functions", multiple=True, metavar="PATTERN", help="Which functions of account:."
    ),
    click.option(
        "--code",
        multiple=True,
        metavar="NAME=PATH",
        callback=_pairs("NAME=PATH", Path),
        help="Where the code of a function or layer is.",
    ),
    click.option(
        "--handler",
        "handlers",
        multiple=True,
        metavar="NAME=HANDLER",
        callback=_pairs("NAME=module.attribute"),
        help="The handler of a function of an OpenAPI document.",
    ),
    click.option(
        "--config-env", "config_environment", default="", help="Which part of samconfig.toml counts."
    ),
    click.option("--as", "kind", default="", metavar="KIND", help="The kind of source, if it is mistaken."),
    click.option("--in-place", is_flag=True, help="Leave code where it is, where that is below --into."),
    click.option("--fetch", is_flag=True, help="Download code and layers that only AWS has."),
    click.option("--values", is_flag=True, help="Take values of variables from account:, but no secrets."),
    click.option("--allow-env", is_flag=True, help="Read ${env:...} of a serverless.yml from this shell."),
    click.option("--dry-run", is_flag=True, help="Write nothing, and print what would change."),
    click.option("--force", is_flag=True, help="Take the source's side where a file was edited by hand."),
    click.option("--json", "as_json", is_flag=True, help="Print the report as JSON."),
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("import")
@click.argument("source")
@_with_options
@click.pass_context
def import_command(
    context: click.Context, /, source: str, stage: str | None, as_json: bool, **options: Any
) -> None:
    """Write manifests, code and a report from a template, serverless.yml, cdk.out, state or account.

    Nothing is guessed and nothing is lost: the report says what became of each part of SOURCE. Exit status 3
    says that something in it is left to you. A file that you have edited keeps your edits at the next import.
    """
    environment = server_environ() if options["allow_env"] else {}
    request = ImportRequest(
        source=source,
        stage=stage or "dev",
        stage_was_given=stage is not None,
        environment=environment,
        **options,
    )
    with _refusing(), terminable():
        outcome = _run(request)
    if request.dry_run:
        for line in outcome.diff:
            click.echo(line, nl=False, err=as_json)
    if as_json:
        click.echo(json.dumps(outcome.report, indent=2, ensure_ascii=False, default=str))
    else:
        from berth.tools.migrate.writing.report_text import report_lines

        for line in report_lines(outcome.report, is_dry_run=request.dry_run):
            click.echo(line)
    context.exit(outcome.exit_code)


def _run(request: ImportRequest) -> Any:
    from berth.tools.migrate.reading import read_source
    from berth.tools.migrate.writing.project import write_import

    progress = _Progress()
    with tempfile.TemporaryDirectory(prefix="berth-import-") as workspace:
        return write_import(*read_source(request, progress, Path(workspace)), request, progress)


class _Progress:
    """Says on stderr what is being done, once it takes long."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __call__(self, text: str) -> None:
        if time.monotonic() - self._start > _QUIET_SECONDS:
            click.echo(printable(text), err=True)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what keeps an import from being made into one message and the exit status 1."""
    try:
        yield
    except ImportRefused as refused:
        problems = "\n".join(f"  {printable(str(each))}" for each in refused.problems)
        count = f"{len(refused.problems)} problem{'s' if len(refused.problems) != 1 else ''}"
        raise click.ClickException(f"nothing was written, {count}:\n{problems}") from None
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _OF_THE_EXTRA:
            raise
        text = f"{missing.name} is not installed: pip install 'berth-lambda[migrate]'"
        raise click.ClickException(text) from None
    except OSError as failed:
        text = f"nothing was written: {failed.filename or 'a file'}: {failed.strerror or failed}"
        raise click.ClickException(text) from None
