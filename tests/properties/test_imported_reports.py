"""Of every source that is made up here: each key has one class in the report, and no import writes twice."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kit.imported import HANDLER, import_file, write_files
from kit.strategies import often

_seldom = settings(often, max_examples=12)
_ARN = {"Fn::GetAtt": ["Work", "Arn"]}
_URI = {
    "Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Work.Arn}/invocations"
}
_PROXY = {"type": "aws_proxy", "httpMethod": "POST", "uri": _URI, "payloadFormatVersion": "2.0"}
# Mappings whose keys are their author's own.
_FREE = ("environment", "Environment", "Variables", "tags", "Tags")

_Tree = dict[str, Any]


def _some(needed: Mapping[str, Any] | None = None, **keys: Any) -> st.SearchStrategy[_Tree]:
    """A mapping with the needed keys and some of the others; a value may be a strategy."""
    return st.fixed_dictionaries(
        {key: _strategy(each) for key, each in (needed or {}).items()},
        optional={key: _strategy(each) for key, each in keys.items()},
    )


def _strategy(value: Any) -> st.SearchStrategy[Any]:
    return value if isinstance(value, st.SearchStrategy) else st.just(value)


def _any(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def _with_oddities(draw: st.DrawFn, tree: Any) -> Any:
    """The value with keys in it that nobody knows."""
    if isinstance(tree, list):
        return [_with_oddities(draw, each) for each in tree]
    if not isinstance(tree, dict) or any(key.startswith(("Fn::", "Ref", "/")) for key in tree):
        return tree
    made = {key: each if key in _FREE else _with_oddities(draw, each) for key, each in tree.items()}
    oddity = draw(st.sampled_from([None] * 12 + [{"Oddity": 1}, {"oddity": {"a": ["b"]}}]))
    return {**made, **(oddity or {})}


_FUNCTION = _some(
    Description=_any("work", {"Fn::If": ["Yes", "a", "b"]}),
    Timeout=_any(3, 30, "20", {"Ref": "Seconds"}),
    Environment=_some(
        Variables=_some(TABLE={"Ref": "Table"}, REGION={"Ref": "AWS::Region"}, PLAIN="text", NUMBER=5)
    ),
    Layers=_any([], [{"Ref": "Deps"}], ["arn:aws:lambda:eu-west-1:123456789012:layer:other:2"]),
    Role=_any({"Fn::GetAtt": ["Role", "Arn"]}, "arn:aws:iam::123456789012:role/a"),
    VpcConfig={"SubnetIds": ["a"], "SecurityGroupIds": ["b"]},
    DeadLetterConfig={"TargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}},
    ReservedConcurrentExecutions=_any(0, 5),
    Tags=[{"Key": "a", "Value": "b"}],
)
_OPERATION = _some(
    security=_any([], [{"gate": []}], [{"key": []}]),
    parameters=[{"name": "q", "in": "query", "required": True}],
    summary="for readers",
)
_GATE = {
    "type": "apiKey",
    "in": "header",
    "name": "X-Gate",
    "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": _URI},
}


def _body(operations: Mapping[str, Any]) -> _Tree:
    integration = {"x-amazon-apigateway-integration": _PROXY}
    paths = {path: {"get": {**each, **integration}} for path, each in operations.items()}
    schemes = {"gate": _GATE, "key": {"type": "apiKey", "in": "header", "name": "x-api-key"}}
    info = {"title": "shop", "version": "1"}
    return {"openapi": "3.0.1", "info": info, "paths": paths, "components": {"securitySchemes": schemes}}


_BODY = st.dictionaries(_any("/", "/a", "/a/{id}"), _OPERATION, min_size=1, max_size=2).map(_body)
_METHOD = {
    "RestApiId": {"Ref": "Native"},
    "ResourceId": {"Fn::GetAtt": ["Native", "RootResourceId"]},
    "HttpMethod": "GET",
    "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": _URI},
}
_ROUTE = {
    "ApiId": {"Ref": "Http"},
    "RouteKey": "GET /http",
    "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "Proxy"}]]},
}
_INTEGRATION = {"ApiId": {"Ref": "Http"}, "IntegrationType": "AWS_PROXY", "IntegrationUri": _ARN}
_NODE = {"Runtime": "nodejs22.x", "Handler": "a.b", "Code": {}}
_OF_WORK = {"FunctionName": _ARN}
_RULE = {"ScheduleExpression": "rate(1 day)", "Targets": [{"Arn": _ARN, "Id": "a"}]}
_RESOURCES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "Queue": ("AWS::SQS::Queue", _some(VisibilityTimeout=30)),
    "Role": ("AWS::IAM::Role", _some(Policies=[{"PolicyName": "a", "PolicyDocument": {"Statement": []}}])),
    "Jobs": ("AWS::Lambda::EventSourceMapping", _some(_OF_WORK, BatchSize=5, EventSourceArn="a")),
    "Nightly": ("AWS::Events::Rule", st.just(_RULE)),
    "Async": ("AWS::Lambda::EventInvokeConfig", _some(_OF_WORK, MaximumRetryAttempts=0, Qualifier="a")),
    "Permission": (
        "AWS::Lambda::Permission",
        _some(_OF_WORK, Principal=_any("apigateway.amazonaws.com", "s3.amazonaws.com"), SourceArn="arn:x"),
    ),
    "Live": (
        "AWS::Lambda::Alias",
        _some(
            {**_OF_WORK, "Name": "live", "FunctionVersion": "1"},
            ProvisionedConcurrencyConfig={"ProvisionedConcurrentExecutions": 2},
        ),
    ),
    "Rest": ("AWS::ApiGateway::RestApi", _some({"Body": _BODY}, Name="a")),
    "Stage": (
        "AWS::ApiGateway::Stage",
        _some({"RestApiId": {"Ref": "Rest"}, "StageName": "live"}, Variables={"host": "x"}, Description="a"),
    ),
    "Get": (
        "AWS::ApiGateway::Method",
        _some(
            _METHOD,
            AuthorizationType=_any("NONE", "AWS_IAM"),
            ApiKeyRequired=_any(True, False),
            RequestParameters={"method.request.querystring.q": True},
        ),
    ),
    "Http": ("AWS::ApiGatewayV2::Api", _some({"ProtocolType": "HTTP"}, Name="http", Description="a")),
    "Route": (
        "AWS::ApiGatewayV2::Route",
        _some(_ROUTE, AuthorizationType=_any("NONE", "JWT"), AuthorizerId={"Ref": "Jwt"}),
    ),
    "Proxy": (
        "AWS::ApiGatewayV2::Integration",
        _some(_INTEGRATION, PayloadFormatVersion="2.0", TimeoutInMillis=3000),
    ),
    "Url": ("AWS::Lambda::Url", st.just({"TargetFunctionArn": _ARN, "AuthType": "NONE"})),
    "Other": ("AWS::Somebody::Else", _some(Anything={"a": [1, {"b": "c"}]})),
    "Node": ("AWS::Lambda::Function", st.just(_NODE)),
}
# The resources that others refer to, and those that are there in any case.
_NEEDED = {"Stage": ("Rest",), "Route": ("Http", "Proxy"), "Proxy": ("Http",)}
_ALWAYS = {
    "Queue": "AWS::SQS::Queue",
    "Table": "AWS::DynamoDB::Table",
    "Role": "AWS::IAM::Role",
    "Native": "AWS::ApiGateway::RestApi",
    "Jwt": "AWS::ApiGatewayV2::Authorizer",
}
_OF_RESOURCES = _some(DependsOn="Queue", DeletionPolicy="Retain", Metadata={"a": "b"})


@st.composite
def _resources(draw: st.DrawFn) -> _Tree:
    drawn = draw(st.sets(st.sampled_from(sorted(_RESOURCES)), max_size=8))
    made: _Tree = {}
    for name in sorted(drawn.union(*(_NEEDED.get(name, ()) for name in drawn))):
        kind, properties = _RESOURCES[name]
        made[name] = {"Type": kind, "Properties": draw(properties), **draw(_OF_RESOURCES)}
    return made


def _sections(resources: Mapping[str, Any]) -> _Tree:
    """A template around resources, with everything that they may refer to."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {"Seconds": {"Type": "Number", "Default": 7}, "Unused": {"Type": "String"}},
        "Conditions": {"Yes": {"Fn::Equals": ["a", "a"]}},
        "Outputs": {"Work": {"Value": _ARN}},
        "Resources": {**{name: {"Type": kind} for name, kind in _ALWAYS.items()}, **resources},
    }


@st.composite
def _cloudformation(draw: st.DrawFn) -> _Tree:
    own = {"Runtime": "python3.13", "Handler": "app.handler", "Code": "src/"}
    layer = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": "layer/"}}
    work = {"Type": "AWS::Lambda::Function", "Properties": {**own, **draw(_FUNCTION)}}
    tree = _sections({"Work": work, "Deps": layer, **draw(_resources())})
    odd = {name: _with_oddities(draw, each) for name, each in tree["Resources"].items()}
    return {**tree, "Resources": odd}


_EVENTS = {
    "List": {"Type": "Api", "Properties": {"Path": "/list", "Method": "get"}},
    "Http": {"Type": "HttpApi", "Properties": {"Path": "/http", "Method": "get"}},
    "Hourly": {"Type": "Schedule", "Properties": {"Schedule": "rate(1 hour)", "Input": "{}"}},
    "Jobs": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}, "BatchSize": 5}},
    "Unknown": {"Type": "Cognito", "Properties": {"UserPool": {"Ref": "Pool"}, "Trigger": "PreSignUp"}},
}
_PEOPLE = {"Authorizers": {"People": {"UserPoolArn": {"Fn::GetAtt": ["Pool", "Arn"]}}}}
_API = _some(
    {"StageName": "Prod"},
    Name="own",
    Auth=_any(_PEOPLE, {**_PEOPLE, "DefaultAuthorizer": "People"}),
    TracingEnabled=True,
    DefinitionBody=_BODY,
)
_START = {"Type": "Api", "Properties": {"Path": "/start", "Method": "post"}}
_STEPS = {"DefinitionUri": "steps.json", "Events": {"Start": _START}}
_MORE_OF_SAM = _some(
    Own=_API.map(lambda each: {"Type": "AWS::Serverless::Api", "Properties": each}),
    Small={"Type": "AWS::Serverless::SimpleTable"},
    Steps={"Type": "AWS::Serverless::StateMachine", "Properties": _STEPS},
)


@st.composite
def _sam(draw: st.DrawFn) -> _Tree:
    own = {"Runtime": "python3.13", "Handler": "app.handler", "CodeUri": "src/"}
    shared = _some(Timeout=9, MemorySize=256, Tracing="Active", Environment={"Variables": {"A_B": "c"}})
    names = draw(st.sets(st.sampled_from(sorted(_EVENTS)), max_size=3))
    events = {"Events": {name: _EVENTS[name] for name in sorted(names)}} if names else {}
    more = draw(_some(Policies=["AWSLambdaExecute"], FunctionUrlConfig={"AuthType": "NONE"}))
    resources = {
        "Work": {
            "Type": "AWS::Serverless::Function",
            "Properties": {**own, **draw(shared), **more, **events},
        },
        "Deps": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "layer/"}},
        "Pool": {"Type": "AWS::Cognito::UserPool"},
        **draw(_MORE_OF_SAM),
    }
    globals_ = draw(_some(Function=shared, Api=_some(Name="shop")))
    return {**_sections(resources), "Transform": "AWS::Serverless-2016-10-31", "Globals": globals_}


_EVENTS_OF_SERVICES = _any(
    {"http": "GET /a"},
    {"http": {"path": "b", "method": "post", "cors": True}},
    {"http": {"path": "c", "method": "get", "private": True, "authorizer": "gate"}},
    {"httpApi": "GET /d"},
    {"httpApi": "*"},
    {"schedule": "rate(1 hour)"},
    {"sqs": {"arn": "arn:aws:sqs:eu-west-1:123456789012:jobs", "batchSize": 5}},
    {"somebody": {"else": 1}},
)
_SERVICE_FUNCTION = _some(
    {"handler": "app.handler"},
    timeout=9,
    memorySize="${self:custom.memory}",
    environment=_some(TABLE="${self:custom.table}", STAGE="${sls:stage}", OTHER="${env:OTHER, 'x'}"),
    events=st.lists(_EVENTS_OF_SERVICES, max_size=3, unique_by=json.dumps),
    reservedConcurrency=2,
    tags={"a": "b"},
    onError="arn:aws:sns:eu-west-1:123456789012:t",
)
_PROVIDER = _some(
    {"name": "aws", "runtime": "python3.13", "region": "eu-west-1"},
    stage="dev",
    timeout=20,
    environment={"ALL": "1"},
    tracing={"lambda": True},
    apiGateway={"binaryMediaTypes": ["image/png"]},
    httpApi={"cors": True},
)
_TABLE = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}}, "Outputs": {"A": {"Value": "b"}}}


@st.composite
def _serverless(draw: st.DrawFn) -> _Tree:
    functions = {"gate": {"handler": "app.handler"}, "work": draw(_SERVICE_FUNCTION)}
    more = draw(_some(plugins=["serverless-offline"], package={"patterns": ["!tests/**"]}, resources=_TABLE))
    odd = {
        "provider": _with_oddities(draw, draw(_PROVIDER)),
        "custom": _with_oddities(draw, {"memory": 256, "table": "orders", "unused": {"a": 1}}),
    }
    own = {name: _with_oddities(draw, each) for name, each in functions.items()}
    return {"service": "shop", **odd, "functions": own, **more}


def _check(tree: Mapping[str, Any], name: str, code: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "shop", name)
        files = {f"{code}app.py": HANDLER, "layer/python/a.py": ""}
        write_files(source.parent, {**files, name: json.dumps(tree, indent=1)})
        done = import_file(source)
        # Some of these APIs do not fit into one stage.
        assert all("choose with --api" in each for each in done.problems)
        assert done.into.exists() is not bool(done.problems)
        assume(not done.problems)
        assert done.strays() == []
        classes: dict[tuple[str, str], set[str]] = {}
        for each in done.report["entries"]:
            classes.setdefault((each["file"], each["path"]), set()).add(each["class"])
        assert [place for place, found in classes.items() if len(found) > 1] == []
        written = _contents(done.into)
        assert (import_file(source).changed, _contents(done.into)) == ((), written)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@_seldom
@given(_cloudformation())
def test_a_template_is_told_of_key_by_key(tree: _Tree) -> None:
    _check(tree, "template.json", "src/")


@_seldom
@given(_sam())
def test_a_sam_template_is_told_of_key_by_key(tree: _Tree) -> None:
    _check(tree, "template.json", "src/")


@_seldom
@given(_serverless())
def test_a_service_is_told_of_key_by_key(tree: _Tree) -> None:
    _check(tree, "serverless.json", "")
