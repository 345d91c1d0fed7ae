"""`--from-stack`: what a deployed stack tells boto3's own clients, and what is never told."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from berth.tools.migrate.model.findings import ImportRefused
from kit.templates import Opened, open_files

_ARN = "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/1a2b"
_FUNCTION = "{Code: code, Handler: a.b, Runtime: python3.13"
_TEMPLATE = f"""\
Parameters:
  Env: {{Type: String, Default: test}}
  Token: {{Type: String, NoEcho: true}}
Conditions: {{Live: !Equals [!Ref Env, live]}}
Resources:
  Table: {{Type: AWS::DynamoDB::Table}}
  Work: {{Type: AWS::Lambda::Function, Properties: {_FUNCTION}}}}}
  Orders:
    Type: AWS::Lambda::Function
    Properties:
      Code: code
      Handler: a.b
      Runtime: python3.13
      Environment:
        Variables:
          TABLE: !Ref Table
          ARN: !GetAtt Table.Arn
          STREAM: !GetAtt Table.StreamArn
          BUS: !ImportValue bus
          TOKEN: !Ref Token
          PASSWORD: "{{{{resolve:secretsmanager:db:SecretString:password}}}}"
          WORK: !Ref Work
          URL: !Sub "https://${{Table.Name}}"
          MODE: !If [Live, strict, lenient]
          ENV: !Ref Env
Outputs:
  TableArn: {{Value: !GetAtt Table.Arn}}
"""


class _Aws:
    """boto3's own clients, which answer what a test has put in."""

    def __init__(self) -> None:
        self.clients = {name: _client(name) for name in ("cloudformation", "lambda")}
        self._stubs = {name: Stubber(client) for name, client in self.clients.items()}

    def answer(self, service: str, operation: str, answer: dict[str, Any], **expected: str) -> None:
        """Put in the next answer of a service."""
        self._stubs[service].add_response(operation, answer, expected)

    def fail(self, operation: str, code: str, message: str) -> None:
        """Put in an error of CloudFormation."""
        self._stubs["cloudformation"].add_client_error(operation, code, message)

    def __enter__(self) -> "_Aws":
        for stub in self._stubs.values():
            stub.activate()
        return self

    def __exit__(self, *_: object) -> None:
        for stub in self._stubs.values():
            stub.deactivate()
        for client in self.clients.values():
            client.close()

    def check(self) -> None:
        """Every answer that was put in has been asked for."""
        for stub in self._stubs.values():
            stub.assert_no_pending_responses()


def _client(service: str) -> Any:
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "x"}
    return boto3.client(service, region_name="eu-west-1", **keys)


@pytest.fixture
def aws() -> Iterator[_Aws]:
    with _Aws() as made:
        yield made


def _stack(**values: Any) -> dict[str, Any]:
    made = {
        "StackName": "shop",
        "StackId": _ARN,
        "CreationTime": "2026-01-01",
        "StackStatus": "CREATE_COMPLETE",
    }
    return {"Stacks": [{**made, **values}]}


def _resource(name: str, kind: str, physical: str) -> dict[str, str]:
    return {
        "LogicalResourceId": name,
        "ResourceType": kind,
        "PhysicalResourceId": physical,
        "LastUpdatedTimestamp": "2026-01-01",
        "ResourceStatus": "CREATE_COMPLETE",
    }


def _deployed(aws: _Aws, name: str = "shop") -> None:
    parameters = [
        {"ParameterKey": "Env", "ParameterValue": "live"},
        {"ParameterKey": "Token", "ParameterValue": "****"},
        {"ParameterKey": "Gone", "ParameterValue": "x"},
    ]
    outputs = [{"OutputKey": "TableArn", "OutputValue": "arn:aws:dynamodb:eu-west-1:111122223333:table/shop"}]
    aws.answer(
        "cloudformation", "describe_stacks", _stack(Parameters=parameters, Outputs=outputs), StackName=name
    )
    resources = [
        _resource("Table", "AWS::DynamoDB::Table", "shop-Table-1"),
        _resource("Work", "AWS::Lambda::Function", "shop-Work-1"),
        _resource("Orders", "AWS::Lambda::Function", "shop-Orders-1"),
    ]
    answer = {"StackResourceSummaries": resources}
    aws.answer("cloudformation", "list_stack_resources", answer, StackName=name)


def _opened(folder: Any, aws: _Aws, text: str = _TEMPLATE, **options: Any) -> Opened:
    options = {"from_stack": "shop", **options}
    return open_files(folder, {"t.yaml": text}, "t.yaml", clients=aws.clients.__getitem__, **options)


def _environment(aws: _Aws, **variables: str) -> None:
    answer = {"FunctionName": "shop-Orders-1", "Environment": {"Variables": variables}}
    aws.answer("lambda", "get_function_configuration", answer, FunctionName="shop-Orders-1")


def test_a_deployed_stack_gives_values_and_no_secret(tmp_path, aws):
    _deployed(aws)
    secrets = {"TOKEN": "token-value", "PASSWORD": "password-value"}
    _environment(aws, STREAM="arn:stream", BUS="bus-1", WORK="shop-Work-1", URL="https://name", **secrets)
    opened = _opened(tmp_path, aws)
    aws.check()
    assert opened.holes.values == {
        "Env": "live",
        "AWS::Region": "eu-west-1",
        "AWS::AccountId": "111122223333",
        "AWS::Partition": "aws",
        "AWS::StackName": "shop",
        "AWS::StackId": _ARN,
        "Table": "shop-Table-1",
        "Table.Arn": "arn:aws:dynamodb:eu-west-1:111122223333:table/shop",
        "Table.StreamArn": "arn:stream",
        "ImportValue:bus": "bus-1",
    }
    assert opened.variables("Orders")["MODE"] == "strict"
    assert opened.holes.meanings["Work"] == "the name of the function Work, which is shop-Work-1 on AWS"


def test_what_the_user_gives_goes_before_the_deployed_parameters(tmp_path, aws):
    _deployed(aws)
    _environment(aws)
    opened = _opened(tmp_path, aws, parameters={"Env": "mine"})
    assert opened.holes.values["Env"] == "mine"


def test_functions_are_not_asked_where_everything_is_known(tmp_path, aws):
    _deployed(aws)
    properties = "{Environment: {Variables: {A: b}}}"
    orders = f"Resources:\n  Orders: {{Type: AWS::Lambda::Function, Properties: {properties}}}\n"
    opened = _opened(tmp_path, aws, orders)
    aws.check()
    assert opened.variables("Orders") == {"A": "b"}


def test_nested_stacks_are_asked_by_their_arns(tmp_path, aws):
    arn = _ARN.replace("shop/", "shop-Child/")
    child = "Resources: {Bus: {Type: AWS::Events::EventBus}}\nOutputs: {Arn: {Value: !GetAtt Bus.Arn}}\n"
    root = "Resources: {Child: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml}}}\n"
    aws.answer("cloudformation", "describe_stacks", _stack(), StackName="shop")
    resources = [_resource("Child", "AWS::CloudFormation::Stack", arn)]
    aws.answer(
        "cloudformation", "list_stack_resources", {"StackResourceSummaries": resources}, StackName="shop"
    )
    inner = [_resource("Bus", "AWS::Events::EventBus", "bus-1")]
    aws.answer("cloudformation", "list_stack_resources", {"StackResourceSummaries": inner}, StackName=arn)
    outputs = [{"OutputKey": "Arn", "OutputValue": "arn:bus"}]
    aws.answer("cloudformation", "describe_stacks", _stack(Outputs=outputs), StackName=arn)
    files = {"root.yaml": root, "child.yaml": child}
    opened = open_files(
        tmp_path, files, "root.yaml", clients=aws.clients.__getitem__, from_stack="shop", region="eu-west-1"
    )
    aws.check()
    assert {name: opened.holes.values[name] for name in ("Bus", "Bus.Arn")} == {
        "Bus": "bus-1",
        "Bus.Arn": "arn:bus",
    }


def test_an_error_of_aws_is_one_clear_error(tmp_path, aws):
    aws.fail("describe_stacks", "ValidationError", "Stack with id shop does not exist")
    with pytest.raises(ImportRefused) as refused:
        _opened(tmp_path, aws)
    assert str(refused.value).startswith("--from-stack shop: describe_stacks: ")
    assert "Stack with id shop does not exist" in str(refused.value)


def test_a_stack_must_be_one_of_several_of_a_source(tmp_path, aws):
    artifacts = {
        name: {"type": "aws:cloudformation:stack", "properties": {"templateFile": f"{name}.json"}}
        for name in ("One", "Two")
    }
    template = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}
    files = {
        "manifest.json": {"version": "1", "artifacts": artifacts},
        "One.json": template,
        "Two.json": template,
    }
    with pytest.raises(ImportRefused) as refused:
        open_files(tmp_path, files, clients=aws.clients.__getitem__, from_stack="Three")
    assert str(refused.value) == "--from-stack Three: is none of the stacks of this source: One, Two"


def test_the_stage_tells_its_region_and_account(tmp_path):
    stage = {"region": "eu-north-1", "accountId": "444455556666"}
    files = {"t.yaml": "Resources: {Q: {Type: AWS::SQS::Queue}}\n", "into/manifests/dev.json": stage}
    opened = open_files(tmp_path, files, "t.yaml")
    assert opened.holes.values == {"AWS::Region": "eu-north-1", "AWS::AccountId": "444455556666"}
    opened = open_files(tmp_path, files, "t.yaml", region="eu-west-1", stage="dev")
    assert opened.holes.values["AWS::Region"] == "eu-west-1"
