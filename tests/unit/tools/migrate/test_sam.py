"""SAM templates: translated by AWS's translator, and every part led back to its author's keys."""

import logging
import sys

import pytest

from berth.tools.migrate.cloudformation.reading import read_functions
from kit.tables import for_each
from kit.templates import open_files, refusal, shown

_SHOP = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Env: {Type: String, Default: test}
  PoolArn: {Type: String, Default: "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/one"}
  Secret: {Type: String, NoEcho: true, Default: change-me}
Globals:
  Function:
    Runtime: python3.13
    Timeout: 10
    CodeUri: src/
    Layers: [!Ref Common]
    Environment: {Variables: {SHARED: "yes", COUNT: 3, OVER: globals, FLAG: yes}}
  Api:
    Cors: "'*'"
Resources:
  Common:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layers/common, RetentionPolicy: Retain}
  Table: {Type: AWS::Serverless::SimpleTable}
  Queue: {Type: AWS::SQS::Queue}
  Bucket: {Type: AWS::S3::Bucket}
  Shop:
    Type: AWS::Serverless::Api
    Properties:
      StageName: Prod
      Variables: {color: blue}
      Auth:
        DefaultAuthorizer: People
        AddDefaultAuthorizerToCorsPreflight: false
        Authorizers:
          People: {UserPoolArn: !Ref PoolArn}
          Door: {FunctionArn: !Sub "arn:aws:lambda:${AWS::Region}:111122223333:function:${Env}-gate"}
  Orders:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Connectors: {Read: {Properties: {Destination: {Id: Table}, Permissions: [Read]}}}
    Properties:
      Handler: app.handler
      Description: all of it
      AutoPublishAlias: live
      PermissionsBoundary: arn:aws:iam::111122223333:policy/edge
      Layers: ["arn:aws:lambda:eu-west-1:111122223333:layer:extra:1"]
      Environment: {Variables: {OVER: own, ENV: !Ref Env}}
      Policies:
        - DynamoDBReadPolicy: {TableName: !Ref Table}
        - AWSLambdaExecute
      EventInvokeConfig: {MaximumRetryAttempts: 0}
      Events:
        List: {Type: Api, Properties: {Path: /orders, Method: get, RestApiId: !Ref Shop}}
        Make:
          Type: Api
          Properties: {Path: /orders, Method: post, RestApiId: !Ref Shop, Auth: {Authorizer: NONE}}
        Free: {Type: Api, Properties: {Path: /free, Method: any}}
        Work: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn, BatchSize: 5, Enabled: false}}
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
        Files: {Type: S3, Properties: {Bucket: !Ref Bucket, Events: "s3:ObjectCreated:*"}}
  Plain:
    Type: AWS::Serverless::Function
    IgnoreGlobals: [CodeUri, Layers]
    Properties: {Handler: app.handler}
  Boxed:
    Type: AWS::Serverless::Function
    IgnoreGlobals: "*"
    Properties: {PackageType: Image}
    Metadata: {DockerContext: boxed, Dockerfile: Dockerfile}
"""
# A path below Resources in the translated template, and the path in the SAM template that it leads back to.
# `R` stands for Resources, `G` for Globals, `.P.` for `.Properties.`.
_ORIGINS = """
Orders                                         R.Orders
Orders.P.Handler                               R.Orders.P.Handler
Orders.P.Runtime                               G.Function.Runtime
Orders.P.Timeout                               G.Function.Timeout
Orders.P.Code                                  G.Function.CodeUri
Plain.P.Code                                   R.Plain.P.CodeUri
Orders.P.Environment.Variables.SHARED          G.Function.Environment.Variables.SHARED
Orders.P.Environment.Variables.COUNT           G.Function.Environment.Variables.COUNT
Orders.P.Environment.Variables.FLAG            G.Function.Environment.Variables.FLAG
Orders.P.Environment.Variables.OVER            R.Orders.P.Environment.Variables.OVER
Orders.P.Layers.0                              G.Function.Layers[0]
Orders.P.Layers.1                              R.Orders.P.Layers[0]
Orders.P.Role                                  R.Orders.P.Policies
OrdersRole                                     R.Orders.P.Policies
OrdersRole.P.Policies.0                        R.Orders.P.Policies[0]
OrdersRole.P.ManagedPolicyArns.1               R.Orders.P.Policies[1]
OrdersRole.P.PermissionsBoundary               R.Orders.P.PermissionsBoundary
PlainRole                                      R.Plain.P.Role
OrdersAliaslive                                R.Orders.P.AutoPublishAlias
OrdersEventInvokeConfig.P.MaximumRetryAttempts R.Orders.P.EventInvokeConfig.MaximumRetryAttempts
OrdersWork                                     R.Orders.P.Events.Work
OrdersWork.P.EventSourceArn                    R.Orders.P.Events.Work.P.Queue
OrdersWork.P.BatchSize                         R.Orders.P.Events.Work.P.BatchSize
OrdersWork.P.Enabled                           R.Orders.P.Events.Work.P.Enabled
OrdersNightly.P.ScheduleExpression             R.Orders.P.Events.Nightly.P.Schedule
OrdersNightlyPermission                        R.Orders.P.Events.Nightly.Type
Bucket.P.NotificationConfiguration.LambdaConfigurations.0 R.Orders.P.Events.Files
Common.P.Content                               R.Common.P.ContentUri
Shop.P.Body.paths./orders.get                  R.Orders.P.Events.List
Shop.P.Body.paths./orders.post.security        R.Orders.P.Events.Make.P.Auth
Shop.P.Body.securityDefinitions.People         R.Shop.P.Auth.Authorizers.People
Shop.P.Body.paths./orders.options              G.Api.Cors
ShopProdStage.P.Variables.color                R.Shop.P.Variables.color
ServerlessRestApi.P.Body.paths./free.x-amazon-apigateway-any-method R.Orders.P.Events.Free
ServerlessRestApi.P.Body.paths./free.options   G.Api.Cors
"""
_FUNCTION = "{Handler: a.b, Runtime: python3.13"


def _template(resources: str, sections: str = "") -> dict[str, str]:
    return {"t.yaml": f"Transform: AWS::Serverless-2016-10-31\n{sections}Resources:\n{resources}"}


def _function(properties: str, name: str = "One") -> str:
    return f"  {name}: {{Type: AWS::Serverless::Function, Properties: {properties}}}\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return open_files(tmp_path_factory.mktemp("shop"), {"template.yaml": _SHOP}, "template.yaml")


@for_each("line", _ORIGINS.strip().splitlines())
def test_every_part_leads_back_to_the_key_that_made_it(shop, line):
    path, place = (each.replace(".P.", ".Properties.") for each in line.split())
    keys = [int(key) if key.isdigit() else key for key in path.split(".")]
    section = {"R": "Resources", "G": "Globals"}[place[0]]
    assert shop.place("Resources", *keys) == f"template.yaml: {section}{place[1:]}"


def test_a_part_without_a_key_of_its_own_covers_no_other_key(shop):
    made = [name for name in shop.stack.template.resources if f"\n  {name}:" not in _SHOP]
    places = {shop.place("Resources", name).removeprefix("template.yaml: ") for name in made}
    assert len(made) == 19
    assert (
        places & {"Resources.Orders", "Resources.Orders.Properties", "Resources.Shop", "Globals.Api"} == set()
    )


def test_code_and_layers_stay_as_they_were_written(shop):
    template = shop.stack.template
    assert template.code == {"Common": "layers/common", "Orders": "src/"}
    assert template.resources["Orders"]["Layers"][0] == {"Ref": "Common"}
    assert template.resources["Common"].type == "AWS::Lambda::LayerVersion"
    assert template.resources["Orders"].metadata == {"BuildMethod": "makefile"}
    assert template.resources["Boxed"].metadata["DockerContext"] == "boxed"


def test_globals_count_where_a_function_has_no_value_of_its_own(shop):
    expected = {"SHARED": "yes", "COUNT": 3, "OVER": "own", "FLAG": True, "ENV": "${deployed.Env}"}
    assert shop.variables("Orders") == expected


def test_a_scalar_of_yaml_1_1_keeps_the_text_of_its_author(shop):
    written = shop.stack.template.resources["Orders"]["Environment"]["Variables"]["FLAG"]
    assert (written, written.value) == ("yes", True)


def test_references_in_what_the_translator_resolves_come_back(shop):
    definitions = shop.stack.template.resources["Shop"]["Body"]["securityDefinitions"]
    found = {name: shop.stack.evaluator.evaluate(definitions[name]) for name in ("People", "Door")}
    people, door = (each["x-amazon-apigateway-authorizer"] for each in found.values())
    assert [shown(each) for each in people["providerARNs"]] == ["${deployed.PoolArn}"]
    assert shown(door["authorizerUri"]).endswith(
        "functions/arn:aws:lambda:${deployed.AWS::Region}:111122223333:function:${deployed.Env}-gate/invocations"
    )


def test_the_default_of_a_secret_parameter_is_nowhere(shop):
    assert "change-me" not in repr({**shop.stack.template.body, "Parameters": {}})


@for_each(
    "path, title",
    [
        ("Transform", "carried"),
        ("Resources.Orders.Properties.AutoPublishAlias", "not carried"),
        ("Resources.Orders.Connectors", "elsewhere"),
        ("Resources.Orders.Properties.PermissionsBoundary", "elsewhere"),
        ("Resources.Plain.IgnoreGlobals", "carried"),
        ("Resources.Orders.Metadata.BuildMethod", "carried"),
        ("Resources.Boxed.Metadata.DockerContext", "carried"),
        ("Resources.Shop.Properties.Auth.DefaultAuthorizer", "carried"),
        ("Resources.Shop.Properties.Auth.AddDefaultAuthorizerToCorsPreflight", "left out"),
        ("Resources.Common.Properties.RetentionPolicy", "elsewhere"),
    ],
)
def test_keys_of_sam_that_leave_no_trace_are_noted(shop, path, title):
    assert path in shop.notes(title)


def test_a_global_value_that_no_function_takes_is_left_out(tmp_path):
    shared = "{Runtime: python3.13, Environment: {Variables: {A: one, B: two}}, MemorySize: 512}"
    own = "{Handler: a.b, MemorySize: 128, Environment: {Variables: {A: own}}}"
    files = _template(_function(own), f"Globals: {{Function: {shared}}}\n")
    left_out = open_files(tmp_path, files, "t.yaml").notes("left out")
    assert sorted(left_out) == ["Globals.Function.Environment.Variables.A", "Globals.Function.MemorySize"]


def test_the_parts_of_a_conditional_implicit_api_lead_back_after_evaluation(tmp_path):
    function = """\
  One:
    Type: AWS::Serverless::Function
    Condition: On
    Properties:
      Handler: a.b
      Runtime: python3.13
      Events: {Get: {Type: Api, Properties: {Path: /a, Method: get}}}
"""
    opened = open_files(tmp_path, _template(function, "Conditions: {On: !Equals [a, a]}\n"), "t.yaml")
    body = opened.stack.evaluator.evaluate(opened.stack.template.resources["ServerlessRestApi"]["Body"])
    assert list(body["paths"]["/a"]) == ["get"]
    place = opened.place("Resources", "ServerlessRestApi", "Properties", "Body", "paths", "/a", "get")
    assert place == "t.yaml: Resources.One.Properties.Events.Get"


@for_each(
    "properties, problem",
    [
        (
            "{Runtime: python3.13}",
            ": Runtime and Handler needs to be present when PackageType is of type `Zip`",
        ),
        (f"{_FUNCTION}, Nope: 1}}", ".Nope: property Nope not defined for resource of type"),
        (
            f"{_FUNCTION}, Events: {{E: {{Type: Api, Properties: {{Method: get}}}}}}}}",
            ".Events.E.Properties: Property 'Path' is required.",
        ),
        (
            f"{_FUNCTION}, Events: {{E: {{Type: Api, Properties: {{Path: !Sub '/${{X}}', Method: get}}}}}}}}",
            ".Events.E.Properties.Path: ",
        ),
    ],
)
def test_what_the_translator_refuses_is_a_problem_with_its_place(tmp_path, properties, problem):
    text = refusal(tmp_path, _template(_function(properties)), "t.yaml")
    assert text.startswith(f"t.yaml:3: Resources.One.Properties{problem}")


def test_every_refusal_is_in_one_report(tmp_path):
    text = refusal(
        tmp_path, _template(_function("{Handler: a}") + _function("{Handler: a}", "Two")), "t.yaml"
    )
    assert [line.split(": ")[1] for line in text.splitlines()] == [
        "Resources.One.Properties",
        "Resources.Two.Properties",
    ]


def test_where_the_translator_fails_the_resource_is_named(tmp_path):
    bad = "  Two: {Type: AWS::Serverless::Function, IgnoreGlobals: [{a: b}], Properties: {}}\n"
    files = _template(_function("{Handler: a.b}") + bad, "Globals: {Function: {Runtime: python3.13}}\n")
    words = "unhashable type: 'dict'"
    if sys.version_info >= (3, 14):
        words = f"cannot use 'dict' as a dict key ({words})"
    assert refusal(tmp_path, files, "t.yaml") == (
        f"t.yaml:5: Resources.Two: AWS's translator of SAM fails on it: TypeError: {words}"
    )


def test_the_translator_writes_no_log_lines(tmp_path, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        refusal(tmp_path, _template(_function("{}")), "t.yaml")
    assert [each for each in caplog.records if each.name.startswith("samtranslator")] == []
    assert capfd.readouterr() == ("", "")


def test_types_that_are_not_served_stay_and_are_noted(tmp_path):
    resources = """\
  Steps:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: steps.json
      Events:
        Start: {Type: Api, Properties: {Path: /start, Method: post}}
        Daily: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
  Chat: {Type: AWS::Serverless::WebSocketApi, Properties: {}}
  Link: {Type: AWS::Serverless::Connector, Properties: {}}
"""
    opened = open_files(tmp_path, _template(resources), "t.yaml")
    started = "POST /start of the REST API starts a state machine: the route stays on API Gateway"
    assert opened.stack.template.resources["Steps"].type == "AWS::StepFunctions::StateMachine"
    assert opened.notes("not carried") == {
        "Resources.Steps.Properties.Events.Start": started,
        "Resources.Chat": "WebSocket APIs are not served: their routes stay on API Gateway",
    }
    assert set(opened.notes("elsewhere")) == {"Resources.Steps.Properties.Events.Daily", "Resources.Link"}


def test_events_of_an_api_with_a_document_of_its_own_add_no_route(tmp_path):
    get = "{Type: Api, Properties: {Path: /a, Method: get, RestApiId: !Ref Shop}}"
    other = "{Type: Api, Properties: {Path: /b, Method: get, RestApiId: !Ref Other}}"
    document = "{swagger: '2.0', info: {}, paths: {/a: {get: {responses: {}}}}}"
    api = f"{{StageName: Prod, DefinitionBody: {document}}}"
    resources = (
        _function(f"{_FUNCTION}, Events: {{Get: {get}, Other: {other}}}}}")
        + f"  Shop: {{Type: AWS::Serverless::Api, Properties: {api}}}\n"
        + "  Other: {Type: AWS::ApiGateway::RestApi}\n"
    )
    opened = open_files(tmp_path, _template(resources), "t.yaml")
    place = opened.place("Resources", "Shop", "Properties", "Body", "paths", "/a", "get")
    assert place == "t.yaml: Resources.Shop.Properties.DefinitionBody.paths./a.get"
    events = "Resources.One.Properties.Events"
    assert opened.notes("carried")[f"{events}.Get"] == "its routes are those of the document of Shop"
    assert f"{events}.Other" in opened.notes("left out")


def test_what_the_translator_names_has_the_name_that_its_author_uses(tmp_path):
    one = _function(f"{_FUNCTION}, AutoPublishAlias: live}}")
    variables = '{A: !Ref One.Alias, V: !Ref One.Version, S: !Sub "${One.Alias}!", STAGE: !Ref Shop.Stage}'
    two = _function(f"{_FUNCTION}, Environment: {{Variables: {variables}}}}}", "Two")
    shop = "  Shop: {Type: AWS::Serverless::Api, Properties: {StageName: Prod, DefinitionUri: 's3://b/k'}}\n"
    opened = open_files(tmp_path, _template(one + two + shop), "t.yaml")
    assert opened.variables("Two") == {
        "A": "${deployed.One.Alias}",
        "V": "${deployed.One.Version}",
        "S": "${deployed.One.Alias}!",
        "STAGE": "${deployed.Shop.Stage}",
    }


def test_a_template_that_sam_build_wrote_asks_for_no_build(tmp_path):
    function = (
        "  One: {Type: AWS::Serverless::Function, Metadata: {BuildMethod: makefile, SamResourceId: One}}\n"
    )
    files = _template(
        function.replace("SamResourceId: One}", f"SamResourceId: One}}, Properties: {_FUNCTION}}}")
    )
    built = {".aws-sam/build/t.yaml": files["t.yaml"]}
    metadata = open_files(tmp_path, built, ".aws-sam/build/t.yaml").stack.template.resources["One"].metadata
    assert metadata == {"SamResourceId": "One"}


def test_cors_of_an_http_api_may_be_a_parameter(tmp_path):
    front = "  Front: {Type: AWS::Serverless::HttpApi, Properties: {CorsConfiguration: !Ref Cors}}\n"
    files = _template(front, "Parameters: {Cors: {Type: String, Default: true}}\n")
    body = open_files(tmp_path, files, "t.yaml").stack.template.resources["Front"]["Body"]
    assert body["x-amazon-apigateway-cors"] == {"allowOrigins": ["*"]}


def test_paths_are_in_the_order_of_the_template(tmp_path):
    events = [f"E{name}: {{Type: Api, Properties: {{Path: /{name}, Method: get}}}}" for name in "zebra"]
    files = _template(_function(f"{_FUNCTION}, Events: {{{', '.join(events)}}}}}"))
    body = open_files(tmp_path, files, "t.yaml").stack.template.resources["ServerlessRestApi"]["Body"]
    assert list(body["paths"]) == ["/z", "/e", "/b", "/r", "/a"]


def test_what_only_a_function_that_is_not_imported_takes_of_the_globals_is_left_out(tmp_path):
    shared = "{Handler: a.b, Runtime: python3.13, Environment: {Variables: {A: one, B: !Ref Table}}}"
    functions = _function("{Environment: {Variables: {A: own, B: own}}}") + _function(
        "{Runtime: nodejs22.x}", "Two"
    )
    table = "  Table: {Type: AWS::DynamoDB::Table}\n"
    opened = open_files(
        tmp_path, _template(functions + table, f"Globals: {{Function: {shared}}}\n"), "t.yaml"
    )
    read_functions(opened.stack)
    variables = "Globals.Function.Environment.Variables"
    assert opened.notes("left out") == {
        "Resources.Two": "Two nodejs22.x: only Python functions are served",
        "Globals.Function.Handler": "Two takes it, which is not imported",
        f"{variables}.A": "Two takes it, which is not imported",
        f"{variables}.B.Ref": "Two takes it, which is not imported",
    }
    assert opened.notes("carried")["Globals.Function.Runtime"] == "runtime"


def test_globals_that_say_nothing_are_no_problem(tmp_path):
    function = {"InlineCode": "x = 1", "Handler": "index.h", "Runtime": "python3.13"}
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Globals": {"Function": {}},
        "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": function}},
    }
    opened = open_files(tmp_path, {"template.json": template})
    assert (opened.ids(), opened.findings.problems) == (["F"], [])
