"""The command `berth deploy image`."""

import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from berth.errors import printable
from berth.manifest.loader import load
from berth.settings import Settings
from berth.tools.cli.deploy_options import STAGE, WARNED
from berth.tools.cli.start import refusing
from berth.tools.cli.termination import terminable
from berth.tools.deploy.image.commands import PROGRAMS, Build, Step, image_steps
from berth.tools.deploy.image.context import BuildContext, read_context, shown_size
from berth.tools.deploy.image.git import NoRepository, has_repository, read_changes, read_ignored, read_tag
from berth.tools.deploy.image.ignoring import ignore_file, read_ignoring
from berth.tools.deploy.image.registry import Repository, read_repository, tag_problem
from berth.tools.deploy.image.running import StepFailed, run_steps
from berth.tools.deploy.image.secrets import secrets_in_text

_PLATFORM = re.compile("[a-z0-9]+/[a-z0-9]+(/[a-z0-9]+)?").fullmatch
_SHOWN = 10  # paths of a list that may be long
_OPTIONS = (
    click.argument("context", type=click.Path(exists=True, file_okay=False), default="."),
    STAGE,
    click.option(
        "--repository", required=True, metavar="NAME|URI", help="The repository of ECR, or its whole address."
    ),
    click.option("--account", default="", help="The account's number. [the stage's accountId]"),
    click.option("--region", default="", help="The region. [the stage's region]"),
    click.option("--tag", help="The image's tag. [the tag of git's commit, or else the commit]"),
    click.option(
        "--program", type=click.Choice(tuple(PROGRAMS)), default=next(iter(PROGRAMS)), show_default=True
    ),
    click.option(
        "--platform",
        "platforms",
        multiple=True,
        default=("linux/amd64",),
        show_default=True,
        help="For which the image is built; several, or a list with commas, make one image for all.",
    ),
    click.option("--file", "dockerfile", type=click.Path(), help="The Dockerfile. [CONTEXT/Dockerfile]"),
    click.option("--target", help="The stage of the Dockerfile to build."),
    click.option("--build-arg", "arguments", multiple=True, metavar="NAME=VALUE", help="An ARG of it."),
    click.option("--run", "runs", is_flag=True, help="Run the commands; without it they are printed."),
    click.option("--allow-dirty", is_flag=True, help="Build what is not committed; the tag tells it."),
    click.option(
        "--allow",
        "allowed",
        multiple=True,
        metavar="PATTERN",
        help="Paths that look as if they held secrets, and hold none.",
    ),
    click.option("--strict", is_flag=True, help=f"End with {WARNED} where there are warnings."),
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("image")
@_with_options
@click.pass_context
def image_command(ctx: click.Context, /, **options: Any) -> None:
    """Build the image of CONTEXT and push it to ECR: prints the commands, or runs them with --run.

    Before that it reads what gets into the build. It refuses files with secrets, and what is not committed.
    """
    program = options["program"]
    build = _read_build(options)
    checked = _check_context(program, build, options["allowed"])
    _tell(checked)
    warnings = list(checked.warnings)
    if warnings and options["strict"]:
        ctx.exit(WARNED)
    steps = image_steps(program, build)
    if not options["runs"]:
        for step in steps:
            click.echo(step.text)
        return
    _run(program, steps)
    click.echo(f"pushed {build.pushed}", err=True)


def _read_build(options: dict[str, Any]) -> Build:
    """The build that the options, the stage and git describe; every problem is told at once."""
    repository, problems = _repository(options), []
    tag, wrong = _tag(options)
    problems += [*repository.problems, *wrong]
    for each in options["arguments"]:
        name, equals, _ = each.partition("=")
        if not (name and equals):
            problems.append(f"--build-arg {name!r} must be NAME=VALUE")
        if any(secrets_in_text(each.encode())):
            problems.append(f"--build-arg {name} is a secret: everybody who has the image could read it")
    if not _dockerfile(options["context"], options["dockerfile"]).is_file():
        problems.append(f"{_dockerfile(options['context'], options['dockerfile'])}: there is no such file")
    platforms = tuple(dict.fromkeys(",".join(options["platforms"]).split(",")))
    problems += [f"{each!r} is no platform such as linux/arm64" for each in platforms if not _PLATFORM(each)]
    _refuse(problems)
    return Build(
        repository,
        tag,
        platforms,
        options["context"],
        options["dockerfile"],
        options["target"],
        options["arguments"],
    )


def _dockerfile(context: str, dockerfile: str | None) -> Path:
    return Path(dockerfile) if dockerfile else Path(context, "Dockerfile")


def _repository(options: dict[str, Any]) -> Repository:
    """The repository; the stage is read only for what the options leave open."""
    read = read_repository(options["repository"], options["account"], options["region"])
    if read.account and read.region:
        return read
    settings = Settings.from_environ()
    with refusing():
        catalog = load(replace(settings, stage=options["stage"] or settings.stage), needs_secrets=False)
    manifest = catalog.manifest
    assert manifest is not None  # load() raises an error instead
    account, region = read.account or manifest.account_id or "", read.region or manifest.region or ""
    return replace(read, account=account, region=region)


def _tag(options: dict[str, Any]) -> tuple[str, list[str]]:
    """The image's tag, and why there can be no image of what is in the folder now."""
    given, folder = options["tag"], Path(options["context"])
    try:
        changed = _changes(folder, _dockerfile(options["context"], options["dockerfile"]))
    except NoRepository as unknown:
        if has_repository(folder) and not options["allow_dirty"]:
            return "", [
                f"git does not tell what is not committed ({unknown}): mend it, or give --allow-dirty"
            ]
        changed = []
    if changed and not options["allow_dirty"]:
        paths = ", ".join(map(printable, changed[:_SHOWN]))
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        return "", [f"not committed: {paths}{more}: commit it, or give --allow-dirty"]
    try:
        tag = read_tag(folder) if given is None else given
    except NoRepository as unknown:
        return "", [f"git does not tell a tag ({unknown}): give --tag"]
    tag = f"{tag[:100]}-dirty" if changed and given is None else tag
    problem = tag_problem(tag)
    return tag, [problem] if problem else []


def _changes(folder: Path, dockerfile: Path) -> list[str]:
    """What is not committed of what is built; the Dockerfile may be outside the folder."""
    found = [*read_changes(folder)]
    if dockerfile.is_file() and has_repository(dockerfile.parent):
        found += read_changes(dockerfile.parent, dockerfile.name)
    return list(dict.fromkeys(found))


def _check_context(program: str, build: Build, allowed: tuple[str, ...]) -> BuildContext:
    folder = Path(build.context)
    try:
        ignored = ignore_file(program, folder, _dockerfile(build.context, build.dockerfile))
        ignoring = read_ignoring(ignored)
        checked = read_context(folder, ignoring, allowed, has_ignore_file=ignored is not None)
    except OSError as failed:
        text = f"{failed.filename or folder}: {failed.strerror or failed}"
        raise click.ClickException(f"cannot read what gets into the build: {text}") from None
    found = [f"{each}: name it in .dockerignore, or give --allow" for each in checked.secrets]
    _refuse(found, "these get into the image and look like secrets")
    built = tuple(path for path in read_ignored(folder) if not ignoring.ignores(path))
    return replace(checked, ignored_by_git=built)


def _refuse(problems: Iterable[str], why: str = "nothing was built") -> None:
    if found := list(problems):
        count = f"{len(found)} problem{'s' if len(found) != 1 else ''}"
        lines = "\n".join(f"  {printable(each)}" for each in found)
        raise click.ClickException(f"{why}, {count}:\n{lines}")


def _tell(checked: BuildContext) -> None:
    """Say on stderr how large the build is, so that stdout has the commands alone."""
    files = f"{checked.files} file{'' if checked.files == 1 else 's'}"
    click.echo(f"{files}, {shown_size(checked.size)}, get into the build; the largest:", err=True)
    for path, size in checked.largest:
        click.echo(f"  {shown_size(size):>10}  {printable(path)}", err=True)
    for warning in checked.warnings:
        click.echo(f"warning: {warning}", err=True)


def _run(program: str, steps: list[Step]) -> None:
    missing = [each for each in ("aws", program) if shutil.which(each) is None]
    _refuse(f"{each} is not installed" for each in missing)
    try:
        with terminable():
            run_steps(steps, lambda step: click.echo(f"{step.title}: {step.text}", err=True))
    except StepFailed as failed:
        raise click.ClickException(f"{failed}; what comes after it was not run") from None
    except KeyboardInterrupt:
        click.echo("interrupted: the programs were ended", err=True)
        raise
