"""What only AWS can process stops an import, with the way out."""

from kit.tables import for_each
from kit.templates import open_files, refusal

_WAY_OUT = "aws cloudformation get-template --template-stage Processed --stack-name NAME"
_QUEUE = "Q: {Type: AWS::SQS::Queue}"


@for_each(
    "text, problem",
    [
        (f"Transform: Mine\nResources: {{{_QUEUE}}}", "t.yaml:1: Transform: the macro Mine runs on AWS only"),
        (
            f"Transform: [AWS::LanguageExtensions, AWS::CodeDeployBlueGreen]\nResources: {{{_QUEUE}}}",
            "t.yaml:1: Transform[1]: the macro AWS::CodeDeployBlueGreen runs on AWS only",
        ),
        (
            "Resources:\n  Q: {Type: A::B::C, Properties: {A: {Fn::Transform: {Name: Mine}}}}",
            "t.yaml:2: Resources.Q.Properties.A.Fn::Transform: the macro Mine runs on AWS only",
        ),
        ("Resources:\n  Q: {Type: My::Own::Part::MODULE}", "t.yaml:2: Resources.Q: is a module"),
        (
            "Resources:\n  Q:\n    Type: A::B::C\n    Metadata: {AWS::CloudFormation::Init: {}}",
            "t.yaml:4: Resources.Q.Metadata.AWS::CloudFormation::Init: has AWS::CloudFormation::Init",
        ),
    ],
)
def test_what_only_aws_processes_is_refused(tmp_path, text, problem):
    found = refusal(tmp_path, {"t.yaml": f"AWSTemplateFormatVersion: '2010-09-09'\n{text}\n"}, "t.yaml")
    number = int(problem.partition(":")[2].partition(":")[0]) + 1
    assert found.startswith(f"t.yaml:{number}:{problem.split(':', 2)[2]}")
    assert _WAY_OUT in found


def test_resources_of_sam_need_their_transform(tmp_path):
    text = "Resources: {One: {Type: AWS::Serverless::Function}}\n"
    found = refusal(tmp_path, {"t.yaml": text}, "t.yaml")
    assert "its Transform does not name AWS::Serverless-2016-10-31" in found


def _with_path(transform: str) -> str:
    return f"""\
Transform: {transform}
Parameters: {{Base: {{Type: String, Default: shop}}}}
Resources:
  One:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b
      Runtime: python3.13
      Events: {{Get: {{Type: Api, Properties: {{Path: !Sub "/${{Base}}/a", Method: get}}}}}}
"""


def test_language_extensions_give_sam_the_paths_of_parameters(tmp_path):
    text = _with_path("[AWS::LanguageExtensions, AWS::Serverless-2016-10-31]")
    opened = open_files(tmp_path, {"t.yaml": text}, "t.yaml", parameters={"Base": "orders"})
    assert list(opened.stack.template.resources["ServerlessRestApi"]["Body"]["paths"]) == ["/orders/a"]
    path = "Resources.One.Properties.Events.Get.Properties.Path"
    assert opened.notes("carried")[path] == "/orders/a, of this stage: Base=orders"


def test_without_language_extensions_sam_refuses_such_paths(tmp_path):
    found = refusal(tmp_path, {"t.yaml": _with_path("AWS::Serverless-2016-10-31")}, "t.yaml")
    assert found.startswith("t.yaml:9: Resources.One.Properties.Events.Get.Properties.Path: ")
