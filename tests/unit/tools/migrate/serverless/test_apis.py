"""The APIs of a serverless.yml: routes, what they ask of callers, and what their stage says."""

from pathlib import Path
from typing import Any

import pytest

from kit.imported import HANDLER, Imported, import_file, write_files
from kit.tables import for_each

_HEAD = "service: shop\nprovider:\n  name: aws\n  runtime: python3.13\n  region: eu-west-1\n"


def _import(folder: Path, *events: str, provider: str = "", more: str = "", **request: Any) -> Imported:
    """A service with a function `work` that has these events, and a function `gate` without any."""
    own = "".join(f"\n      - {each}" for each in events)
    functions = (
        f"functions:\n  gate: {{handler: app.handler}}\n  work:\n    handler: app.handler\n    events:{own}"
    )
    source = folder / "shop"
    write_files(source, {"app.py": HANDLER, "serverless.yml": f"{_HEAD}{provider}{functions}\n{more}"})
    return import_file(source / "serverless.yml", **request)


@for_each(
    "event, route",
    [
        ("http: GET orders", "GET /orders"),
        ("http: get /orders/", "GET /orders"),
        ("http: ANY /", "ANY /"),
        ('http: "ANY /{proxy+}"', "ANY /{proxy+}"),
        ("http: {path: todos, method: post}", "POST /todos"),
        ('http: {path: "a/{id}/b-c", method: any}', "ANY /a/{id}/b-c"),
        ('http: {path: a, method: "*"}', "ANY /a"),
        ("http: {path: a, method: put, integration: lambda-proxy}", "PUT /a"),
        ("http: {path: a, method: put, integration: LAMBDA_PROXY, async: true}", "PUT /a"),
        ("http: {path: a, method: get, private: true}", "GET /a key"),
        ("http: {path: a, method: get, private: false}", "GET /a"),
        ("http: {path: a, method: get, authorizer: gate}", "GET /a by gate"),
        ("http: {path: a, method: get, authorizer: aws_iam}", "GET /a by AWS_IAM"),
        ("http: {path: a, method: get, authorizer: {type: AWS_IAM}}", "GET /a by AWS_IAM"),
        ("http: {path: a, method: get, authorizer: {name: gate, scopes: [x]}}", "GET /a by gate"),
        (
            "http: {path: a, method: get, authorizer: {name: pool, type: COGNITO_USER_POOLS,"
            " arn: !GetAtt Pool.Arn, scopes: [x, y]}}",
            "GET /a by pool scopes x y",
        ),
        (
            "http: {path: a, method: get,"
            " authorizer: 'arn:aws:cognito-idp:eu-west-1:123456789012:userpool/p1'}",
            "GET /a by p1",
        ),
        (
            "http: {path: a, method: get, authorizer: {type: CUSTOM, authorizerId: !Ref Own}}",
            "GET /a by own",
        ),
        (
            "http: {path: a, method: get, authorizer: {type: CUSTOM, authorizerId: abc}}",
            "GET /a by abc",
        ),
        (
            "http: {path: 'a/{id}', method: get, request: {parameters: {paths: {id: true},"
            " querystrings: {q: {required: true}, r: false}, headers: {h: {mappedValue: x}}}}}",
            "GET /a/{id} needs method.request.querystring.q method.request.header.h method.request.path.id",
        ),
        (
            "http: {path: a, method: post, request: {schemas: {application/json: order}}}",
            "POST /a models application/json",
        ),
        (
            "http: {path: a, method: post, request: {schema: {application/json: {type: object}}}}",
            "POST /a models application/json",
        ),
        ("httpApi: '*'", "ANY $default"),
        ("httpApi: GET /a", "GET /a"),
        ("httpApi: {path: /a, method: '*'}", "ANY /a"),
        ("httpApi: {path: '*'}", "ANY $default"),
        ("httpApi: {path: /a, method: get, authorizer: login}", "GET /a by login"),
        (
            "httpApi: {path: /a, method: get, authorizer: {name: login, scopes: [x]}}",
            "GET /a by login scopes x",
        ),
        ("httpApi: {path: /a, method: get, authorizer: {type: aws_iam}}", "GET /a by AWS_IAM"),
        ("httpApi: {path: /a, method: get, authorizer: {name: other}}", "GET /a by other"),
        ("httpApi: {path: /a, method: get, authorizer: {id: abc, type: jwt}}", "GET /a by abc"),
        (
            "alb: {listenerArn: arn:x, priority: 1, conditions: {path: /a}}",
            "ANY /a priority 1",
        ),
        (
            "alb: {listenerArn: arn:x, priority: 2,"
            " conditions: {path: [/a, /b*], method: GET, host: x.example}}",
            'GET /* priority 2 conditions [{"field": "path-pattern", "values": ["/a", "/b*"]},'
            ' {"field": "host-header", "values": ["x.example"]}]',
        ),
    ],
)
def test_routes(tmp_path_factory: pytest.TempPathFactory, event: str, route: str) -> None:
    provider = """  apiGateway: {request: {schemas: {order: {schema: {type: object}, name: Order}}}}
  httpApi: {authorizers: {login: {type: jwt, issuerUrl: "https://a.example", audience: [b]}}}
"""
    more = """resources:
  Resources:
    Pool: {Type: AWS::Cognito::UserPool}
    Own:
      Type: AWS::ApiGateway::Authorizer
      Properties:
        Name: own
        Type: TOKEN
        RestApiId: !Ref ApiGatewayRestApi
        IdentitySource: method.request.header.A
        AuthorizerUri: !Sub "arn:aws:apigateway:x:lambda:path/x/functions/${GateLambdaFunction}/invocations"
"""
    imported = _import(tmp_path_factory.mktemp("import"), event, provider=provider, more=more)
    assert imported.routes == {"work": [route]}
    assert imported.strays() == []


@for_each(
    "event, words",
    [
        ("http: {path: a, method: post, integration: lambda}", "POST /a integration: lambda"),
        (
            "http: {path: a, method: post, integration: http, request: {uri: 'https://x'}}",
            "POST /a integration: http",
        ),
        ("http: {path: a, method: post, integration: mock}", "POST /a integration: mock"),
        (
            "http: {path: a, method: post, async: true}",
            'POST /a async: true; a route with "invocation": "async"',
        ),
        (
            "httpApi: {path: /a/, method: get}",
            "GET /a/: an HTTP API tells this path from the one without the slash",
        ),
        (
            "alb: {listenerArn: arn:x, priority: 1, conditions: {path: /a, ip: 10.0.0.0/8}}",
            "it has the condition source-ip",
        ),
    ],
)
def test_what_is_not_carried(tmp_path_factory: pytest.TempPathFactory, event: str, words: str) -> None:
    imported = _import(tmp_path_factory.mktemp("import"), event)
    assert imported.routes == {}
    parts = words.split("; ")
    assert imported.told("not carried", "functions.work.events[0]", *parts)
    assert imported.strays() == []


@for_each(
    "authorizer, expected",
    [
        (
            "gate",
            {"type": "TOKEN", "function": "gate", "identitySource": ["method.request.header.Authorization"]},
        ),
        (
            "{name: gate, type: request,"
            " identitySource: 'method.request.header.X, method.request.querystring.y'}",
            {
                "type": "REQUEST",
                "function": "gate",
                "identitySource": ["method.request.header.X", "method.request.querystring.y"],
            },
        ),
        (
            "{name: gate, resultTtlInSeconds: 0, identityValidationExpression: '^B', claims: [x]}",
            {
                "type": "TOKEN",
                "function": "gate",
                "identitySource": ["method.request.header.Authorization"],
                "resultTtlInSeconds": 0,
                "identityValidationExpression": "^B",
            },
        ),
        (
            "{arn: 'arn:aws:lambda:eu-west-1:123456789012:function:other-gate'}",
            {
                "type": "TOKEN",
                "function": "arn:aws:lambda:eu-west-1:123456789012:function:other-gate",
                "identitySource": ["method.request.header.Authorization"],
            },
        ),
        (
            "{arn: 'arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-gate', name: named}",
            {"type": "TOKEN", "function": "gate", "identitySource": ["method.request.header.Authorization"]},
        ),
        (
            "{arn: !GetAtt GateLambdaFunction.Arn, name: named}",
            {"type": "TOKEN", "function": "gate", "identitySource": ["method.request.header.Authorization"]},
        ),
    ],
)
def test_rest_authorizers(
    tmp_path_factory: pytest.TempPathFactory, authorizer: str, expected: dict[str, Any]
) -> None:
    event = f"http: {{path: a, method: get, authorizer: {authorizer}}}"
    imported = _import(tmp_path_factory.mktemp("import"), event)
    assert list(imported.stage["authorizers"].values()) == [expected]
    assert imported.strays() == []


@for_each(
    "authorizer, expected",
    [
        (
            "{type: jwt, identitySource: $request.header.Authorization,"
            " issuerUrl: 'https://a.example', audience: b}",
            {
                "type": "JWT",
                "issuer": "https://a.example",
                "audience": ["b"],
                "identitySource": ["$request.header.Authorization"],
            },
        ),
        (
            "{type: request, functionName: gate, identitySource: [$request.header.A], resultTtlInSeconds: 9,"
            " enableSimpleResponses: true}",
            {
                "type": "REQUEST",
                "function": "gate",
                "identitySource": ["$request.header.A"],
                "resultTtlInSeconds": 9,
                "enableSimpleResponses": True,
                "payloadFormatVersion": "2.0",
            },
        ),
        (
            "{type: request, functionArn: !GetAtt GateLambdaFunction.Arn, payloadVersion: '1.0'}",
            {"type": "REQUEST", "function": "gate", "payloadFormatVersion": "1.0"},
        ),
    ],
)
def test_http_authorizers(
    tmp_path_factory: pytest.TempPathFactory, authorizer: str, expected: dict[str, Any]
) -> None:
    event = "httpApi: {path: /a, method: get, authorizer: own}"
    provider = f"  httpApi: {{authorizers: {{own: {authorizer}}}}}\n"
    imported = _import(tmp_path_factory.mktemp("import"), event, provider=provider)
    found = imported.stage["authorizers"]["own"]
    assert {key: each for key, each in found.items() if each not in ([],)} == expected
    assert imported.strays() == []


_HEADERS = [
    *("Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key"),
    *("X-Amz-Security-Token", "X-Amz-User-Agent", "X-Amzn-Trace-Id"),
]


@for_each(
    "event, provider, expected",
    [
        (
            "http: {path: a, method: get, cors: true}",
            "",
            {"allowOrigins": ["*"], "allowMethods": ["OPTIONS", "GET"], "allowHeaders": _HEADERS},
        ),
        (
            "http: {path: a, method: get,"
            " cors: {origin: 'https://x.example', headers: [A], allowCredentials: true, maxAge: 9}}",
            "",
            {
                "allowOrigins": ["https://x.example"],
                "allowMethods": ["OPTIONS", "GET"],
                "allowHeaders": ["A"],
                "allowCredentials": True,
                "maxAge": 9,
            },
        ),
        ("http: {path: a, method: get, cors: false}", "", None),
        (
            "http: {path: a, method: get, cors: {origins: ['https://x.example', 'https://y.example']}}",
            "",
            None,
        ),
        (
            "httpApi: GET /a",
            "  httpApi: {cors: true}\n",
            {"allowOrigins": ["*"], "allowMethods": ["OPTIONS", "GET"], "allowHeaders": _HEADERS},
        ),
        (
            "httpApi: GET /a",
            "  httpApi: {cors: {allowedOrigins: ['https://x.example', 'https://y.example'],"
            " allowedHeaders: [A], allowedMethods: [GET], exposedResponseHeaders: [B], maxAge: 9}}\n",
            {
                "allowOrigins": ["https://x.example", "https://y.example"],
                "allowMethods": ["GET"],
                "allowHeaders": ["A"],
                "exposeHeaders": ["B"],
                "maxAge": 9,
            },
        ),
    ],
)
def test_cors(tmp_path_factory: pytest.TempPathFactory, event: str, provider: str, expected: Any) -> None:
    imported = _import(tmp_path_factory.mktemp("import"), event, provider=provider)
    assert imported.stage.get("cors") == expected
    assert imported.strays() == []


def test_settings_of_the_rest_api(tmp_path: Path) -> None:
    provider = """  stage: live
  apiGateway:
    apiKeys: [partner, {name: "own-${sls:stage}", value: never-write-this, description: x}, {paid: [third]}]
    binaryMediaTypes: [image/png]
    minimumCompressionSize: 1024
    apiKeySourceType: AUTHORIZER
    odd: 1
"""
    imported = _import(tmp_path, "http: {path: a, method: get, private: true}", provider=provider)
    assert imported.stage == {
        "region": "eu-west-1",
        "stage": "live",
        "binaryMediaTypes": ["image/png"],
        "apiKeys": [
            {"id": "partner", "environment": "PARTNER_API_KEY"},
            {"id": "own-live", "environment": "OWN_LIVE_API_KEY"},
            {"id": "third", "environment": "THIRD_API_KEY"},
        ],
    }
    keys = [f"provider.apiGateway.{key}" for key in ("minimumCompressionSize", "apiKeySourceType", "odd")]
    assert list(imported.classes(*keys).values()) == ["elsewhere", "not carried", "not carried"]
    assert "never-write-this" not in str(imported.report)
    assert imported.strays() == []


def test_two_kinds_of_api(tmp_path: Path) -> None:
    provider = "  httpApi: {payload: '1.0'}\n"
    more = "    httpApi: {payload: '2.0'}\n"
    imported = _import(tmp_path, "http: GET a", "httpApi: GET /b", provider=provider, more=more)
    assert imported.routes == {"work": ["GET /a"], "work-http": ["GET /b"]}
    versions = {name: each.get("payloadFormatVersion") for name, each in imported.functions.items()}
    assert versions == {"gate": None, "work": None, "work-http": "2.0"}
    assert [path.name for path in imported.into.glob("manifests/*")] == ["dev.json"]
    assert "stage" not in imported.stage


def test_own_resources_change_what_serverless_makes(tmp_path: Path) -> None:
    more = """resources:
  - Resources:
      WorkLambdaFunction: {Properties: {MemorySize: 2048, Environment: {Variables: {MORE: own}}}}
      ApiGatewayMethodOpenGet: {Properties: {AuthorizationType: AWS_IAM}}
      ApiGatewayStage: {Properties: {TracingEnabled: true}}
      Hand:
        Type: AWS::ApiGateway::Method
        Properties:
          HttpMethod: POST
          RestApiId: !Ref ApiGatewayRestApi
          ResourceId: !Ref ApiGatewayResourceOpen
          Integration:
            Type: AWS_PROXY
            Uri: !Sub "arn:aws:apigateway:x:lambda:path/x/functions/${WorkLambdaFunction.Arn}/invocations"
  - extensions:
      GateLambdaFunction: {Properties: {Timeout: 17}, DeletionPolicy: Retain}
      WorkLogGroup: {Properties: {RetentionInDays: 1}}
    Outputs: {Here: {Value: !Ref WorkLogGroup}}
"""
    imported = _import(tmp_path, "http: GET open", more=more)
    assert imported.functions["work"]["memorySize"] == 2048
    assert imported.functions["work"]["environment"] == {"MORE": "own"}
    assert imported.functions["gate"]["timeout"] == 17
    assert imported.routes == {"work": ["GET /open by AWS_IAM", "POST /open"]}
    paths = ["resources[0].Resources.ApiGatewayStage", "resources[1].extensions.WorkLogGroup"]
    assert imported.classes(*paths) == dict.fromkeys(paths, "not carried")
    assert imported.strays() == []


@for_each(
    "text, problem",
    [
        ("service: x\nprovider: {name: google}\nfunctions: {}\n", "provider.name: is google"),
        ("service: x\nprovider: aws\nfunctions: {a: {handler: app.handler}}\n", "no Python function"),
        (
            "service: x\nprovider: {name: aws, runtime: python3.13}\nfunctions: text\n",
            "functions: must be a mapping",
        ),
        (
            "service: x\nprovider: {name: aws, runtime: python3.13}\nfunctions: {a: {handler: '${env:H}'}}\n",
            "functions.a.handler: must be known to import it",
        ),
        (
            "service: x\nprovider: {name: aws, runtime: python3.13}\n"
            "functions: {a: {handler: app.handler, events: [{http: {method: get, path: '${env:P}'}}]}}\n",
            "functions.a.events[0].http.path: must be known",
        ),
        (
            "service: x\nprovider: {name: aws, runtime: python3.13}\n"
            "functions: {a: {handler: app.handler, events: [{http: GET a}, {http: GET /a}]}}\n",
            "GET /a is the route of another event, too",
        ),
        (
            "service: x\nprovider: {name: aws, runtime: python3.13}\n"
            "functions: {a: {handler: app.handler, package: {artifact: gone.zip}}}\n",
            "functions.a.package.artifact: there is no file",
        ),
        (
            "service: x\nprovider: {name: aws, runtime: python3.13}\ncustom: {a: '${self:custom.a}'}\n"
            "functions: {a: {handler: '${self:custom.a}'}}\n",
            "leads to itself",
        ),
    ],
)
def test_problems(tmp_path_factory: pytest.TempPathFactory, text: str, problem: str) -> None:
    source = tmp_path_factory.mktemp("import") / "shop"
    write_files(source, {"app.py": HANDLER, "serverless.yml": text})
    imported = import_file(source / "serverless.yml")
    assert any(problem in each for each in imported.problems), imported.problems
    assert not imported.into.exists()


def test_a_parameter_that_nothing_asks_for_is_refused(tmp_path: Path) -> None:
    imported = _import(tmp_path, "http: GET a", parameters={"colour": "red"})
    assert imported.problems == (
        "serverless.yml: --parameter colour: the service asks for no such option or parameter",
    )
