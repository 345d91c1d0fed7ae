"""Which function a URI means, in every form in which templates name it."""

from berth.tools.migrate.source.documents import parse_document
from kit.migrated_apis import lambda_uri, read_apis_of, read_text, shown_routes
from kit.tables import for_each

_LITERAL = "arn:aws:lambda:eu-west-1:111122223333:function:literal"
_TEMPLATE = """
Parameters:
  Name: {Type: String, Default: given}
  Arn: {Type: String, Default: "LITERAL"}
  Unknown: {Type: String}
  Uri: {Type: String, Default: "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/LITERAL/invocations"}
Resources:
  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Literal: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13, FunctionName: literal}}
  Named: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13, FunctionName: !Ref Name}}
  Joined:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.13, FunctionName: !Sub "${AWS::StackName}-x"}
  Node: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs22.x, FunctionName: node}}
  Alias: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Work, Name: live}}
  Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !GetAtt Work.Arn}}
  Workaliaslive: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Version, Name: live}}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, StageName: v1, Variables: {name: literal, ref: !Ref Work}}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body: {paths: {/a: {get: {x-amazon-apigateway-integration: {type: aws_proxy, uri: URI}}}}}
""".replace("LITERAL", _LITERAL)
_ARN = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"


def _read(uri):
    return read_text(
        _TEMPLATE.replace("URI", uri), {"AWS::AccountId": "111122223333", "AWS::Region": "eu-west-1"}
    )


def _sub(function):
    return f'!Sub "{lambda_uri(function)}"'


@for_each(
    "uri, function",
    [
        (_sub("${Work.Arn}"), "Work"),
        (_sub("${Work}"), "Work"),
        (_sub("${Work.Arn}:live"), "Work"),
        (_sub("${Work.Arn}:${!stageVariables.alias}"), "Work"),
        (_sub("${Alias}"), "Work"),
        (_sub("${Workaliaslive}"), "Work"),
        (_sub("${Version}"), "Work"),
        (_sub(_ARN + "literal"), "Literal"),
        (_sub(_ARN + "literal:live"), "Literal"),
        (_sub(_ARN + "${Work}"), "Work"),
        (_sub(_ARN + "${Name}"), "Named"),
        (_sub(_ARN + "given"), "Named"),
        (_sub(_ARN + "${AWS::StackName}-x"), "Joined"),
        (_sub(_ARN + "${!stageVariables.name}"), "Literal"),
        (_sub(_ARN + "${!stageVariables.ref}"), "Work"),
        (_sub("${!stageVariables.name}"), "Literal"),
        (_sub("${Arn}"), "Literal"),
        ("!Ref Uri", "Literal"),
        (_sub(_LITERAL), "Literal"),
        (_sub("x").replace("path/2015", "path//2015").replace("/x/", "/${Work.Arn}/"), "Work"),
        (
            "{Fn::Join: ['', ['arn:', !Ref AWS::Partition, ':apigateway:', !Ref AWS::Region,"
            " ':lambda:path/2015-03-31/functions/', !GetAtt Work.Arn, '/invocations']]}",
            "Work",
        ),
    ],
)
def test_the_function_of_a_uri(uri, function):
    read = _read(uri)
    assert shown_routes(read.api) == [f"GET /a {function}"], read.report()


@for_each(
    "uri, told",
    [
        (_sub(_ARN + "elsewhere"), "not carried: GET /a elsewhere: the function arn:"),
        (_sub("arn:aws:lambda:eu-west-1:999999999999:function:literal"), "not carried: is not in the source"),
        (_sub("arn:aws:lambda:us-east-1:111122223333:function:literal"), "not carried: is not in the source"),
        (_sub(_ARN + "${Work}-next"), "not carried: is not in the source"),
        (_sub("${Node.Arn}"), "not carried: GET /a ${Node.Arn}: is not imported"),
        (_sub(_ARN + "node"), "not carried: GET /a node: is not imported"),
        (_sub("${Unknown}"), "open: --parameter Unknown=..."),
        (_sub(_ARN + "${!stageVariables.other}"), "open: no value for stageVariables.other"),
        (
            "!Sub 'arn:aws:apigateway:${AWS::Region}:sqs:path/a/${Work}'",
            "not carried: sqs:path/a/${Work}: Lambda proxy",
        ),
        ("https://shop.example", "not carried: https://shop.example: Lambda proxy"),
        (
            _sub("${Work.Arn}").replace("invocations", "response-streaming-invocations"),
            "not carried: streams",
        ),
        (
            "{Fn::ImportValue: work-arn}",
            "not carried: GET /a ${ImportValue:work-arn}: is not in the source",
        ),
    ],
)
def test_a_function_that_is_not_imported(uri, told):
    read = _read(uri)
    assert read.api.routes == ()
    assert read.told("paths./a.get", *told.split(": ")), read.report()


def test_a_parent_stack_hands_on_its_functions(tmp_path):
    child = """
Parameters: {Target: {Type: String}, Root: {Type: String}, Api: {Type: String}}
Resources:
  Path: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !Ref Root, PathPart: a}}
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Path
      HttpMethod: GET
      AuthorizationType: NONE
      Integration: {Type: AWS_PROXY, Uri: !Sub "URI"}
""".replace("URI", lambda_uri("${Target}"))
    parent = """
Resources:
  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop}}
  Child:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: child.yaml
      Parameters: {Target: !GetAtt Work.Arn, Root: !GetAtt Api.RootResourceId, Api: !Ref Api}
"""
    (tmp_path / "child.yaml").write_text(child)
    read = read_apis_of(parse_document(parent, "template.yaml", tmp_path / "template.yaml"))
    assert (read.api.id, shown_routes(read.api)) == ("Api", ["GET /a Work"]), read.report()
