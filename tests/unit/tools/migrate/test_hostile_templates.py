"""Templates that are cut off, malformed or made to exhaust: one clear error each, and never a traceback."""

import json
import time
from typing import Any

from berth.tools.migrate.model.findings import ImportRefused, Problem
from kit.tables import for_each
from kit.templates import open_files, refusal

_TEMPLATE: dict[str, Any] = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Transform": ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"],
    "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "a,b"}, "Env": {"Type": "String"}},
    "Mappings": {"Map": {"one": {"Key": "value"}}},
    "Conditions": {"On": {"Fn::Equals": ["a", "a"]}},
    "Globals": {"Function": {"Runtime": "python3.13", "Environment": {"Variables": {"A": {"Ref": "Table"}}}}},
    "Resources": {
        "Table": {"Type": "AWS::Serverless::SimpleTable"},
        "Layer": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "layer"}},
        "Shop": {
            "Type": "AWS::Serverless::Api",
            "Properties": {
                "StageName": "Prod",
                "Cors": "'*'",
                "Auth": {
                    "DefaultAuthorizer": "D",
                    "Authorizers": {"D": {"UserPoolArn": {"Fn::Sub": "${Env}"}}},
                },
            },
        },
        "Fn::ForEach::Loop": ["N", {"Ref": "Names"}, {"Q${N}": {"Type": "AWS::SQS::Queue"}}],
        "One": {
            "Type": "AWS::Serverless::Function",
            "Condition": "On",
            "IgnoreGlobals": ["Runtime"],
            "Metadata": {"BuildMethod": "makefile"},
            "Properties": {
                "Handler": "a.b",
                "Runtime": "python3.13",
                "Layers": [{"Ref": "Layer"}],
                "Policies": [{"DynamoDBReadPolicy": {"TableName": {"Ref": "Table"}}}],
                "Events": {
                    "Get": {
                        "Type": "Api",
                        "Properties": {"Path": "/a", "Method": "get", "RestApiId": {"Ref": "Shop"}},
                    },
                    "Work": {
                        "Type": "SQS",
                        "Properties": {"Queue": {"Fn::GetAtt": ["Qa", "Arn"]}, "BatchSize": 1},
                    },
                },
            },
        },
        "Child": {"Type": "AWS::Serverless::Application", "Properties": {"Location": "s3://b/k"}},
    },
    "Outputs": {"Out": {"Value": {"Fn::GetAtt": ["One", "Arn"]}}},
}
_ODD = [None, [], {}, "x", 0, True, ["a"], [None], [{}], {"a": {"b": 1}}, {"Ref": "Nope"}, {"Ref": ["x"]}]
_ODD += [{"Fn::Sub": "${Nope}"}, {"Fn::If": ["On", 1, 2]}, {"Ref": "AWS::NoValue"}, {"Fn::GetAtt": ["X"]}]
_ODD += [{"Fn::Transform": {"Name": "AWS::Include"}}, {"Fn::ForEach::A": ["B", ["c"], {"d${B}": 1}]}]


def _paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [each for key, value in pairs for each in ((*path, key), *_paths(value, (*path, key)))]


def _changed(path: tuple[Any, ...], value: Any) -> Any:
    made = json.loads(json.dumps(_TEMPLATE))
    node = made
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return made


def _is_opened_or_refused(folder: Any, text: str) -> None:
    """Opening raises nothing but ImportRefused, which names the file in every problem."""
    problems = []
    try:
        open_files(folder, {"t.yaml": text}, "t.yaml")
    except ImportRefused as refused:
        problems = [*refused.problems] or [Problem("no problem is named")]
    assert [each for each in problems if not each.file] == []


def test_the_template_itself_opens(tmp_path):
    assert open_files(tmp_path, {"t.yaml": json.dumps(_TEMPLATE)}, "t.yaml").ids() == ["One"]


_PLACES = [(path, _ODD[number * 7 % len(_ODD)]) for number, path in enumerate(_paths(_TEMPLATE)[::2])]


@for_each("path, value", _PLACES)
def test_any_value_may_stand_anywhere(tmp_path, path, value):
    _is_opened_or_refused(tmp_path, json.dumps(_changed(path, value)))


def test_a_template_may_be_cut_off_anywhere(tmp_path):
    block = _as_yaml(_TEMPLATE)
    flow = json.dumps(_TEMPLATE, indent=1)
    for text in (block, flow):
        for length in range(0, len(text), 50):
            _is_opened_or_refused(tmp_path, text[:length])


def _as_yaml(node: Any, indent: str = "") -> str:
    """A tree as YAML in blocks, so that many of its beginnings are documents of their own."""
    if isinstance(node, dict) and node:
        lines = [f"{indent}{json.dumps(key)}:{_as_yaml(each, indent + '  ')}" for key, each in node.items()]
        return "\n" + "\n".join(lines) if indent else "\n".join(lines)
    return f" {json.dumps(node)}"


@for_each(
    "text, problem",
    [
        ("", "t.yaml: is empty"),
        ("Resources: {Q: {Type: A::B}}\nResources: {}\n", "t.yaml:2: has the key 'Resources' twice"),
        ("AWSTemplateFormatVersion: x\nResources:\n", "t.yaml:1: has no Resources: it is empty, or cut off"),
        ("AWSTemplateFormatVersion: x\nResources: [a]\n", "t.yaml:2: Resources: must be a mapping"),
        ("AWSTemplateFormatVersion: x\nResources: {Q: }\n", "t.yaml:2: Resources.Q: has no Type"),
        ("Resources: {Q: {Type: A::B}, R: {Type: A::B, Properties: x}}\n", "R.Properties: must be a mapping"),
        ("Parameters: {P: {}}\nResources: {Q: {Type: A::B}}\n", "t.yaml:1: Parameters.P: has no Type"),
        ("Resources: {Q: {Type: A::B, Condition: [x]}}\n", "Q.Condition: must be the name of a condition"),
    ],
)
def test_a_template_without_its_form_is_refused(tmp_path, text, problem):
    assert problem in refusal(tmp_path, {"t.yaml": text}, "t.yaml")


def test_aliases_that_repeat_each_other_are_refused_soon(tmp_path):
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    text = "\n".join(levels) + "\nResources: {Q: {Type: AWS::SQS::Queue, Properties: *a9}}\n"
    start = time.process_time()
    found = refusal(tmp_path, {"t.yaml": text + "#" * 2_000_000}, "t.yaml")
    assert "has more values than any template: do its aliases repeat each other?" in found
    assert time.process_time() - start < 20


def test_references_in_a_circle_open(tmp_path):
    text = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  One:
    Type: AWS::Serverless::Function
    Properties: {Handler: a.b, Runtime: python3.13, Environment: {Variables: {TWO: !Ref Two}}}
  Two:
    Type: AWS::Serverless::Function
    Properties: {Handler: a.b, Runtime: python3.13, Environment: {Variables: {ONE: !GetAtt One.Arn}}}
"""
    opened = open_files(tmp_path, {"t.yaml": text}, "t.yaml")
    assert opened.variables("One") == {"TWO": "${deployed.Two}"}
    assert opened.variables("Two") == {"ONE": "${deployed.One.Arn}"}


def test_parameters_are_checked(tmp_path):
    text = """\
Parameters:
  Env: {Type: String, Default: test, AllowedValues: [test, live]}
  Seconds: {Type: Number, Default: 20}
Resources: {Q: {Type: AWS::SQS::Queue}}
"""
    given = {"Env": "prod", "Seconds": "soon", "Evn": "x"}
    assert refusal(tmp_path, {"t.yaml": text}, "t.yaml", parameters=given).splitlines() == [
        "t.yaml: --parameter Evn: the template has no such parameter; did you mean Env?",
        "t.yaml:2: Parameters.Env: 'prod' is not one of its AllowedValues: test, live",
        "t.yaml:3: Parameters.Seconds: 'soon' is no number",
    ]
