"""The command `berth deploy plan`."""

import json
from pathlib import Path

import click

from berth.tools.cli.deploy_options import WARNED, refusing
from berth.tools.cli.deploy_stack import ChosenStack, with_stack
from berth.tools.deploy.diagram.mermaid import mermaid_text
from berth.tools.deploy.diagram.model import build_diagram
from berth.tools.deploy.diagram.svg import svg_text
from berth.tools.deploy.plan.lines import plan_lines
from berth.tools.deploy.plan.plan import build_plan, plan_document
from berth.tools.deploy.template.stack import Stack


@click.command("plan")
@click.option(
    "--diagram",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a picture: FILE as SVG, and FILE.mmd for Mermaid.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--strict", is_flag=True, help=f"Exit with {WARNED} where there are warnings.")
@with_stack
def plan_command(chosen: ChosenStack, diagram: Path | None, as_json: bool, strict: bool) -> None:
    """Tell what will exist in AWS, how large it is, what differs from Lambda, and what to look at first."""
    with refusing():
        plan = build_plan(chosen.stack, chosen.imported)
        if diagram:
            _draw(chosen.stack, diagram)
    if as_json:
        click.echo(json.dumps(plan_document(plan), indent=2, ensure_ascii=False))
    else:
        for line in plan_lines(plan):
            click.echo(line)
    if plan.warnings and strict:
        raise click.exceptions.Exit(WARNED)


def _draw(stack: Stack, file: Path) -> None:
    """Write the picture in both forms, each file whole or not at all."""
    picture = build_diagram(stack)
    for path, text in (
        (file, svg_text(picture)),
        (file.with_name(f"{file.name}.mmd"), mermaid_text(picture)),
    ):
        with click.open_file(str(path), "w", encoding="utf-8", atomic=True) as opened:
            opened.write(text)
