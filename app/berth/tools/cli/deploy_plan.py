"""The command `berth deploy plan`."""

import json
from pathlib import Path

import click

from berth.tools.cli.deploy_options import WARNED, refusing, with_deployment
from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.diagram.mermaid import mermaid_text
from berth.tools.deploy.diagram.model import build_diagram
from berth.tools.deploy.diagram.svg import svg_text
from berth.tools.deploy.plan.leftovers import read_import_report
from berth.tools.deploy.plan.lines import plan_lines
from berth.tools.deploy.plan.plan import build_plan, plan_document
from berth.tools.deploy.template.stack import build_stack

_File = click.Path(path_type=Path, dir_okay=False)


@click.command("plan")
@click.option(
    "--diagram", type=_File, help="Write a picture: FILE in SVG, and beside it FILE.mmd for Mermaid."
)
@click.option(
    "--import-report", type=_File, help="What an import has left. [import-report.json, if it is there]"
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--strict", is_flag=True, help=f"Exit with {WARNED} where there are warnings.")
@with_deployment
@click.pass_context
def plan_command(
    ctx: click.Context,
    /,
    deployment: Deployment,
    diagram: Path | None,
    import_report: Path | None,
    as_json: bool,
    strict: bool,
) -> None:
    """Tell what will exist in AWS, how large it is, what differs from Lambda, and what to look at first."""
    with refusing():
        imported = read_import_report(import_report)
        plan = build_plan(build_stack(deployment, imported), imported)
        if diagram:
            picture = build_diagram(plan.stack)
            diagram.write_text(svg_text(picture), encoding="utf-8")
            diagram.with_name(f"{diagram.name}.mmd").write_text(mermaid_text(picture), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(plan_document(plan), indent=2, ensure_ascii=False))
    else:
        for line in plan_lines(plan):
            click.echo(line)
    if plan.warnings and strict:
        ctx.exit(WARNED)
