"""HTTP APIs: routes and integrations, OpenAPI documents, quick create; WebSocket APIs are told of."""

from berth.tools.migrate.model.application import FunctionReference
from berth.tools.migrate.model.values import plain
from kit.migrated_apis import lambda_uri, read_text, shown_routes, unmarked
from kit.tables import for_each

_URI = f'!Sub "{lambda_uri("${Work.Arn}")}"'
_BASE = """
Parameters:
  Method: {Type: String, Default: GET}
Resources:
  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Client: {Type: AWS::Cognito::UserPoolClient}
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: shop, ProtocolType: HTTP, API}}
  Call:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      {ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: URI, PayloadFormatVersion: "2.0"}
  Login:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: login
      AuthorizerType: JWT
      IdentitySource: [$request.header.Authorization]
      JwtConfiguration: {Issuer: !Sub "https://${AWS::Region}.example", Audience: [!Ref Client]}
  Session:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: session
      AuthorizerType: REQUEST
      AuthorizerUri: URI
      AuthorizerPayloadFormatVersion: 2.0
      AuthorizerResultTtlInSeconds: 60
      EnableSimpleResponses: true
      IdentitySource: [$request.header.Cookie, $context.routeKey]
"""
_OWN = 'Target: !Sub "integrations/${Own}"'
_TARGET = 'Target: !Sub "integrations/${Call}"'


def _read(*resources, api="Version: a", base=_BASE):
    """Read the base template with more resources: pairs of `Name Type` and properties."""
    lines = [
        f"  {head.split()[0]}: {{Type: AWS::ApiGatewayV2::{head.split()[1]}, Properties: {{{properties}}}}}"
        for head, properties in zip(resources[::2], resources[1::2], strict=True)
    ]
    return read_text((base + "\n".join(lines)).replace("URI", _URI).replace("API}", f"{api}}}"))


@for_each(
    "properties, route",
    [
        (f"RouteKey: GET /a, {_TARGET}", "GET /a Work"),
        (f"RouteKey: $default, {_TARGET}", "ANY $default Work"),
        (f"RouteKey: ANY /, {_TARGET}", "ANY / Work"),
        (f'RouteKey: "POST /{{proxy+}}", {_TARGET}', "POST /{proxy+} Work"),
        (f'RouteKey: !Sub "${{Method}} /a", {_TARGET}', "GET /a Work"),
        ("RouteKey: GET /a, Target: !Join [/, [integrations, !Ref Call]]", "GET /a Work"),
        (f"RouteKey: GET /a, {_TARGET}, AuthorizationType: NONE", "GET /a Work"),
        (f"RouteKey: GET /a, {_TARGET}, AuthorizationType: AWS_IAM", "GET /a Work by AWS_IAM"),
        (f"RouteKey: GET /a, {_TARGET}, ApiKeyRequired: true", "GET /a Work"),
        (
            f"RouteKey: GET /a, {_TARGET}, AuthorizationType: JWT, AuthorizerId: !Ref Login,"
            " AuthorizationScopes: [b, a]",
            "GET /a Work by login scopes a b",
        ),
        (
            f"RouteKey: GET /a, {_TARGET}, AuthorizationType: CUSTOM, AuthorizerId: !Ref Session",
            "GET /a Work by session",
        ),
        (f"RouteKey: GET /a, {_TARGET}, AuthorizationType: JWT", "GET /a Work by unknown-authorizer"),
        (f"RouteKey: GET /a, {_TARGET}, AuthorizerId: !Ref Login", "GET /a Work by NONE-or-Login"),
    ],
)
def test_routes(properties, route):
    read = _read("Get Route", f"ApiId: !Ref Api, {properties}")
    assert shown_routes(read.api) == [route], read.report()
    assert (read.api.routes[0].payload_format_version, read.problems) == ("2.0", [])


def test_authorizers():
    authorizers = _read().api.authorizers
    function = authorizers["session"]["function"]
    assert plain({**authorizers, "session": {**authorizers["session"], "function": str(function)}}) == {
        "login": {
            "type": "JWT",
            "issuer": "https://${deployed.AWS::Region}.example",
            "audience": ["${deployed.Client}"],
            "identitySource": ["$request.header.Authorization"],
        },
        "session": {
            "type": "REQUEST",
            "function": str(FunctionReference("Work")),
            "identitySource": ["$request.header.Cookie", "$context.routeKey"],
            "payloadFormatVersion": "2.0",
            "resultTtlInSeconds": 60,
            "enableSimpleResponses": True,
        },
    }


@for_each(
    "key, integration, told",
    [
        ("GET /a/", "", "GET /a/: an HTTP API tells this path from the one without the slash"),
        ("GET /a b", "", "GET /a b: Berth cannot have it"),
        ("CONNECT /a", "", "CONNECT /a: Berth cannot have it"),
        (
            "GET /a",
            "IntegrationType: HTTP_PROXY, IntegrationUri: https://x.example",
            "GET /a integration: HTTP_PROXY https://x.example",
        ),
        (
            "GET /a",
            "IntegrationType: AWS_PROXY, IntegrationSubtype: SQS-SendMessage",
            "GET /a integration: AWS_PROXY SQS-SendMessage",
        ),
        (
            "GET /a",
            'IntegrationType: AWS_PROXY, IntegrationUri: URI, PayloadFormatVersion: "3.0"',
            "GET /a: Berth has no payload format version 3.0",
        ),
    ],
)
def test_routes_that_are_not_carried_are_told_of(key, integration, told):
    target = _OWN if integration else _TARGET
    own = ("Own Integration", f"ApiId: !Ref Api, {integration}") if integration else ()
    read = _read(*own, "Get Route", f"ApiId: !Ref Api, RouteKey: {key}, {target}")
    assert read.api.routes == ()
    assert read.told("not carried: ", "Resources.Get.Properties", told), read.report()
    assert not own or read.told("not carried: ", "Resources.Own", "no route that is carried leads to it")


def test_a_target_outside_the_source_is_not_carried():
    read = _read("Get Route", "ApiId: !Ref Api, RouteKey: GET /a, Target: integrations/abc")
    assert read.told("not carried: ", "GET /a: it has no integration"), read.report()


def test_a_version_that_nobody_says_is_open():
    own = ("Own Integration", "ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: URI")
    read = _read(*own, "Get Route", f"ApiId: !Ref Api, RouteKey: GET /a, {_OWN}")
    assert read.api.routes[0].payload_format_version == "2.0"
    assert read.told("open: ", "Resources.Own", "GET /a: the source does not say the payload format version")


@for_each(
    "uri, function",
    [
        ("!GetAtt Work.Arn", "Work"),
        ('!Sub "${Work.Arn}:live"', "Work"),
        ("!Ref Live", "Work"),
        ('!Sub "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${Work}"', "Work"),
    ],
)
def test_an_integration_may_name_the_function_itself(uri, function):
    base = f"{_BASE}  Live: {{Type: AWS::Lambda::Alias, Properties: {{FunctionName: !Ref Work}}}}\n"
    own = ("Own Integration", f"ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: {uri}")
    route = ("Get Route", f"ApiId: !Ref Api, RouteKey: GET /a, {_OWN}")
    read = _read(*own, *route, base=base)
    assert shown_routes(read.api) == [f"GET /a {function}"], read.report()


@for_each(
    "properties, stage, variables",
    [
        ("ApiId: !Ref Api, StageName: $default", "$default", {}),
        ("ApiId: !Ref Api, StageName: v1, StageVariables: {a: b}", "v1", {"a": "b"}),
        ("ApiId: abc, StageName: v1", "", {}),
    ],
)
def test_the_stage(properties, stage, variables):
    api = _read("Own Stage", properties).api
    assert (api.stage, {name: str(text) for name, text in api.stage_variables.items()}) == (stage, variables)


@for_each(
    "cors, found",
    [
        (
            '{AllowOrigins: ["https://a.example", "https://b.example"], AllowMethods: [GET],'
            ' AllowHeaders: ["*"], ExposeHeaders: [x-a], AllowCredentials: true, MaxAge: 60}',
            {
                "allowOrigins": ["https://a.example", "https://b.example"],
                "allowMethods": ["GET"],
                "allowHeaders": ["*"],
                "exposeHeaders": ["x-a"],
                "allowCredentials": True,
                "maxAge": 60,
            },
        ),
        ('{AllowOrigins: ["*"], MaxAge: -1}', {"allowOrigins": ["*"]}),
        ('{AllowOrigins: ["not an origin"]}', None),
        ("{AllowMethods: [GET]}", None),
    ],
)
def test_cors(cors, found):
    read = _read(api=f"CorsConfiguration: {cors}")
    assert read.api.cors == found
    assert read.told("carried: " if found else "open: ", "CorsConfiguration", "[" if found else "[cors]")


_QUICK = """
Resources:
  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Target: !GetAtt Work.Arn, MORE}}
"""


@for_each(
    "properties, route",
    [
        ("Name: a", "ANY $default Work"),
        ("RouteKey: GET /a", "GET /a Work"),
    ],
)
def test_quick_create(properties, route):
    read = read_text(_QUICK.replace("MORE", properties))
    assert (read.api.stage, shown_routes(read.api)) == ("$default", [route]), read.report()
    assert read.api.routes[0].payload_format_version == "2.0"
    assert read.told("open: ", "Resources.Api.Properties.Target", "payload format version; 2.0 is taken")


def test_overrides_of_a_quick_create_count():
    overrides = """
  Overrides:
    Type: AWS::ApiGatewayV2::ApiGatewayManagedOverrides
    Properties:
      ApiId: !Ref Api
      Integration: {PayloadFormatVersion: "1.0"}
      Route: {AuthorizationType: AWS_IAM}
      Stage: {StageVariables: {a: b}, AutoDeploy: true}
"""
    read = read_text(_QUICK.replace("MORE", "Name: a") + overrides)
    assert shown_routes(read.api) == ["ANY $default Work by AWS_IAM"], read.report()
    assert read.api.routes[0].payload_format_version == "1.0"
    assert str(read.api.stage_variables["a"]) == "b"


def test_a_quick_create_of_an_address_is_not_carried():
    read = read_text(_QUICK.replace("!GetAtt Work.Arn", "https://x.example").replace("MORE", "Name: a"))
    assert read.told("not carried: ", "ANY $default integration: HTTP_PROXY https://x.example"), read.report()


_DOCUMENT = """
      openapi: 3.0.1
      x-amazon-apigateway-cors: {allowOrigins: ["*"], maxAge: 5}
      components:
        x-amazon-apigateway-integrations:
          call: {type: AWS_PROXY, httpMethod: POST, uri: URI, payloadFormatVersion: "1.0"}
        securitySchemes:
          iam: {x-amazon-apigateway-authtype: awsSigv4}
          key: {type: apiKey, name: x-api-key, in: header}
          login:
            type: oauth2
            x-amazon-apigateway-authorizer:
              {type: jwt, identitySource: $request.header.Authorization,
               jwtConfiguration: {issuer: "https://a.example", audience: [a]}}
      paths:
        $default: {x-amazon-apigateway-any-method: {isDefaultRoute: true, OK}}
        /a:
          get: {OK, security: [{login: [b]}], parameters: [{in: query, name: q, required: true}]}
          post: {OK, security: [{key: []}]}
          put: {OK, security: [{iam: []}]}
        /b/: {get: {OK}}
"""


def test_a_document():
    integration = (
        "x-amazon-apigateway-integration: {$ref: '#/components/x-amazon-apigateway-integrations/call'}"
    )
    text = f"""
Resources:
  Work: {{Type: AWS::Lambda::Function, Properties: {{Runtime: python3.13}}}}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties:
     Body:{_DOCUMENT.replace("OK", integration).replace("URI", _URI)}
"""
    read = read_text(text)
    assert shown_routes(read.api) == [
        "ANY $default Work",
        "GET /a Work by login scopes b",
        "POST /a Work by key",
        "PUT /a Work by AWS_IAM",
    ], read.report()
    assert {each.payload_format_version for each in read.api.routes} == {"1.0"}
    assert (list(read.api.authorizers), read.api.cors) == (["login"], {"allowOrigins": ["*"], "maxAge": 5})
    assert read.told("not carried: ", "paths./b/.get", "GET /b/: ", "its requests now reach ANY $default")
    assert read.told("open: ", "authorizers.key", "POST /a: the scheme key has no authorizer of API Gateway")
    assert unmarked(read, text) == []


def test_the_default_route_of_sams_translator():
    body = "{paths: {/$default: {x-amazon-apigateway-any-method: {OK}}}}"
    integration = (
        f"x-amazon-apigateway-integration: {{type: aws_proxy, uri: {_URI}, payloadFormatVersion: 2.0}}"
    )
    text = f"""
Resources:
  Work: {{Type: AWS::Lambda::Function, Properties: {{Runtime: python3.13}}}}
  Api: {{Type: AWS::ApiGatewayV2::Api, Properties: {{Body: {body.replace("OK", integration)}}}}}
"""
    assert shown_routes(read_text(text).api) == ["ANY $default Work"]


_ROUTE = """
  Get:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: GET /a
      Target: !Sub integrations/${Full}
      AuthorizationType: NONE
      AuthorizationScopes: []
      ApiKeyRequired: false
      OperationName: a
      ModelSelectionExpression: a
      RequestModels: {a: b}
      RequestParameters: {a: {Required: true}}
      RouteResponseSelectionExpression: a
      NewKey: 1
  Full:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: URI
      IntegrationMethod: POST
      PayloadFormatVersion: "2.0"
      CredentialsArn: r
      ConnectionType: INTERNET
      ContentHandlingStrategy: CONVERT_TO_TEXT
      Description: d
      PassthroughBehavior: NEVER
      RequestParameters: {"append:header.x": "$request.path"}
      ResponseParameters: {"200": {}}
      RequestTemplates: {a: b}
      TimeoutInMillis: 1000
      TlsConfig: {ServerNameToVerify: a}
  V1:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Api
      StageName: v1
      AccessLogSettings: {Format: a}
      AutoDeploy: true
      ClientCertificateId: a
      DefaultRouteSettings: {ThrottlingBurstLimit: 1}
      DeploymentId: a
      Description: a
      RouteSettings: {a: {}}
      StageVariables: {a-b: c}
      Tags: {a: b}
  Mapping: {Type: AWS::ApiGatewayV2::ApiMapping, Properties: {ApiId: !Ref Api, Stage: v1, DomainName: a}}
"""


def test_every_property_is_told_of():
    api = "Description: d, DisableExecuteApiEndpoint: true, FailOnWarnings: true, IpAddressType: ipv4"
    text = (_BASE + _ROUTE).replace("URI", _URI).replace("API}", f"{api}, Tags: {{a: b}}, NewKey: 1}}")
    read = read_text(text)
    unknown = ["Resources.Api.Properties.NewKey", "Resources.Get.Properties.NewKey"]
    client = "Resources.Client.Properties"
    assert [each for each in unmarked(read, text) if each != client] == unknown, read.report()
    assert read.told(
        "not carried: ", "RequestParameters", "the function gets the headers, the query and the path"
    )
    assert read.told("not carried: ", "StageVariables.a-b", "no stage variable of the name 'a-b'")


def test_a_web_socket_api_is_told_of_as_a_whole():
    text = """
Resources:
  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Chat: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET}}
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Chat, RouteKey: $connect, Target: !Sub "integrations/${Call}"}
  Call:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Chat, IntegrationType: AWS_PROXY, IntegrationUri: URI}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Chat, StageName: v1}}
""".replace("URI", _URI)
    read = read_text(text)
    assert read.apis == []
    assert unmarked(read, text) == []
    assert read.told("not carried: ", "Resources.Chat", "Berth serves no WebSockets")
    assert read.told("not carried: ", "Resources.Connect", "$connect")
    assert read.told("not carried: ", "Resources.Call", "${Work.Arn}")
