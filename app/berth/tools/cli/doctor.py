"""The command `berth migrate doctor`: what in a project will not work here as it does on Lambda."""

import json
import platform as machine
from pathlib import Path

import click

from berth.manifest.loader import salvage
from berth.settings import Settings
from berth.tools.cli.start import refusing
from berth.tools.image_packages import image_packages
from berth.tools.migrate.doctor.diagnosis import diagnose
from berth.tools.migrate.doctor.report import exit_status, write_document, write_lines
from berth.tools.migrate.doctor.subject import MACHINES, Target


@click.command("doctor")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--platform", type=click.Choice(list(MACHINES)), help="The image's platform; default: this machine's."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--strict", "is_strict", is_flag=True, help="Exit with 3 if there are warnings.")
def doctor_command(names: tuple[str, ...], platform: str | None, as_json: bool, is_strict: bool) -> None:
    """Tell what will not work here as it does on Lambda. No code of a function runs.

    It looks at all functions of the stage, or at those that are named. It exits with 1 if there are errors.
    """
    with refusing():
        settings = Settings.from_environ()
        catalog, problems = salvage(settings, names)
        if unknown := [each for each in problems if each.file == "functions" and each.key in names]:
            raise click.ClickException(f"{unknown[0].key}: {unknown[0].message}")
        with image_packages(settings.extras) as packages:
            target = _target(settings, platform or _own_platform(), packages)
            diagnosis = diagnose(catalog, problems, target, names)
    root = _root(settings.functions_dir)
    if as_json:
        click.echo(json.dumps(write_document(diagnosis, root), indent=2, ensure_ascii=False))
    else:
        for line in write_lines(diagnosis, root):
            click.echo(line)
    raise SystemExit(exit_status(diagnosis, is_strict=is_strict))


def _target(settings: Settings, platform: str, packages: tuple[str, ...]) -> Target:
    return Target(
        platform,
        packages,
        settings.extras,
        has_private_tmp=settings.sandbox == "namespaces",
        calls_functions_here=settings.invoke_here or "AWS_ENDPOINT_URL_LAMBDA" in settings.passed_on,
    )


def _own_platform() -> str:
    """The platform of an image that is built on this machine."""
    names = {"arm64": "aarch64", "AMD64": "x86_64"}
    own = names.get(machine.machine(), machine.machine())
    return next((platform for platform, name in MACHINES.items() if name == own), "linux/amd64")


def _root(functions_dir: Path) -> Path:
    """The folder that paths are shown relative to: the working folder, if the functions are inside it."""
    here = Path.cwd()
    return here if functions_dir.is_relative_to(here) else functions_dir.parent
