"""What no finding covers is told by itself."""

from pathlib import Path

from berth.tools.migrate.model.findings import Class, Finding, Findings, shown_path
from berth.tools.migrate.source.documents import parse_document
from berth.tools.migrate.writing.completeness import unclassified

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Description: A shop
Transform: AWS::Serverless-2016-10-31
Parameters: {Env: {Type: String}, Told: {Type: String}}
Conditions: {Live: !Equals [!Ref Env, live]}
Outputs: {Url: {Value: !Ref Orders}}
Globals: {Function: {Timeout: 5, Odd: 1}}
Unknown: {a: 1}
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: python3.13}
    Properties:
      Handler: app.handler
      Environment: {Variables: {AA: "1", BB: !Sub "${Orders.Arn}"}}
      Layers: [a, b]
      Odd: {deep: !GetAtt Jobs.Arn}
  Jobs:
    Type: AWS::Serverless::Function
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {Dimensions: [{Value: !Ref Orders}], Action: !Sub "x-${Jobs}"}
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
"""
TOLD = (
    ("Parameters", "Told"),
    ("Globals", "Function", "Timeout"),
    ("Resources", "Orders", "Properties", "Handler"),
    ("Resources", "Orders", "Properties", "Environment", "Variables", "AA"),
    ("Resources", "Orders", "Properties", "Layers", 1),
    ("Resources", "Jobs"),
)


def _unclassified(text: str, *told: tuple[str | int, ...]) -> list[tuple[str, Class, str]]:
    findings = Findings()
    for path in told:
        findings.add(Finding(Class.CARRIED, path, "told", "template.yaml"))
    document = parse_document(text, "template.yaml", Path("template.yaml"))
    found = unclassified(document, findings, {"Orders": "shop-orders", "Jobs": "Jobs"})
    return [(shown_path(each.path), each.kind, each.text) for each in found]


def test_each_part_is_told_as_high_as_possible() -> None:
    assert _unclassified(TEMPLATE, *TOLD) == [
        ("AWSTemplateFormatVersion", Class.LEFT_OUT, "says only what a template is"),
        ("Description", Class.LEFT_OUT, "for people"),
        ("Transform", Class.CARRIED, "was applied"),
        ("Parameters.Env", Class.CARRIED, "its value counts where it is used"),
        ("Conditions.Live", Class.CARRIED, "was evaluated where it is used"),
        ("Outputs.Url", Class.ELSEWHERE, "stays in the stack"),
        ("Globals.Function.Odd", Class.NOT_CARRIED, "not understood: Odd"),
        ("Unknown", Class.NOT_CARRIED, "not understood: Unknown"),
        ("Resources.Orders.Type", Class.CARRIED, "the kind of resource"),
        ("Resources.Orders.Metadata", Class.LEFT_OUT, "for tools"),
        (
            "Resources.Orders.Properties.Environment.Variables.BB",
            Class.NOT_CARRIED,
            "not understood: BB; it also refers to shop-orders",
        ),
        ("Resources.Orders.Properties.Layers[0]", Class.NOT_CARRIED, "not understood: Layers"),
        (
            "Resources.Orders.Properties.Odd",
            Class.NOT_CARRIED,
            "not understood: Odd; it also refers to Jobs",
        ),
        (
            "Resources.Alarm",
            Class.ELSEWHERE,
            "Alarm (AWS::CloudWatch::Alarm) stays in AWS; it also refers to Jobs, shop-orders",
        ),
        ("Resources.Table", Class.ELSEWHERE, "Table (AWS::DynamoDB::Table) stays in AWS"),
    ]


def test_the_rest_of_a_resource_that_is_no_functions_stays_in_aws() -> None:
    bucket = "{Type: AWS::S3::Bucket, Properties: {BucketName: b, Tags: [], Notified: !Ref Orders}}"
    told = ("Resources", "Bucket", "Properties", "Notified")
    stays = "Bucket (AWS::S3::Bucket) stays in AWS"
    assert _unclassified(f"Resources: {{Bucket: {bucket}}}\n", told) == [
        ("Resources.Bucket.Type", Class.CARRIED, "the kind of resource"),
        ("Resources.Bucket.Properties.BucketName", Class.ELSEWHERE, stays),
        ("Resources.Bucket.Properties.Tags", Class.ELSEWHERE, stays),
    ]


def test_resources_of_a_serverless_yml_stay_in_aws() -> None:
    resources = "Resources: {Topic: {Type: AWS::SNS::Topic}}, Outputs: {A: {Value: x}}"
    text = f"service: shop\nresources: {{{resources}}}\n"
    assert _unclassified(text, ("service",)) == [
        ("resources.Resources.Topic", Class.ELSEWHERE, "Topic (AWS::SNS::Topic) stays in AWS"),
        ("resources.Outputs.A", Class.ELSEWHERE, "stays in the stack"),
    ]


def test_what_is_told_as_a_whole_is_told_once() -> None:
    assert _unclassified("Resources: {A: {Type: X}}\n", ("Resources",)) == []
