"""REST APIs whose methods, authorizers, validators and stages are resources of their own."""

from berth.tools.migrate.model.application import FunctionReference
from berth.tools.migrate.model.values import plain
from kit.migrated_apis import lambda_uri, read_text, shown_routes
from kit.tables import for_each

_URI = f'!Sub "{lambda_uri("${Work.Arn}")}"'
_ELSEWHERE = "arn:aws:lambda:eu-west-1:111122223333:function:x"
_BASE = """
Parameters:
  Outside: {Type: String, Default: abc123}
Resources:
  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Pool: {Type: AWS::Cognito::UserPool}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop}}
  Other: {Type: AWS::ApiGateway::RestApi, Properties: {Name: other}}
"""


def _read(*resources, base=_BASE, **given):
    """Read the base template with more resources: pairs of `Name Type` and properties."""
    lines = [
        f"  {head.split()[0]}: {{Type: AWS::ApiGateway::{head.split()[1]}, Properties: {{{properties}}}}}"
        for head, properties in zip(resources[::2], resources[1::2], strict=True)
    ]
    return read_text(base + "\n".join(lines).replace("URI", _URI), **given)


def _method(properties="AuthorizationType: NONE", resource="!GetAtt Api.RootResourceId", method="GET"):
    integration = "Integration: {Type: AWS_PROXY, IntegrationHttpMethod: POST, Uri: URI}"
    return f"RestApiId: !Ref Api, ResourceId: {resource}, HttpMethod: {method}, {integration}, {properties}"


def _first(read):
    return next(each for each in read.apis if each.id == "Api")


_GATE = ("Gate Authorizer", "RestApiId: !Ref Api, Name: gate, Type: TOKEN, AuthorizerUri: URI")
_PEOPLE = (
    "People Authorizer",
    "RestApiId: !Ref Api, Name: my people, Type: COGNITO_USER_POOLS, ProviderARNs: [!GetAtt Pool.Arn]",
)
_FOREIGN = ("Foreign Authorizer", "RestApiId: !Ref Other, Name: foreign, Type: TOKEN, AuthorizerUri: URI")
_ALL = (*_GATE, *_PEOPLE, *_FOREIGN)


@for_each(
    "properties, guard",
    [
        ("AuthorizationType: NONE", ""),
        ("OperationName: a", ""),
        ("AuthorizationType: NONE, ApiKeyRequired: true", "key"),
        ('AuthorizationType: NONE, ApiKeyRequired: "true"', "key"),
        ("AuthorizationType: NONE, ApiKeyRequired: yes", "key"),
        ('AuthorizationType: NONE, ApiKeyRequired: "false"', ""),
        ("AuthorizationType: NONE, ApiKeyRequired: no", ""),
        ("AuthorizationType: NONE, ApiKeyRequired: perhaps", "key"),
        ("AuthorizationType: AWS_IAM", "by AWS_IAM"),
        ("AuthorizationType: CUSTOM, AuthorizerId: !Ref Gate", "by gate"),
        ("AuthorizationType: CUSTOM, AuthorizerId: !GetAtt Gate.AuthorizerId", "by gate"),
        ("AuthorizerId: !Ref Gate", "by NONE-or-Gate"),
        ("AuthorizationType: NONE, AuthorizerId: !Ref Gate", "by NONE-or-Gate"),
        ("AuthorizationType: CUSTOM, AuthorizerId: !Ref Gate, AuthorizationScopes: [a]", "by gate"),
        (
            "AuthorizationType: COGNITO_USER_POOLS, AuthorizerId: !Ref People, AuthorizationScopes: [b, a]",
            "by my-people scopes a b",
        ),
        ("AuthorizationType: CUSTOM", "by unknown-authorizer"),
        ("AuthorizationType: SOMETHING", "by unknown-authorizer"),
        ("AuthorizationType: CUSTOM, AuthorizerId: abc123", "by abc123"),
        ("AuthorizationType: CUSTOM, AuthorizerId: gate", "by gate-unknown"),
        ("AuthorizationType: CUSTOM, AuthorizerId: !Ref Foreign", "by Foreign"),
        ("AuthorizationType: CUSTOM, AuthorizerId: !ImportValue gate-id", "by ImportValue-gate-id"),
        ("AuthorizationType: CUSTOM, AuthorizerId: !Ref Outside", "by Outside"),
    ],
)
def test_what_a_method_asks_of_its_callers(properties, guard):
    read = _read(*_ALL, "Get Method", _method(properties))
    (route,) = shown_routes(_first(read))
    assert route.removeprefix("GET / Work").strip() == guard, read.report()
    assert read.problems == []


@for_each(
    "properties, definition",
    [
        (
            "Type: TOKEN, AuthorizerUri: URI",
            {
                "type": "TOKEN",
                "function": FunctionReference("Work"),
                "identitySource": ["method.request.header.Authorization"],
            },
        ),
        (
            "Type: TOKEN, AuthorizerUri: URI, IdentitySource: method.request.header.X-A,"
            ' AuthorizerResultTtlInSeconds: "0", IdentityValidationExpression: "^a"',
            {
                "type": "TOKEN",
                "function": FunctionReference("Work"),
                "identitySource": ["method.request.header.X-A"],
                "identityValidationExpression": "^a",
                "resultTtlInSeconds": 0,
            },
        ),
        (
            "Type: REQUEST, AuthorizerUri: URI,"
            " IdentitySource: 'method.request.header.X-A , context.identity.sourceIp'",
            {
                "type": "REQUEST",
                "function": FunctionReference("Work"),
                "identitySource": ["method.request.header.X-A", "context.identity.sourceIp"],
            },
        ),
        (
            "Type: REQUEST, AuthorizerUri: URI",
            {"type": "REQUEST", "function": FunctionReference("Work"), "resultTtlInSeconds": 0},
        ),
        (
            "Type: COGNITO_USER_POOLS, ProviderARNs: [!GetAtt Pool.Arn],"
            " IdentitySource: method.request.header.X-A",
            {
                "type": "COGNITO_USER_POOLS",
                "userPool": "${deployed.Pool.Arn}",
                "identitySource": ["method.request.header.X-A"],
            },
        ),
        (
            f'Type: TOKEN, AuthorizerUri: !Sub "{lambda_uri(_ELSEWHERE)}"',
            {
                "type": "TOKEN",
                "function": _ELSEWHERE,
                "identitySource": ["method.request.header.Authorization"],
            },
        ),
        (
            f'Type: TOKEN, AuthorizerUri: !Sub "{lambda_uri("${Outside}")}"',
            {
                "type": "TOKEN",
                "function": "${deployed.Outside}",
                "identitySource": ["method.request.header.Authorization"],
            },
        ),
        (
            "Type: JWT, IdentitySource: method.request.header.Authorization, JwtConfiguration:"
            " {Issuers: [{Issuer: 'https://a.example', Audiences: [a]}], DefaultAlgorithms: [RS256]}",
            {
                "type": "JWT",
                "jwtConfiguration": {
                    "issuers": [{"issuer": "https://a.example", "audiences": ["a"]}],
                    "defaultAlgorithms": ["RS256"],
                },
                "identitySource": ["method.request.header.Authorization"],
            },
        ),
    ],
)
def test_authorizers_that_are_carried(properties, definition):
    read = _read("Gate Authorizer", f"RestApiId: !Ref Api, Name: gate, {properties}")
    found = dict(_first(read).authorizers["gate"])
    function = found.pop("function", None)
    expected = dict(definition)
    assert function == expected.pop("function", None) or str(function) == definition["function"]
    assert plain(found) == expected, read.report()
    assert read.told("carried: ", "Resources.Gate.Properties.Type", "authorizers.gate")


@for_each(
    "properties, reason",
    [
        ("Type: COGNITO_USER_POOLS, ProviderARNs: [!GetAtt Pool.Arn, b]", "it names 2 user pools"),
        ("Type: COGNITO_USER_POOLS, ProviderARNs: [not a pool]", "is no user pool's id or ARN"),
        (
            "Type: COGNITO_USER_POOLS, ProviderARNs: [!GetAtt Pool.Arn], IdentityValidationExpression: a",
            "checks the `aud` of tokens",
        ),
        ("Type: TOKEN, AuthorizerUri: https://x.example", "its authorizerUri names no function"),
        ("Type: TOKEN", "its authorizerUri names no function"),
        ("Type: NEW, AuthorizerUri: URI", "no authorizer of the type NEW"),
        ("AuthorizerUri: URI", "no authorizer of the type (none)"),
        ("Type: TOKEN, AuthorizerUri: URI, AuthorizerResultTtlInSeconds: soon", "resultTtlInSeconds"),
        ("Type: TOKEN, AuthorizerUri: URI, AuthorizerResultTtlInSeconds: 9999", "resultTtlInSeconds"),
        ("Type: REQUEST, AuthorizerUri: URI, IdentitySource: context.nothing", "no identity source"),
        ("Type: JWT", "its issuer is not in the source"),
    ],
)
def test_an_authorizer_that_cannot_be_carried_closes_its_routes(properties, reason):
    guard = "AuthorizationType: CUSTOM, AuthorizerId: !Ref Gate"
    gate = f"RestApiId: !Ref Api, Name: gate, {properties}"
    read = _read("Gate Authorizer", gate, "Get Method", _method(guard))
    assert shown_routes(_first(read)) == ["GET / Work by gate"], read.report()
    assert _first(read).authorizers == {}
    assert read.told("open: ", "Resources.Gate.Properties", reason, "authorizers.gate"), read.report()


def test_an_authorizer_without_routes_and_one_of_a_reserved_name_are_carried():
    iam = "RestApiId: !Ref Api, Name: AWS_IAM, Type: TOKEN, AuthorizerUri: URI"
    read = _read(*_GATE, "Signed Authorizer", iam, "Again Authorizer", _GATE[1])
    assert list(_first(read).authorizers) == ["gate", "AWS_IAM-Signed", "gate-Again"]


def test_an_expression_that_needs_another_engine_is_told_of():
    gate = "RestApiId: !Ref Api, Name: gate, Type: TOKEN, AuthorizerUri: URI"
    read = _read("Gate Authorizer", f"{gate}, IdentityValidationExpression: '(?<=a)b'")
    assert _first(read).authorizers["gate"]["identityValidationExpression"] == "(?<=a)b"
    assert read.told("open: ", "IdentityValidationExpression", "authorizers.gate"), read.report()


@for_each(
    "validator, rules",
    [
        ("", ""),
        ("RequestValidatorId: !Ref Both", "needs method.request.querystring.a models application/json"),
        ("RequestValidatorId: !Ref Parameters", "needs method.request.querystring.a"),
        ("RequestValidatorId: !GetAtt Body.RequestValidatorId", "models application/json"),
        ("RequestValidatorId: abc", "needs method.request.querystring.a models application/json"),
    ],
)
def test_rules_count_where_a_validator_is_on(validator, rules):
    asked = "RequestParameters: {method.request.querystring.a: true, method.request.header.B: false}"
    models = "RequestModels: {application/json: !Ref Order}"
    read = _read(
        *(
            "Both RequestValidator",
            "RestApiId: !Ref Api, ValidateRequestBody: true, ValidateRequestParameters: true",
        ),
        *("Parameters RequestValidator", "RestApiId: !Ref Api, ValidateRequestParameters: true"),
        *("Body RequestValidator", "RestApiId: !Ref Api, ValidateRequestBody: true"),
        *(
            "Order Model",
            "RestApiId: !Ref Api, Name: Order, ContentType: application/json, Schema: {type: object}",
        ),
        *("Get Method", _method(", ".join(filter(None, [asked, models, validator])))),
    )
    (route,) = shown_routes(_first(read))
    assert route.removeprefix("GET / Work").strip() == rules, read.report()


_BODY = ("Check RequestValidator", "RestApiId: !Ref Api, ValidateRequestBody: true")
_ITEM = ("Item Model", "RestApiId: !Ref Api, Name: Item, Schema: {type: string}")


@for_each(
    "schema, model",
    [
        ("{type: object}", {"type": "object"}),
        ('\'{"type": "array"}\'', {"type": "array"}),
        (
            '{items: {$ref: !Sub "https://apigateway.amazonaws.com/restapis/${Api}/models/${Item}"}}',
            {"items": {"type": "string"}},
        ),
        (
            '{items: {$ref: !Sub "https://apigateway.amazonaws.com/restapis/${Api}/models/Item"}}',
            {"items": {"type": "string"}},
        ),
        (
            '{items: {$ref: "#/definitions/a"}, definitions: {a: {type: number}}}',
            {"items": {"type": "number"}, "definitions": {"a": {"type": "number"}}},
        ),
        ("{maximum: 010, title: !Ref Outside}", {"maximum": 8, "title": "abc123"}),
    ],
)
def test_models(schema, model):
    order = ("Order Model", f"RestApiId: !Ref Api, Name: Order, Schema: {schema}")
    asked = "RequestValidatorId: !Ref Check, RequestModels: {application/json: !Ref Order}"
    read = _read(*_BODY, *_ITEM, *order, "Get Method", _method(asked))
    assert _first(read).routes[0].request_models == {"application/json": model}, read.report()


@for_each("name, model", [("Item", {"type": "string"}), ("Empty", {"type": "object"}), ("Missing", None)])
def test_models_by_name(name, model):
    asked = f"RequestValidatorId: !Ref Check, RequestModels: {{application/json: {name}}}"
    read = _read(*_BODY, *_ITEM, "Get Method", _method(asked))
    found = [dict(each.request_models) for each in _first(read).routes]
    assert found == ([{"application/json": model}] if model else []), read.report()
    assert model or read.told("not carried: ", "GET /: its model Missing is not in the source")


@for_each(
    "parent, routes, told",
    [
        ("!Ref A", ["GET /a"], "carried: "),
        ("!GetAtt A.ResourceId", ["GET /a"], "carried: "),
        ("!Ref B", ["GET /a/{b+}"], "carried: "),
        ("!ImportValue shop-RootResourceId", ["GET /"], "open: "),
        ("!Ref Outside", [], "not carried: "),
        ("!Ref Loop", [], "not carried: "),
        ("!Ref Work", [], "not carried: "),
    ],
)
def test_paths_come_from_the_chain_of_parents(parent, routes, told):
    read = _read(
        *("A Resource", "RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: a"),
        *("B Resource", 'RestApiId: !Ref Api, ParentId: !Ref A, PathPart: "{b+}"'),
        *("Loop Resource", "RestApiId: !Ref Api, ParentId: !Ref Loop, PathPart: a"),
        *("Get Method", _method(resource=parent)),
    )
    assert [f"{each.method} {each.path}" for each in _first(read).routes] == routes, read.report()
    assert read.told(told, "Resources.Get.Properties"), read.report()


def test_methods_of_an_api_outside_the_source_make_an_api_of_their_own():
    outside = _method(resource="!ImportValue RootId").replace(
        "RestApiId: !Ref Api", "RestApiId: !ImportValue api"
    )
    read = _read("Get Method", outside, "Dev Deployment", "RestApiId: !ImportValue api, StageName: v1")
    api = read.apis[-1]
    assert (api.id, api.stage, shown_routes(api)) == ("${ImportValue:api}", "v1", ["GET / Work"]), (
        read.report()
    )


@for_each(
    "resources, stage, variables",
    [
        ((), "", {}),
        (
            ("S Stage", "RestApiId: !Ref Api, StageName: v1, Variables: {a: !Ref Work}"),
            "v1",
            {"a": "${deployed.Work}"},
        ),
        (
            ("D Deployment", "RestApiId: !Ref Api, StageName: v2, StageDescription: {Variables: {a: 1}}"),
            "v2",
            {"a": "1"},
        ),
        (
            (
                *(
                    "D Deployment",
                    "RestApiId: !Ref Api, StageName: v2, StageDescription: {Variables: {a: 1}}",
                ),
                *("S Stage", "RestApiId: !Ref Api, StageName: v1"),
            ),
            "v1",
            {},
        ),
        (
            (
                "One Stage",
                "RestApiId: !Ref Api, StageName: one",
                "Dev Stage",
                "RestApiId: !Ref Api, StageName: dev",
            ),
            "dev",
            {},
        ),
        (
            (
                "One Stage",
                "RestApiId: !Ref Api, StageName: one",
                "Two Stage",
                "RestApiId: !Ref Api, StageName: two",
            ),
            "one",
            {},
        ),
        (("S Stage", "RestApiId: !Ref Other, StageName: v1"), "", {}),
    ],
)
def test_the_stage(resources, stage, variables):
    read = _read(*resources)
    api = _first(read)
    assert (api.stage, {name: str(text) for name, text in api.stage_variables.items()}) == (stage, variables)


def test_the_stages_that_are_not_imported_are_told_of():
    stages = (
        "One Stage",
        "RestApiId: !Ref Api, StageName: one",
        "Two Stage",
        "RestApiId: !Ref Api, StageName: two",
    )
    assert _read(*stages).told("not carried: ", "Resources.Two", "--stage two imports this one")


_KEY = ("Key ApiKey", "Name: partner, Enabled: true")


@for_each(
    "resources, keys",
    [
        ((), ()),
        (_KEY, ("partner",)),
        (("Key ApiKey", "Enabled: true"), ("Key",)),
        (("Key ApiKey", "Name: partner, Enabled: false"), ()),
        (("Key ApiKey", "Name: partner, StageKeys: [{RestApiId: !Ref Api, StageName: v1}]"), ("partner",)),
        (("Key ApiKey", "Name: partner, StageKeys: [{RestApiId: !Ref Other, StageName: v1}]"), ()),
        (
            (
                *_KEY,
                *("Plan UsagePlan", "ApiStages: [{ApiId: !Ref Other, Stage: v1}]"),
                *("Link UsagePlanKey", "KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan"),
            ),
            (),
        ),
    ],
)
def test_api_keys_open_the_apis_of_their_plans(resources, keys):
    assert _first(_read(*resources)).api_keys == keys


def test_a_value_that_decides_and_is_not_known_is_a_problem():
    base = _BASE.replace("Default: abc123", "Description: a")
    read = _read("Get Method", _method("AuthorizationType: !Ref Outside"), base=base)
    assert ["--parameter Outside=..." in each for each in read.problems] == [True]
