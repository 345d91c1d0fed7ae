"""The command `berth deploy bridge`: zips that forward to Berth, and the way of an alias to them and back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import click

from berth.manifest.loader import load
from berth.model.function import Function
from berth.settings import Settings
from berth.tools.cli.deploy_options import STAGE, refusing
from berth.tools.cli.table import table
from berth.tools.deploy.bridge.commands import METRICS, VARIABLES, aws_commands
from berth.tools.deploy.bridge.package import NoBridge, Package, build_package
from berth.tools.deploy.bridge.rollout import Clients, Rollout, RolloutRefused

_STEPS = ("publish", "shift", "watch", "roll-back")
_NAME_ON_LAMBDA = re.compile("[A-Za-z0-9_-]{1,64}")
_ALIAS = re.compile("(?![0-9]+$)[A-Za-z0-9_-]{1,128}")


@click.command("bridge")
@click.argument("names", nargs=-1, required=True, metavar="NAME[=NAME_ON_LAMBDA]...")
@STAGE
@click.option("--hand-over", multiple=True, metavar="NAME", help="Queue this one's events; others wait.")
@click.option(
    "--output", type=click.Path(path_type=Path), default="bridge", metavar="FOLDER", help="[bridge]"
)
@click.option("--alias", default="live", show_default=True, help="The alias that the callers use.")
@click.option("--run", "step", type=click.Choice(_STEPS), help="Do one step in AWS instead of printing all.")
@click.option("--percent", type=click.IntRange(1, 100), help="With --run shift: how much the bridge gets.")
@click.option("--minutes", type=click.IntRange(1, 1440), default=15, show_default=True, help="For watch.")
@click.option("--region", help="The region. [as boto3 or the CLI finds it]")
@click.option("--yes", is_flag=True, help="Do not ask.")
def bridge_command(
    names: tuple[str, ...],
    stage: str | None,
    hand_over: tuple[str, ...],
    output: Path,
    alias: str,
    step: str | None,
    percent: int | None,
    minutes: int,
    region: str | None,
    yes: bool,
) -> None:
    """Write the zips of functions that go on on Lambda and forward to Berth, and print how to use them."""
    if not _ALIAS.fullmatch(alias):
        raise click.BadParameter(f"{alias!r} is no name of an alias", param_hint="--alias")
    if (step == "shift") != (percent is not None):
        raise click.UsageError("--run shift needs --percent, and nothing else takes it")
    with refusing():
        settings = Settings.from_environ()
        settings = replace(settings, stage=stage or settings.stage)
    bridges = _build(settings, _names_on_lambda(names), hand_over)
    if step is None:
        _write(bridges, output, alias, region)
        return
    try:
        clients = Clients(region)
        rollouts = [Rollout(clients, function, name, alias, zip_) for function, name, zip_ in bridges]
        _run(rollouts, step, percent or 0, minutes, _variables(settings, step), yes)
    except RolloutRefused as refused:
        raise click.ClickException(str(refused)) from None
    except ModuleNotFoundError:
        raise click.ClickException("--run needs the package boto3: pip install 'berth-lambda[aws]'") from None


def _names_on_lambda(names: tuple[str, ...]) -> dict[str, str]:
    """The functions by their names here, each with its name on Lambda."""
    pairs = {own: other or own for own, _, other in (name.partition("=") for name in names)}
    for name in pairs.values():
        if not _NAME_ON_LAMBDA.fullmatch(name):
            raise click.BadParameter(f"{name!r} is no name of a Lambda function", param_hint="NAME")
    return pairs


def _build(
    settings: Settings, names: Mapping[str, str], hand_over: tuple[str, ...]
) -> list[tuple[Function, str, Package]]:
    if strangers := sorted({*hand_over} - {*names}):
        raise click.BadParameter(f"{strangers[0]!r} is not among the names", param_hint="--hand-over")
    with refusing():
        functions = load(settings, tuple(names), needs_secrets=False).functions
    found = []
    for name, on_lambda in names.items():
        try:
            package = build_package(functions[name], hands_over=name in hand_over)
        except NoBridge as refused:
            raise click.ClickException(f"nothing was written: {name}: {refused}") from None
        found.append((functions[name], on_lambda, package))
    return found


def _write(
    bridges: list[tuple[Function, str, Package]], output: Path, alias: str, region: str | None
) -> None:
    with refusing():
        output.mkdir(parents=True, exist_ok=True)
        for function, on_lambda, package in bridges:
            archive = output / f"{function.name}.zip"
            archive.write_bytes(package.content)
            click.echo(f"wrote {archive}", err=True)
            click.echo("\n".join(aws_commands(on_lambda, alias, str(archive), region)))


def _variables(settings: Settings, step: str) -> dict[str, str]:
    """What the bridge is told in its variables: from this command's own, so that no secret is typed."""
    given = settings.secrets or {}
    found = {name: given[name] for name in VARIABLES if given.get(name)}
    has_key = {"BRIDGE_ACCESS_KEY_ID", "BRIDGE_SECRET_ACCESS_KEY"} <= found.keys()
    if step == "publish" and ("BRIDGE_URL" not in found or not (has_key or "BRIDGE_TOKEN" in found)):
        proof = "BRIDGE_TOKEN, or BRIDGE_ACCESS_KEY_ID and BRIDGE_SECRET_ACCESS_KEY"
        raise click.ClickException(f"--run publish takes from the environment BRIDGE_URL and {proof}")
    return found


def _run(
    rollouts: list[Rollout],
    step: str,
    percent: int,
    minutes: int,
    variables: Mapping[str, str],
    yes: bool,
) -> None:
    """Do one step for every function, after the question whether to."""
    if step == "watch":
        rows = [row for rollout in rollouts for row in rollout.watch(minutes)]
        for line in table([("VERSION", "CODE", *map(str.upper, METRICS)), *rows]):
            click.echo(line)
        return
    clients, share = rollouts[0].clients, f" {percent} %" if percent else ""
    named = ", ".join(f"{rollout.name}:{rollout.alias}" for rollout in rollouts)
    if step == "publish":
        click.echo("Calls without a qualifier get the bridge as soon as it is published.", err=True)
    if not yes:
        click.confirm(f"{step}{share} of {named} in {clients.place}. Go on?", abort=True, err=True)
    steps: dict[str, Callable[[Rollout], str]] = {
        "publish": lambda rollout: rollout.publish(variables),
        "shift": lambda rollout: rollout.shift(percent),
        "roll-back": Rollout.roll_back,
    }
    failed = 0
    for rollout in rollouts:
        try:
            click.echo(steps[step](rollout))
        except RolloutRefused as refused:
            text = f"{step} of {rollout.name}: {refused}"
            if step != "roll-back":
                raise RolloutRefused(text) from None
            # One that cannot go back keeps no other from it.
            click.echo(f"Error: {text}", err=True)
            failed += 1
    if failed:
        raise RolloutRefused(f"{failed} of {len(rollouts)} functions were not rolled back")
