"""The templates of the golden projects: as they are kept, as cfn-lint and the services want them."""

import json
import os
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from berth.tools.deploy.template.document import MOST_SENT, template_document, write_template
from berth.tools.deploy.template.stack import build_stack
from berth.tools.deploy.writing import document_text
from kit.deploy_projects import PROJECTS, compare, deployment_of, golden
from kit.generated_projects import write_project
from kit.project_writing import read_project
from kit.sources import ROOT
from kit.stack_calls import calls_of, problems_of, resolve
from kit.tables import for_each

Template = dict[str, Any]
# How many generated templates cfn-lint looks at. TEMPLATES_TO_LINT=200 takes minutes.
_COUNT = int(os.environ.get("TEMPLATES_TO_LINT", "1"))
_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"


def _template(name: str) -> Template:
    report = ROOT / "tests" / "deploy" / "projects" / name / "import-report.json"
    imported = json.loads(report.read_text()) if report.exists() else None
    return template_document(deployment_of(name), imported)


@pytest.mark.parametrize("name", PROJECTS)
def test_template_is_the_one_that_is_kept(name: str, is_written: bool) -> None:
    compare(golden(name, "template.json"), document_text(_template(name), "json"), is_written=is_written)


@for_each("name", PROJECTS)
def test_template_is_the_same_in_yaml(name: str) -> None:
    template = _template(name)
    assert yaml.safe_load(document_text(template, "yaml")) == template


def test_small_template_can_be_sent_as_it_is() -> None:
    assert golden("minimal", "template.json").stat().st_size < MOST_SENT


@pytest.fixture(scope="module")
def lint() -> Callable[[str], list[str]]:
    """cfn-lint with all of its rules, which are loaded once: errors and warnings of a template."""
    import cfnlint.api
    from cfnlint.config import ConfigMixIn
    from cfnlint.runner import Runner

    rules = Runner(ConfigMixIn(regions=["eu-west-1"])).rules

    def lint(text: str) -> list[str]:
        found = cfnlint.api.lint(text, rules, regions=["eu-west-1"])
        return [f"{match.rule.id} {match.message} at {match.path}" for match in found]

    return lint


def _joined(templates: Iterable[Template]) -> Template:
    """One template with everything in which some differ: a resource that is another one gets another name."""
    joined: Template = {"Parameters": {}, "Conditions": {}, "Resources": {}, "Outputs": {}}
    for number, template in enumerate(templates):
        for section, known in joined.items():
            for name, part in template[section].items():
                if known.setdefault(name, part) != part and section != "Parameters":
                    known[f"{name}{number}"] = part
    return joined


def test_cfn_lint_has_nothing_to_say(lint: Callable[[str], list[str]]) -> None:
    """All at once: a template takes it a second, and most of one is in all of them."""
    templates = {name: golden(name, "template.json").read_text() for name in PROJECTS}
    found = lint(json.dumps(_joined(map(json.loads, templates.values()))))
    # The stages of the projects have one name, which in one template they could not.
    assert [each for each in found if not each.startswith("E3019 Primary identifiers")] == []
    if _COUNT > 1:
        assert [problem for text in templates.values() for problem in lint(text)] == []


def test_cfn_lint_finds_what_is_wrong(lint: Callable[[str], list[str]]) -> None:
    task = {"Cpu": "500", "Memory": "1024", "RequiresCompatibilities": ["FARGATE"]}
    resource = {"Type": "AWS::ECS::TaskDefinition", "Properties": task}
    found = {each.split()[0] for each in lint(json.dumps({"Resources": {"Task": resource}}))}
    assert "E3047" in found


def test_cfn_lint_has_nothing_to_say_of_generated_templates(
    tmp_path: Path, lint: Callable[[str], list[str]]
) -> None:
    for seed in random.Random(15).sample(range(10_000), _COUNT):
        generated = write_project(tmp_path / str(seed), seed)
        deployment = read_project(tmp_path / str(seed), **generated.options)
        template = write_template(build_stack(deployment, generated.report, generated.knobs))
        problems = lint(document_text(template, "yaml" if seed % 2 else "json"))
        assert problems == [], f"seed {seed}"


class _AnyValue(dict[str, Any]):
    """A resource whose values are all there."""

    def __init__(self, name: str) -> None:
        super().__init__(Ref=f"{_SECRET}{name}" if name.endswith("Arn") else f"{name}-id")

    def __missing__(self, attribute: str) -> str:
        return f"{self['Ref']}-{attribute}"


class _AnyResource(dict[str, dict[str, Any]]):
    """Resources that are all there."""

    def __missing__(self, name: str) -> dict[str, Any]:
        found = self[name] = _AnyValue(name)
        if name == "SubnetIds":
            found["Ref"] = ["subnet-1", "subnet-2"]
        elif name.endswith("Scaling"):
            found["Ref"] = "service/a/b|ecs:service:DesiredCount|ecs"
        return found


@for_each("name", PROJECTS)
def test_services_know_every_property(name: str) -> None:
    template, values = json.loads(golden(name, "template.json").read_text()), _AnyResource()
    conditions = dict.fromkeys(template["Conditions"], True)
    for logical_id, resource in template["Resources"].items():
        properties = resolve(resource["Properties"], values, conditions)
        calls = list(
            calls_of(resource["Type"].removeprefix("AWS::"), logical_id, properties, values[logical_id])
        )
        assert calls, logical_id
        for call in calls:
            assert problems_of(call) == "", f"{logical_id}: {call.operation}"
