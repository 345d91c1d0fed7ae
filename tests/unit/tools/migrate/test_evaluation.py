"""CloudFormation's functions: what the template says is a value, what only the deployment knows is a hole."""

from pathlib import Path

import pytest

from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.parameters import parameter_values
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Findings
from berth.tools.migrate.model.values import NO_VALUE, Holes, Secret, Text, UnknownValue
from berth.tools.migrate.source.documents import parse_document
from kit.tables import for_each

_TEMPLATE = """
Parameters:
  Env: {Type: String, Default: test, AllowedValues: [test, live]}
  Names: {Type: CommaDelimitedList, Default: "a, b"}
  Password: {Type: String, NoEcho: true, Default: secret}
  Needed: {Type: String}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /a/b}
Mappings:
  Hosts: {test: {Url: t.example}, live: {Url: l.example}}
Conditions:
  Live: !Equals [!Ref Env, live]
  Test: !Not [!Condition Live]
  Both: !And [!Condition Live, !Condition Test]
  One: !Or [!Condition Live, !Condition Test]
  Loop: !Not [!Condition Loop]
Resources:
  Table: {Type: "AWS::DynamoDB::Table"}
"""


def evaluator(given=None, findings=None):
    document = parse_document(_TEMPLATE, "t.yaml", Path("t.yaml"))
    template, holes = Template(document, document.tree), Holes()
    values = parameter_values(template, given or {}, holes, findings or Findings())
    return Evaluator(template, holes, values)


def evaluate(text, given=None):
    value = evaluator(given).evaluate(parse_document(f"v: {text}", "v.yaml", Path("v")).tree["v"])
    return str(value) if isinstance(value, Text) else value


@for_each(
    "text, value",
    [
        ("!Sub '${!Kept}-x'", "${Kept}-x"),
        ("!Join ['-', [a, b, !Select [1, [c, d]]]]", "a-b-d"),
        ("!Split [',', 'a,b']", ["a", "b"]),
        ("!Base64 abc", "YWJj"),
        ("!FindInMap [Hosts, test, Url]", "t.example"),
        ("!Ref AWS::NoValue", NO_VALUE),
        ("{a: !Ref 'AWS::NoValue', b: 1}", {"b": 1}),
        ("[!Ref 'AWS::NoValue', 1]", [1]),
        ("!Ref Env", "${deployed.Env}"),
        ("!Sub '${Env}-x'", "${deployed.Env}-x"),
        ("!Sub ['${a}-${Env}', {a: !Ref Table}]", "${deployed.Table}-${deployed.Env}"),
        ("!Ref Table", "${deployed.Table}"),
        ("!GetAtt Table.Arn", "${deployed.Table.Arn}"),
        ("!Sub '${Table.StreamArn}'", "${deployed.Table.StreamArn}"),
        ("!Ref AWS::Region", "${deployed.AWS::Region}"),
        ("!ImportValue bus", "${deployed.ImportValue:bus}"),
        ("!ImportValue {'Fn::Sub': '${Env}-bus'}", "${deployed.ImportValue:Env-bus}"),
        ("!Ref Password", "${deployed.Password}"),
        ("!Ref Needed", "${deployed.Needed}"),
        ("!Ref Stored", "${deployed.Stored}"),
        ("'{{resolve:ssm:/a}}'", "${deployed.resolve:ssm:/a}"),
        ("!Sub 'x-{{resolve:ssm:/${Env}}}-${Table}'", "x-${deployed.resolve:ssm:/Env}-${deployed.Table}"),
        ("!If [Live, a, b]", "b"),
        ("!If [One, a, b]", "a"),
        ("!If [Both, a, !Ref 'AWS::NoValue']", NO_VALUE),
        ("!Join ['', !Ref Names]", "ab"),
        ("!Select [0, !Ref Names]", "a"),
        ("{'Fn::Length': !Ref Names}", 2),
        ("{'Fn::ToJsonString': {a: 1, b: !Ref Env}}", '{"a":1,"b":"test"}'),
        ("{'Fn::FindInMap': [Hosts, none, Url, {DefaultValue: d}]}", "d"),
    ],
)
def test_functions_are_evaluated(text, value):
    assert evaluate(text) == value


@for_each(
    "text",
    ["!If [Live, a, b]", "!FindInMap [Hosts, !Ref Env, Url]", "!Sub ['${x}', {x: !If [Test, a, b]}]"],
)
def test_a_value_that_parameters_choose_says_so(text):
    node = parse_document(f"v: {text}", "v.yaml", Path("v")).tree["v"]
    assert evaluator().text(node).chosen_by == {"Env"}


@for_each(
    "text, message",
    [
        ("!Ref Nothing", "refers to 'Nothing', which is neither a parameter nor a resource"),
        ("!GetAtt Nothing.Arn", "refers to 'Nothing', which is no resource"),
        ("!Select [5, [a]]", "Fn::Select asks for number 5 of 1 values"),
        ("!FindInMap [Hosts, none, Url]", "Fn::FindInMap finds no 'none'"),
        ("!If [Loop, a, b]", "the condition 'Loop' depends on itself"),
        ("!If [None, a, b]", "there is no condition 'None'"),
        ("!Foo x", "Fn::Foo is a function that is not known here"),
        ("!Join [a]", "Fn::Join needs a list of 2 values"),
    ],
)
def test_what_cannot_be_evaluated_says_why(text, message):
    with pytest.raises(Unevaluable) as wrong:
        evaluate(text)
    assert str(wrong.value) == message


def test_a_choice_by_a_value_that_nobody_gave_names_it():
    with pytest.raises(UnknownValue, match="nothing gives Needed a value"):
        evaluate("!FindInMap [Hosts, !Ref Needed, Url]")


def test_secrets_and_missing_values_are_told_apart():
    found = evaluator()
    assert found.holes.values == {"Env": "test", "Names": "a,b"}
    assert found.holes.secrets == {"Password": Secret("PASSWORD")}
    assert found.holes.meanings["Stored"] == "the parameter /a/b of the Parameter Store"
    assert found.holes.meanings["Needed"].endswith("--parameter Needed=...")


@for_each(
    "given, message",
    [
        ({"Env": "other"}, "t.yaml:3: Parameters.Env: 'other' is not one of its AllowedValues: test, live"),
        ({"Evn": "test"}, "--parameter Evn: the template has no such parameter; did you mean Env?"),
    ],
)
def test_a_wrong_parameter_is_a_problem(given, message):
    findings = Findings()
    evaluator(given, findings)
    assert message in str(findings.problems[0])
