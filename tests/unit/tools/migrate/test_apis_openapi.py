"""OpenAPI documents of REST APIs: security, validators, models, CORS and paths."""

import json

import pytest

from kit.migrated_apis import lambda_uri, read_text, shown_routes, unmarked
from kit.tables import for_each

_INTEGRATION = f'{{type: aws_proxy, httpMethod: POST, uri: !Sub "{lambda_uri("${Work.Arn}")}"}}'
_INCLUDE = 'Fn::Transform: {Name: AWS::Include, Parameters: {Location: "s3://a/b"}}'
_GATE = f'{{type: token, authorizerUri: !Sub "{lambda_uri("${Work.Arn}")}"}}'
_DOCUMENT = """
Conditions:
  No: !Equals [a, b]
Resources:
  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Pool: {Type: AWS::Cognito::UserPool}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body:
        DOCUMENT
        securityDefinitions:
          key: {type: apiKey, name: x-api-key, in: header}
          iam: {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}
          gate:
            {type: apiKey, name: X-Gate, in: header, x-amazon-apigateway-authtype: custom,
             x-amazon-apigateway-authorizer: GATE}
          people:
            type: apiKey
            name: Authorization
            in: header
            x-amazon-apigateway-authtype: cognito_user_pools
            x-amazon-apigateway-authorizer: {type: cognito_user_pools, providerARNs: [!GetAtt Pool.Arn]}
          written: {type: http, scheme: bearer}
        paths:
          /a: {get: {OPERATION, x-amazon-apigateway-integration: INTEGRATION}}
"""


def _template(operation="summary: a", document='swagger: "2.0"'):
    made = _DOCUMENT.replace("OPERATION", operation).replace("DOCUMENT", document)
    return made.replace("INTEGRATION", _INTEGRATION).replace("GATE}", f"{_GATE}}}")


def _guard(operation, document='swagger: "2.0"'):
    read = read_text(_template(operation, document))
    (route,) = shown_routes(read.api)
    return route.removeprefix("GET /a Work").strip(), read


@for_each(
    "operation, guard",
    [
        ("security: []", ""),
        ("summary: a", ""),
        ("security: [{key: []}]", "key"),
        ("security: [{NONE: []}]", ""),
        ("security: [{NONE: []}, {key: []}]", "key"),
        ("security: [{gate: []}]", "by gate"),
        ("security: [{gate: []}, {key: []}]", "by gate key"),
        ("security: [{gate: [], key: []}]", "by gate key"),
        ("security: [{}, {gate: []}]", "by gate"),
        ("security: [{iam: []}]", "by AWS_IAM"),
        ("security: [{people: [a, b]}]", "by people scopes a b"),
        ("security: [{people: [a]}, {people: [b]}]", "by people scopes a b"),
        ("security: [{gate: [a]}]", "by gate"),
        ("security: [{written: [a]}]", "by written scopes a"),
        ("security: [{missing: []}]", "by missing"),
        ("security: [{gate: []}, {people: []}]", "by gate-and-people"),
        ("security: [{gate: []}, {iam: []}]", "by gate-and-AWS_IAM"),
        ("security: {gate: []}", "by unknown-authorizer"),
        ("security: [gate]", "by unknown-authorizer"),
        ("security: [null]", "by unknown-authorizer"),
        ("x-amazon-apigateway-auth: {type: AWS_IAM}", "by AWS_IAM"),
        ("x-amazon-apigateway-auth: {type: NONE}", ""),
        ("x-amazon-apigateway-auth: {type: other}", "by unknown-authorizer"),
        ("security: !If [No, [], [{gate: []}]]", "by gate"),
        ("security: [!If [No, !Ref AWS::NoValue, {gate: []}]]", "by gate"),
        ("security: !If [No, [{gate: []}], !Ref AWS::NoValue]", ""),
    ],
)
def test_what_an_operation_asks_of_its_callers(operation, guard):
    found, read = _guard(operation)
    assert found == guard, read.report()
    assert read.problems == []


@for_each(
    "operation, guard",
    [
        ("summary: a", "by gate"),
        ("security: []", ""),
        ("security: [{NONE: []}]", ""),
        ("security: [{key: []}]", "key"),
        ("security: !Ref AWS::NoValue", "by gate"),
    ],
)
def test_the_documents_security_counts_where_an_operation_has_none(operation, guard):
    assert _guard(operation, "security: [{gate: []}]")[0] == guard


@for_each(
    "operation, name",
    [
        ("security: [{iam: []}]", "authorizers.AWS_IAM"),
        ("security: [{missing: []}]", "authorizers.missing"),
        ("security: [{written: []}]", "authorizers.written"),
        ("security: [{gate: []}, {people: []}]", "authorizers.gate-and-people"),
    ],
)
def test_the_report_asks_for_an_authorizer_that_closes_its_routes(operation, name):
    _, read = _guard(operation)
    assert read.told("open: ", "paths./a.get.security", name, "GET /a"), read.report()
    assert name.removeprefix("authorizers.") not in read.api.authorizers


_VALIDATORS = """x-amazon-apigateway-request-validators:
          p: {validateRequestParameters: true}
          b: {validateRequestBody: true}"""
_REQUIRED = "{in: query, name: q, required: true}, {in: header, name: H, required: true}"
_QUERY = f"parameters: [{_REQUIRED}, {{in: query, name: o}}]"
_ALL = "needs method.request.querystring.q method.request.header.H"


@for_each(
    "operation, default, rules",
    [
        (_QUERY, "", ""),
        (f"x-amazon-apigateway-request-validator: p, {_QUERY}", "", _ALL),
        (_QUERY, "p", _ALL),
        (f"x-amazon-apigateway-request-validator: b, {_QUERY}", "p", ""),
        (f"x-amazon-apigateway-request-validator: missing, {_QUERY}", "", _ALL),
        ("parameters: [{in: path, name: id, required: true}]", "p", "needs method.request.path.id"),
        ("parameters: [{in: cookie, name: c, required: true}]", "p", ""),
        ("parameters: [{in: body, name: o, schema: {type: object}}]", "p", ""),
        ("parameters: [{in: body, name: o, schema: {type: object}}]", "b", "models application/json"),
        (
            "consumes: [text/x], parameters: [{in: body, name: o, schema: {type: object}}]",
            "b",
            "models text/x",
        ),
        (
            "requestBody: {content: {application/json; charset=utf-8: {schema: {}}}}",
            "b",
            "models application/json",
        ),
        ("requestBody: {content: {application/json: {schema: {type: object}}}}", "", ""),
    ],
)
def test_rules_count_where_a_validator_is_on(operation, default, rules):
    document = _VALIDATORS + (
        f"\n        x-amazon-apigateway-request-validator: {default}" if default else ""
    )
    found, read = _guard(operation, document)
    assert found == rules, read.report()


def test_what_no_validator_checks_is_told_of():
    _, read = _guard(_QUERY)
    assert read.told("left out: ", "GET /a method.request.querystring.q: not enforced by API Gateway, ")
    assert not read.told("not enforced", "querystring.o")


_MODELS = """
        x-amazon-apigateway-request-validators: {b: {validateRequestBody: true}}
        x-amazon-apigateway-request-validator: b
        definitions:
          order: {type: object, properties: {item: {$ref: "#/definitions/item"}}}
          item: {type: string}
          tree: {type: object, properties: {children: {type: array, items: {$ref: "#/definitions/tree"}}}}
          away: {$ref: "https://elsewhere.example/model"}
"""


@for_each(
    "name, model",
    [
        ("order", {"type": "object", "properties": {"item": {"type": "string"}}}),
        (
            "tree",
            {
                "$ref": "#/definitions/tree",
                "definitions": {
                    "tree": {
                        "type": "object",
                        "properties": {
                            "children": {"type": "array", "items": {"$ref": "#/definitions/tree"}}
                        },
                    }
                },
            },
        ),
    ],
)
def test_references_between_models_are_resolved_in_place(name, model):
    body = f'parameters: [{{in: body, name: o, schema: {{$ref: "#/definitions/{name}"}}}}]'
    read = read_text(_template(body, _MODELS.strip()))
    assert read.api.routes[0].request_models == {"application/json": model}


@for_each("name", ["away", "missing"])
def test_a_route_whose_model_cannot_be_resolved_is_not_carried(name):
    body = f'parameters: [{{in: body, name: o, schema: {{$ref: "#/definitions/{name}"}}}}]'
    read = read_text(_template(body, _MODELS.strip()))
    assert read.api.routes == ()
    assert read.told("not carried: ", "GET /a: its model refers to")


def test_models_that_repeat_each_other_are_refused():
    twice = '{properties: {a: {$ref: "#/definitions/mNEXT"}, b: {$ref: "#/definitions/mNEXT"}}}'
    bomb = "\n".join(f"          m{n}: {twice.replace('NEXT', str(n + 1))}" for n in range(40))
    body = 'parameters: [{in: body, name: o, schema: {$ref: "#/definitions/m0"}}]'
    read = read_text(_template(body, f"{_MODELS.strip()}\n{bomb}\n          m40: {{type: string}}"))
    assert read.told("not carried: ", "GET /a: its model is too large")


_PATHS = """
Resources:
  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      PARAMETERS
      Body:
        swagger: "2.0"
        basePath: /v1/shop
        paths: {PATHS}
"""


def _paths(paths, parameters="Name: shop"):
    made = _PATHS.replace("PATHS", paths).replace("PARAMETERS", parameters)
    return read_text(made.replace("OK", f"x-amazon-apigateway-integration: {_INTEGRATION}"))


@for_each(
    "paths, routes",
    [
        ("/: {get: {OK}}", ["GET /"]),
        ("/x/: {post: {OK}}", ["POST /x"]),
        ("/x: {x-amazon-apigateway-any-method: {OK}}", ["ANY /x"]),
        ('"/x/{proxy+}": {PUT: {OK}, patch: {OK}}', ["PUT /x/{proxy+}", "PATCH /x/{proxy+}"]),
        ('"/a/{x}": {get: {OK}}, "/a/{y}/b": {get: {OK}}', ["GET /a/{x}", "GET /a/{y}/b"]),
    ],
)
def test_paths_and_methods(paths, routes):
    assert [f"{each.method} {each.path}" for each in _paths(paths).api.routes] == routes


@for_each(
    "paths, told",
    [
        ("/x y: {get: {OK}}", "GET /x y: Berth cannot have it"),
        ("/_berth/x: {get: {OK}}", "GET /_berth/x: Berth cannot have it"),
        ("/a//b: {get: {OK}}", "GET /a//b: Berth cannot have it"),
        ("/a*: {get: {OK}}", "GET /a*: the path '/a*' has * or ?"),
        ("/a: {trace: {OK}}", "TRACE /a: Berth cannot have it"),
        ("/a: {get: {summary: a}}", "GET /a: it has no integration"),
        (
            "/a: {get: {x-amazon-apigateway-integration: {type: mock}}}",
            "GET /a integration: MOCK: Berth carries",
        ),
        (
            "/a: {get: {x-amazon-apigateway-integration: {type: http_proxy, uri: 'https://x.example'}}}",
            "GET /a integration: HTTP_PROXY https://x.example: Berth carries",
        ),
        (
            f"/a: {{get: {{x-amazon-apigateway-integration: {_INTEGRATION.replace('aws_proxy', 'aws')}}}}}",
            "${Work.Arn} gets an event of its own mapping template",
        ),
    ],
)
def test_operations_that_are_not_carried_are_told_of(paths, told):
    read = _paths(paths)
    assert read.api.routes == ()
    assert read.told("not carried: ", told), read.report()


def test_the_report_says_who_gets_the_requests_of_a_route_that_is_not_carried():
    mock = "/admin: {get: {x-amazon-apigateway-integration: {type: mock}}}"
    read = _paths(f'{mock}, "/{{proxy+}}": {{get: {{OK}}}}')
    assert read.told("GET /admin integration: MOCK", "its requests now reach GET /{proxy+} of Work")


@for_each(
    "parameters, path",
    [
        ("Name: shop", "/x"),
        ("Parameters: {basepath: ignore}", "/x"),
        ("Parameters: {basepath: prepend}", "/v1/shop/x"),
        ("Parameters: {basepath: split}", "/shop/x"),
    ],
)
def test_the_base_path_is_part_of_paths_only_if_the_api_says_so(parameters, path):
    assert _paths("/x: {get: {OK}}", parameters).api.routes[0].path == path


def _preflight(origin="'*'", methods="'GET,OPTIONS'", age=None):
    headers = {"Origin": origin, "Methods": methods}
    pairs = [
        f'method.response.header.Access-Control-Allow-{name}: "{text}"' for name, text in headers.items()
    ]
    pairs += [f'method.response.header.Access-Control-Max-Age: "{age}"'] if age else []
    responses = f"{{default: {{statusCode: '200', responseParameters: {{{', '.join(pairs)}}}}}}}"
    integration = f"{{type: mock, responses: {responses}}}"
    return f"options: {{security: [{{gate: []}}], x-amazon-apigateway-integration: {integration}}}"


_AGREE = f"/a: {{{_preflight()}}}"
_GET = {"allowOrigins": ["*"], "allowMethods": ["GET", "OPTIONS"]}


@for_each(
    "paths, cors",
    [
        (_AGREE, _GET),
        (f"{_AGREE}, /b: {{get: {{OK}}, {_preflight()}}}", _GET),
        (f"""/a: {{{_preflight(age="'60'")}}}""", {**_GET, "maxAge": 60}),
        # Each names the methods of its own resource, which Berth does by itself.
        (
            f"""/a: {{get: {{OK}}, {_preflight()}}}, /b: {{put: {{OK}}, {_preflight(methods="'PUT'")}}}""",
            {"allowOrigins": ["*"]},
        ),
        (f"""{_AGREE}, /b: {{{_preflight("'https://b.example'")}}}""", None),
        (
            f"""/a: {{post: {{OK}}, {_preflight()}}}, /b: {{put: {{OK}}, {_preflight(methods="'PUT'")}}}""",
            None,
        ),
        (f"/a: {{{_preflight('*')}}}", None),
        (f"{_AGREE}, /b: {{{_preflight('*')}}}", None),
        ("/a: {options: {x-amazon-apigateway-integration: {type: mock}}}", None),
    ],
)
def test_mock_options_methods_that_agree_become_cors(paths, cors):
    read = _paths(paths)
    assert read.api.cors == cors, read.report()
    assert read.told("cors") or read.told("OPTIONS"), read.report()


def test_a_function_that_answers_options_keeps_its_route():
    read = _paths("/a: {options: {OK}}")
    assert (shown_routes(read.api), read.api.cors) == (["OPTIONS /a Work"], None)


def test_a_misquoted_header_is_open():
    assert _paths(f"/a: {{{_preflight('*')}}}").told(
        "open: ", "OPTIONS /a: CORS is not carried: * is no text"
    )


def test_an_authorizer_on_a_preflight_is_told_of():
    read = _paths(f"/a: {{{_preflight()}}}")
    assert read.told(
        "left out: ", "OPTIONS /a: Berth answers preflight requests without asking an authorizer"
    )


@pytest.mark.parametrize("key", ["Body", "BodyS3Location"])
def test_a_definition_that_is_elsewhere_is_open(key):
    value = {"Body": f"{{{_INCLUDE}}}", "BodyS3Location": "{Bucket: a, Key: b}"}[key]
    text = f"Resources: {{Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{{key}: {value}}}}}}}"
    read = read_text(text)
    assert (read.api.routes, read.problems) == ((), [])
    assert read.told("open: ", f"Resources.Api.Properties.{key}", "Api: the API's definition is in S3")


def test_a_document_may_be_json_text():
    integration = {"type": "aws_proxy", "uri": lambda_uri("${Work.Arn}")}
    document = {"paths": {"/a": {"get": {"x-amazon-apigateway-integration": integration}}}}
    body = f"!Sub '{json.dumps(document)}'"
    text = "Resources:\n  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}\n"
    read = read_text(f"{text}  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Body: {body}}}}}")
    assert shown_routes(read.api) == ["GET /a Work"], read.report()


@for_each("body", ["'{'", "text", "[a]", "'[1]'"])
def test_a_document_that_is_none_is_a_problem(body):
    read = read_text(f"Resources: {{Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Body: {body}}}}}}}")
    assert "Body" in " ".join(read.problems)


_EVERYTHING = """
Conditions:
  Yes: !Equals [a, a]
Resources:
  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body:
        openapi: 3.0.1
        info: {title: shop, version: "1"}
        servers: [{url: "https://shop.example/{basePath}", variables: {basePath: {default: v1}}}]
        tags: [{name: a}]
        security: [{gate: []}]
        x-amazon-apigateway-api-key-source: AUTHORIZER
        x-amazon-apigateway-binary-media-types: [image/png, "*~1*", wrong]
        x-amazon-apigateway-documentation: {version: "1"}
        x-amazon-apigateway-endpoint-configuration: {disableExecuteApiEndpoint: true}
        x-amazon-apigateway-gateway-responses: {DEFAULT_4XX: {statusCode: "400"}}
        x-amazon-apigateway-minimum-compression-size: 5
        x-amazon-apigateway-policy: {Statement: []}
        x-amazon-apigateway-request-validators:
          all: {validateRequestBody: true, validateRequestParameters: true}
        x-amazon-apigateway-request-validator: all
        x-new: {a: b}
        components:
          schemas: {order: {type: object}}
          parameters: {page: {in: query, name: page, required: true}}
          requestBodies:
            order: {content: {application/json: {schema: {$ref: "#/components/schemas/order"}}}}
          securitySchemes:
            gate:
              type: apiKey
              name: X-Gate
              in: header
              description: d
              x-amazon-apigateway-authtype: custom
              x-amazon-apigateway-authorizer:
                {type: request, authorizerUri: URI, authorizerCredentials: r,
                 identitySource: method.request.header.X-Gate, identityValidationExpression: a,
                 authorizerResultTtlInSeconds: 5, x-new: 1}
        paths:
          /a:
            summary: s
            parameters: [{in: header, name: X-A, required: true}]
            get:
              operationId: a
              summary: s
              description: d
              tags: [a]
              deprecated: true
              x-new: 1
              parameters: [{$ref: "#/components/parameters/page"}]
              requestBody: {$ref: "#/components/requestBodies/order"}
              responses: {"200": {description: ok}}
              security: !If [Yes, [{gate: []}], []]
              x-amazon-apigateway-request-validator: all
              x-amazon-apigateway-integration: INTEGRATION
            put: !If [Yes, {x-amazon-apigateway-integration: INTEGRATION}, {x-new: 1}]
"""


def test_every_key_of_a_document_is_told_of():
    text = _EVERYTHING.replace("INTEGRATION", _INTEGRATION).replace(
        "URI", f'!Sub "{lambda_uri("${Work.Arn}")}"'
    )
    read = read_text(text)
    needs = "needs method.request.header.X-A"
    assert shown_routes(read.api) == [
        f"GET /a Work by gate {needs} method.request.querystring.page models application/json",
        f"PUT /a Work by gate {needs}",
    ]
    body = "Resources.Api.Properties.Body"
    assert unmarked(read, text) == [
        f"{body}.x-new.a",
        f"{body}.components.securitySchemes.gate.x-amazon-apigateway-authorizer.x-new",
        f"{body}.paths./a.get.x-new",
    ], read.report()
    assert read.api.binary_media_types == ("image/png", "*/*")
    assert read.told("open: ", "'wrong' is no media type")
    assert read.told("not carried: ", "x-amazon-apigateway-api-key-source", "usageIdentifierKey")
    assert read.told("left out: ", "put.Fn::If[2]", "the condition Yes is true")
