"""Examples of the manual are what they seem to be: JSON, Python, and what AWS's own model describes."""

import ast
import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.model import ServiceModel
from botocore.session import get_session
from botocore.validate import ParamValidator

from kit.manual import PAGES, Command, blocks, steps

# Options that every command of the AWS CLI has, and commands that it has beside the APIs.
OPTIONS = {"--output", "--query", "--region", "--cli-binary-format"}
BESIDE = {("ecr", "get-login-password"), ("cloudformation", "deploy"), ("logs", "tail")}
# The operation that makes a resource, and keys that CloudFormation adds to it or makes up by itself.
OPERATIONS = {
    "TaskDefinition": ("ecs", "RegisterTaskDefinition", {}, {}),
    "Service": ("ecs", "CreateService", {}, {}),
    "LoadBalancer": ("elbv2", "CreateLoadBalancer", {"Name": "shop"}, {"LoadBalancerAttributes"}),
    "TargetGroup": ("elbv2", "CreateTargetGroup", {"Name": "shop"}, {"TargetGroupAttributes"}),
    "Listener": ("elbv2", "CreateListener", {}, {}),
    "Tasks": ("application-autoscaling", "RegisterScalableTarget", {}, {}),
}
_session = get_session()


def _model(service: str) -> ServiceModel:
    return _session.get_service_model(service)


def test_json_and_python_can_be_read() -> None:
    readers = {"json": json.loads, "python": ast.parse}
    broken = []
    for page in PAGES:
        for block in blocks(page):
            try:
                readers.get(block.language, str)(block.text)
            except (ValueError, SyntaxError) as problem:
                broken.append(f"{page.name}:{block.line}: {problem}")
    assert broken == []


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_resource_of_the_ecs_template_is_what_its_operation_takes(name: str) -> None:
    service, operation, made_up, added = OPERATIONS[name]
    properties = _template()["Resources"][name]["Properties"]
    given = {key: value for key, value in properties.items() if key not in added} | made_up
    shape = _model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(_as_asked(given, lower=service == "ecs"), shape)
    assert report.generate_report() == ""


def test_every_value_that_the_ecs_template_refers_to_exists() -> None:
    template = _template()
    known = {*template["Resources"], *template["Parameters"], "AWS::Region"}
    assert {name for name in _references(template) if name not in known} == set()


def test_commands_of_the_aws_cli_exist_with_their_options() -> None:
    unknown = []
    for page in PAGES:
        for step in steps(page):
            if isinstance(step, Command) and step.program == "aws":
                unknown += [f"{step.place}: {option}" for option in _unknown_options(step.text)]
    assert unknown == []


def _unknown_options(text: str) -> Iterator[str]:
    words = shlex.split(text.partition(" | ")[0])
    service, command = words[words.index("aws") + 1 :][:2]
    if (service, command) in BESIDE:
        return
    operations = {xform_name(name, "-"): name for name in _model(service).operation_names}
    if command not in operations:
        yield command
        return
    members = _model(service).operation_model(operations[command]).input_shape.members
    flags = {
        f"--no-{xform_name(name, '-')}" for name, shape in members.items() if shape.type_name == "boolean"
    }
    known = {f"--{xform_name(member, '-')}" for member in members} | flags | OPTIONS
    yield from (word for word in words if word.startswith("--") and word not in known)


def _template() -> dict[str, Any]:
    (page,) = (each for each in PAGES if each.name == "ecs.md")
    texts = [block.text for block in blocks(page) if block.introduction == "`shop.json`:"]
    return dict(json.loads(texts[0]))


def _as_asked(value: Any, *, lower: bool) -> Any:
    """A property as the operation spells it, with a text in the place of what CloudFormation fills in."""
    if isinstance(value, list):
        return [_as_asked(each, lower=lower) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() <= {"Ref", "Fn::GetAtt", "Fn::Sub"}:
        return ["subnet-1"] if value == {"Ref": "SubnetIds"} else "text"
    return {
        key[0].lower() + key[1:] if lower else key: _as_asked(each, lower=lower)
        for key, each in value.items()
    }


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "Ref":
                yield each
            elif key == "Fn::GetAtt":
                yield each[0]
            else:
                yield from _references(each)
