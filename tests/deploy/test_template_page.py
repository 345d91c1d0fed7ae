"""docs/template.md names every resource, parameter and number of a template."""

import json
import re

from berth.tools.deploy import sizing
from berth.tools.deploy.template.document import MOST_SENT
from berth.tools.deploy.template.stack import DEFAULT_KNOBS, LONGEST_EVENT
from kit.deploy_projects import PROJECTS, golden
from kit.sources import ROOT

PAGE = (ROOT / "docs" / "template.md").read_text()
# Names that depend on the manifests, as the page writes them.
_NAMED_BY_MANIFESTS = {
    r"ApiDeployment[0-9a-f]{10}": "ApiDeployment...",
    r"ApiKey\w+Plan": "ApiKey...Plan",
    r"ApiKey\w+": "ApiKey...",
    r"\w+FunctionPermission": "...FunctionPermission",
}


def _written(name: str) -> str:
    return next((text for form, text in _NAMED_BY_MANIFESTS.items() if re.fullmatch(form, name)), name)


def _resources() -> set[str]:
    templates = [json.loads(golden(name, "template.json").read_text()) for name in PROJECTS]
    return {_written(name) for each in templates for name in each["Resources"]}


def test_every_resource_has_its_row_and_every_row_its_resource() -> None:
    table = PAGE.partition("## Resources")[2].partition("## Parameters")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall("`([^`]+)`", row)}
    # No golden project has an Invoke API with a port of its own.
    only_with_a_port = {"InvokeTargetGroup", "InvokeListener", "TaskInvokeIngress"}
    assert named == _resources() | only_with_a_port


def test_every_general_parameter_is_described() -> None:
    names = {
        name
        for each in PROJECTS
        for name in json.loads(golden(each, "template.json").read_text())["Parameters"]
    }
    general = {name for name in names if not name.endswith("Arn") or name == "AlarmTopicArn"}
    assert [name for name in sorted(general) if f"`{name}`" not in PAGE] == []


def test_numbers_are_those_of_the_templates() -> None:
    for sentence in (
        f"{sizing.SERVER_MB} MB for the server",
        f"and {sizing.IDLE_MB} MB of each that",
        f"{sizing.MB_PER_VCPU:,} MB of `memorySize` are one vCPU",
        f"A template of up to {MOST_SENT:,} bytes",
        f"a timeout above {LONGEST_EVENT:,} s",
        f"| `--concurrency` | {DEFAULT_KNOBS.concurrency} |",
        f"| `--tasks` | {DEFAULT_KNOBS.tasks[0]} {DEFAULT_KNOBS.tasks[1]} |",
        f"| `--retention` | {DEFAULT_KNOBS.retention_days} |",
        f"| `--rate` | {DEFAULT_KNOBS.rate} |",
    ):
        assert sentence in PAGE, sentence
