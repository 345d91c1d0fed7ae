"""The APIs of a Terraform state or plan, its load balancers and function URLs: routes and the stage."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kit.imported import HANDLER, Imported, import_file, write_files
from kit.tables import for_each
from kit.terraform import function, function_arn, invoke_arn, plan, resource, state

_ARCHIVE = resource("data.archive_file", "app", output_path="app.zip", source_dir="src", type="zip")


def _import(folder: Path, text: str) -> Imported:
    source = folder / str(len(list(folder.iterdir()))) / "shop"
    write_files(source, {"src/app.py": HANDLER, "state.json": text})
    return import_file(source / "state.json")


def _applied(folder: Path, *resources: Mapping[str, Any]) -> Imported:
    done = _import(folder, state(function("orders"), function("gate"), *resources, _ARCHIVE))
    assert (done.problems, done.strays()) == ((), [])
    return done


def _rest(**values: Any) -> dict[str, Any]:
    given = {
        "id": "api1",
        "name": "shop",
        "root_resource_id": "root1",
        "api_key_source": "HEADER",
        "body": None,
    }
    return resource("aws_api_gateway_rest_api", "shop", **given, **values)


def _path(label: str, resource_id: str, parent: str, part: str) -> dict[str, Any]:
    own = {"id": resource_id, "parent_id": parent, "path_part": part}
    return resource("aws_api_gateway_resource", label, rest_api_id="api1", **own)


_PATHS = (_path("orders", "r1", "root1", "orders"), _path("one", "r2", "r1", "{id}"))


def _method(label: str, resource_id: str, **values: Any) -> list[dict[str, Any]]:
    """A method and its integration with the function `orders`."""
    integration = {
        "type": "AWS_PROXY",
        "uri": invoke_arn("orders"),
        "integration_http_method": "POST",
        **values.pop("integration", {}),
    }
    own = {"rest_api_id": "api1", "resource_id": resource_id, "http_method": values.pop("http_method", "GET")}
    given = {"authorization": "NONE", "api_key_required": False, **values}
    return [
        resource("aws_api_gateway_method", label, **own, **given),
        resource("aws_api_gateway_integration", label, **own, **integration),
    ]


def _authorizer(**values: Any) -> dict[str, Any]:
    given = {"id": "auth1", "rest_api_id": "api1", "name": "gate", **values}
    return resource("aws_api_gateway_authorizer", "gate", **given)


_GATED = {"authorization": "CUSTOM", "authorizer_id": "auth1"}
_STAGE = resource(
    "aws_api_gateway_stage", "live", rest_api_id="api1", stage_name="live", deployment_id="d1", variables={}
)
_POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_a"


@for_each(
    "resources, routes, stage",
    [
        (_method("list", "r1"), ["GET /orders"], {}),
        (_method("one", "r2", http_method="ANY"), ["ANY /orders/{id}"], {}),
        (_method("root", "root1"), ["GET /"], {}),
        (
            [*_method("list", "r1", api_key_required=True)],
            ["GET /orders key"],
            {},
        ),
        (
            [*_method("list", "r1", **_GATED), _authorizer(type="TOKEN", authorizer_uri=invoke_arn("gate"))],
            ["GET /orders by gate"],
            {
                "authorizers": {
                    "gate": {
                        "type": "TOKEN",
                        "function": "gate",
                        "identitySource": ["method.request.header.Authorization"],
                    }
                }
            },
        ),
        (
            [
                *_method("list", "r1", authorization="COGNITO_USER_POOLS", authorizer_id="auth1"),
                _authorizer(type="COGNITO_USER_POOLS", provider_arns=[_POOL]),
            ],
            ["GET /orders by gate"],
            {"authorizers": {"gate": {"type": "COGNITO_USER_POOLS", "userPool": _POOL}}},
        ),
        (
            [
                *_method(
                    "list",
                    "r1",
                    request_validator_id="v1",
                    request_parameters={"method.request.querystring.page": True},
                ),
                resource(
                    "aws_api_gateway_request_validator",
                    "v",
                    id="v1",
                    rest_api_id="api1",
                    name="check",
                    validate_request_parameters=True,
                    validate_request_body=False,
                ),
            ],
            ["GET /orders needs method.request.querystring.page"],
            {},
        ),
        (
            [*_method("list", "r1"), _STAGE],
            ["GET /orders"],
            {"stage": "live"},
        ),
        (
            [
                *_method("list", "r1"),
                resource(
                    "aws_api_gateway_deployment",
                    "old",
                    rest_api_id="api1",
                    stage_name="prod",
                    variables={"table_name": "t"},
                ),
            ],
            ["GET /orders"],
            {"stage": "prod", "stageVariables": {"table_name": "t"}},
        ),
    ],
)
def test_a_rest_api_of_resources_becomes_routes(
    tmp_path: Path, resources: list[Any], routes: list[str], stage: dict[str, Any]
) -> None:
    done = _applied(tmp_path, _rest(), *_PATHS, *resources)
    assert done.routes == {"orders": routes}
    assert {key: done.stage[key] for key in stage} == stage
    assert done.functions["orders"]["api"] == "rest"


def test_preflights_become_cors(tmp_path: Path) -> None:
    answers = {
        "method.response.header.Access-Control-Allow-Origin": "'https://shop.example'",
        "method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'",
        "method.response.header.Access-Control-Allow-Headers": "'authorization'",
    }
    mock = {"type": "MOCK", "uri": "", "request_templates": {"application/json": '{"statusCode": 200}'}}
    own = {"rest_api_id": "api1", "resource_id": "r1", "http_method": "OPTIONS", "status_code": "200"}
    done = _applied(
        tmp_path,
        _rest(),
        *_PATHS,
        *_method("list", "r1"),
        *_method("options", "r1", http_method="OPTIONS", integration=mock),
        resource("aws_api_gateway_method_response", "options", **own),
        resource("aws_api_gateway_integration_response", "options", **own, response_parameters=answers),
    )
    assert done.routes == {"orders": ["GET /orders"]}
    assert done.stage["cors"]["allowOrigins"] == ["https://shop.example"]


def test_api_keys_have_names_and_never_values(tmp_path: Path) -> None:
    key = resource("aws_api_gateway_api_key", "k", id="k1", name="partner", enabled=True, value="hunter2")
    plan_of_key = resource(
        "aws_api_gateway_usage_plan",
        "p",
        id="p1",
        name="basic",
        api_stages=[{"api_id": "api1", "stage": "live", "throttle": []}],
        throttle_settings=[{"burst_limit": 5, "rate_limit": 10}],
    )
    link = resource(
        "aws_api_gateway_usage_plan_key", "l", key_id="k1", key_type="API_KEY", usage_plan_id="p1"
    )
    own = (*_PATHS, *_method("list", "r1", api_key_required=True), _STAGE)
    done = _applied(tmp_path, _rest(), *own, key, plan_of_key, link)
    assert done.routes == {"orders": ["GET /orders key"]}
    assert [each["id"] for each in done.stage["apiKeys"]] == ["partner"]
    assert done.told("elsewhere", "throttle_settings")
    assert "hunter2" not in json.dumps([done.report, done.stage])


def test_a_policy_of_an_api_is_not_carried_wherever_it_is_written(tmp_path: Path) -> None:
    policy = '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}'
    own = resource("aws_api_gateway_rest_api_policy", "p", rest_api_id="api1", policy=policy)
    for resources in ([_rest(policy=policy)], [_rest(), own]):
        done = _applied(tmp_path, *resources, *_PATHS, *_method("list", "r1"))
        assert done.told("not carried", "the resource policy decides who may call the API")


_BODY = {
    "openapi": "3.0.1",
    "info": {"title": "shop", "version": "1"},
    "paths": {
        "/orders": {
            "get": {
                "x-amazon-apigateway-integration": {
                    "type": "aws_proxy",
                    "uri": invoke_arn("orders"),
                    "httpMethod": "POST",
                    "payloadFormatVersion": "1.0",
                }
            }
        }
    },
}


def test_an_api_of_an_openapi_document_becomes_routes(tmp_path: Path) -> None:
    rest = _applied(tmp_path, resource("aws_api_gateway_rest_api", "a", id="a", body=json.dumps(_BODY)))
    assert (rest.routes, rest.functions["orders"]["api"]) == ({"orders": ["GET /orders"]}, "rest")
    http = _applied(
        tmp_path,
        resource("aws_apigatewayv2_api", "a", id="a", protocol_type="HTTP", body=json.dumps(_BODY)),
        resource("aws_apigatewayv2_stage", "s", api_id="a", name="$default", auto_deploy=True),
    )
    assert (http.routes, http.functions["orders"]["api"]) == ({"orders": ["GET /orders"]}, "http")


def _http(**values: Any) -> dict[str, Any]:
    return resource("aws_apigatewayv2_api", "shop", id="h1", name="shop", protocol_type="HTTP", **values)


def _route(key: str, target: str = "integrations/i1", **values: Any) -> dict[str, Any]:
    label = "".join(each for each in key if each.isalpha())
    given = {"authorization_type": "NONE", "api_key_required": False, **values}
    return resource("aws_apigatewayv2_route", label, api_id="h1", route_key=key, target=target, **given)


def _http_integration(uri: str) -> dict[str, Any]:
    return resource(
        "aws_apigatewayv2_integration",
        "orders",
        id="i1",
        api_id="h1",
        integration_type="AWS_PROXY",
        integration_uri=uri,
        payload_format_version="2.0",
        timeout_milliseconds=30000,
        connection_type="INTERNET",
    )


_HTTP_STAGE = resource(
    "aws_apigatewayv2_stage",
    "s",
    api_id="h1",
    name="$default",
    auto_deploy=True,
    stage_variables={"table_name": "t"},
    default_route_settings=[{"throttling_burst_limit": 0, "throttling_rate_limit": 0, "logging_level": ""}],
)


@for_each(
    "resources, routes, stage",
    [
        (
            [_http(), _http_integration(invoke_arn("orders")), _route("GET /orders"), _route("$default")],
            ["GET /orders", "ANY $default"],
            {"stageVariables": {"table_name": "t"}},
        ),
        ([_http(), _http_integration(function_arn("orders")), _route("GET /a/{p+}")], ["GET /a/{p+}"], {}),
        ([_http(target=function_arn("orders"), route_key="GET /quick")], ["GET /quick"], {}),
        (
            [
                _http(cors_configuration=[{"allow_origins": ["https://a.example"], "max_age": 60}]),
                _http_integration(invoke_arn("orders")),
                _route("GET /a", authorization_type="JWT", authorizer_id="auth", authorization_scopes=["r"]),
                resource(
                    "aws_apigatewayv2_authorizer",
                    "jwt",
                    id="auth",
                    api_id="h1",
                    name="jwt",
                    authorizer_type="JWT",
                    identity_sources=["$request.header.Authorization"],
                    jwt_configuration=[{"audience": ["shop"], "issuer": "https://issuer.example"}],
                ),
            ],
            ["GET /a by jwt scopes r"],
            {
                "cors": {"allowOrigins": ["https://a.example"], "maxAge": 60},
                "authorizers": {
                    "jwt": {
                        "type": "JWT",
                        "issuer": "https://issuer.example",
                        "audience": ["shop"],
                        "identitySource": ["$request.header.Authorization"],
                    }
                },
            },
        ),
        (
            [
                _http(),
                _http_integration(invoke_arn("orders")),
                _route("GET /a", authorization_type="CUSTOM", authorizer_id="auth"),
                resource(
                    "aws_apigatewayv2_authorizer",
                    "gate",
                    id="auth",
                    api_id="h1",
                    name="gate",
                    authorizer_type="REQUEST",
                    authorizer_payload_format_version="2.0",
                    authorizer_uri=invoke_arn("gate"),
                    authorizer_result_ttl_in_seconds=0,
                    enable_simple_responses=True,
                    identity_sources=["$request.header.x-who"],
                ),
            ],
            ["GET /a by gate"],
            {
                "authorizers": {
                    "gate": {
                        "type": "REQUEST",
                        "function": "gate",
                        "identitySource": ["$request.header.x-who"],
                        "payloadFormatVersion": "2.0",
                        "enableSimpleResponses": True,
                        "resultTtlInSeconds": 0,
                    }
                }
            },
        ),
    ],
)
def test_an_http_api_becomes_routes(
    tmp_path: Path, resources: list[Any], routes: list[str], stage: dict[str, Any]
) -> None:
    done = _applied(tmp_path, *resources, _HTTP_STAGE)
    assert (done.routes, done.functions["orders"]["api"]) == ({"orders": routes}, "http")
    assert {key: done.stage[key] for key in stage} == stage
    assert not done.told("default_route_settings")


def test_a_web_socket_api_is_not_carried(tmp_path: Path) -> None:
    api = resource("aws_apigatewayv2_api", "chat", id="w1", name="chat", protocol_type="WEBSOCKET")
    done = _applied(tmp_path, api)
    assert done.told("not carried", "aws_apigatewayv2_api.chat WEBSOCKET: Berth serves no WebSockets")


def _rule(condition: list[Any], **action: Any) -> list[dict[str, Any]]:
    given = {"type": "forward", "target_group_arn": "arn:tg", "forward": [], "order": 1, **action}
    return [
        resource(
            "aws_lb_target_group",
            "f",
            arn="arn:tg",
            target_type="lambda",
            lambda_multi_value_headers_enabled=True,
        ),
        resource(
            "aws_lb_target_group_attachment", "f", target_group_arn="arn:tg", target_id=function_arn("orders")
        ),
        resource("aws_lb", "lb", arn="arn:lb"),
        resource(
            "aws_lb_listener",
            "l",
            arn="arn:l",
            load_balancer_arn="arn:lb",
            port=80,
            default_action=[{"type": "fixed-response", "target_group_arn": "", "forward": [], "order": 1}],
        ),
        resource(
            "aws_lb_listener_rule",
            "r",
            listener_arn="arn:l",
            priority=10,
            action=[given],
            condition=condition,
        ),
    ]


def _condition(**blocks: Any) -> dict[str, Any]:
    kinds = ("path_pattern", "host_header", "http_header", "http_request_method", "query_string", "source_ip")
    return {kind: blocks.get(kind, []) for kind in kinds}


@for_each(
    "condition, action, expected",
    [
        ([_condition(path_pattern=[{"values": ["/a/*"]}])], {}, "ANY /a/* priority 10"),
        (
            [_condition(path_pattern=[{"values": ["/a"]}], http_request_method=[{"values": ["POST"]}])],
            {},
            "POST /a priority 10",
        ),
        (
            [
                _condition(path_pattern=[{"values": ["/a"]}]),
                _condition(http_header=[{"http_header_name": "x-a", "values": ["b"]}]),
                _condition(query_string=[{"key": "k", "value": "v"}, {"key": "", "value": "w"}]),
            ],
            {},
            "ANY /a priority 10 conditions "
            '[{"field": "http-header", "httpHeaderName": "x-a", "values": ["b"]},'
            ' {"field": "query-string", "values": [{"key": "k", "value": "v"}, {"value": "w"}]}]',
        ),
        (
            [_condition(path_pattern=[{"values": ["/a"]}])],
            {"target_group_arn": "", "forward": [{"target_group": [{"arn": "arn:tg", "weight": 1}]}]},
            "ANY /a priority 10",
        ),
    ],
)
def test_a_load_balancer_becomes_routes(
    tmp_path: Path, condition: list[Any], action: dict[str, Any], expected: str
) -> None:
    done = _applied(tmp_path, *_rule(condition, **action))
    assert done.routes == {"orders": [expected]}
    assert done.functions["orders"]["multiValueHeaders"] is True


def test_a_function_url_is_carried(tmp_path: Path) -> None:
    cors = [{"allow_origins": ["https://a.example"], "allow_methods": ["GET"], "max_age": 0}]
    url = resource(
        "aws_lambda_function_url",
        "orders",
        function_name="orders",
        authorization_type="NONE",
        invoke_mode="BUFFERED",
        cors=cors,
    )
    done = _applied(tmp_path, url)
    assert done.functions["orders"]["api"] == "url"
    assert done.stage["cors"]["allowOrigins"] == ["https://a.example"]


def test_permissions_of_apis_are_the_routes(tmp_path: Path) -> None:
    def permission(principal: str) -> dict[str, Any]:
        given = {"action": "lambda:InvokeFunction", "function_name": "orders", "source_arn": "arn:x"}
        return resource("aws_lambda_permission", principal[:2], principal=principal, **given)

    api, bucket = permission("apigateway.amazonaws.com"), permission("s3.amazonaws.com")
    done = _applied(tmp_path, _rest(), *_PATHS, *_method("list", "r1"), api, bucket)
    assert done.told("carried", "principal", "the routes of the function")
    assert done.told("elsewhere", "aws_lambda_permission.s3 (aws_lambda_permission) stays in AWS")


_PLANNED = [
    resource(
        "aws_lambda_function", "orders", runtime="python3.13", handler="app.handler", filename="app.zip"
    ),
    resource("aws_api_gateway_rest_api", "shop", name="shop"),
    resource("aws_api_gateway_resource", "orders", path_part="orders"),
    resource("aws_api_gateway_method", "list", http_method="GET", authorization="NONE"),
    resource("aws_api_gateway_integration", "list", type="AWS_PROXY", integration_http_method="POST"),
    resource("aws_lambda_layer_version", "deps", layer_name="deps", filename="layer.zip"),
    resource("data.archive_file", "app", output_path="app.zip", source_dir="src"),
    resource("data.archive_file", "layer", output_path="layer.zip", source_dir="src"),
]
_API, _FUNCTION = "aws_api_gateway_rest_api.shop", "aws_lambda_function.orders"
_RESOURCE, _METHOD = "aws_api_gateway_resource.orders", "aws_api_gateway_method.list"
_UNKNOWN: dict[str, dict[str, Any]] = {
    _FUNCTION: {"arn": True, "layers": True, "environment": [{"variables": {"TABLE": True}}]},
    _API: {"id": True, "root_resource_id": True},
    _RESOURCE: {"id": True, "rest_api_id": True, "parent_id": True},
    _METHOD: {"rest_api_id": True, "resource_id": True},
    "aws_api_gateway_integration.list": {
        "rest_api_id": True,
        "resource_id": True,
        "http_method": True,
        "uri": True,
    },
}
_REFERENCES: dict[str, dict[str, list[str]]] = {
    _FUNCTION: {"layers": ["aws_lambda_layer_version.deps.arn", "aws_lambda_layer_version.deps"]},
    _RESOURCE: {
        "rest_api_id": [f"{_API}.id", _API],
        "parent_id": [f"{_API}.root_resource_id", _API],
    },
    _METHOD: {"rest_api_id": [f"{_API}.id", _API], "resource_id": [f"{_RESOURCE}.id", _RESOURCE]},
    "aws_api_gateway_integration.list": {
        "rest_api_id": [f"{_API}.id", _API],
        "resource_id": [f"{_METHOD}.resource_id", _METHOD],
        "http_method": [f"{_METHOD}.http_method", _METHOD],
        "uri": [f"{_FUNCTION}.invoke_arn", _FUNCTION],
    },
}


def test_a_plan_is_read_by_what_its_configuration_refers_to(tmp_path: Path) -> None:
    done = _import(tmp_path, plan(*_PLANNED, unknown=_UNKNOWN, references=_REFERENCES))
    assert (done.problems, done.strays()) == ((), [])
    assert done.routes == {"orders": ["GET /orders"]}
    assert done.function["layers"] == ["../../layers/deps"]
    assert done.function["environment"] == {"TABLE": f"${{deployed.{_FUNCTION}.TABLE}}"}
    assert done.told("open", "TABLE, which the plan does not know yet")


def test_a_plan_that_hides_all_variables_says_so(tmp_path: Path) -> None:
    unknown = {**_UNKNOWN, _FUNCTION: {"environment": [{"variables": True}]}}
    done = _import(tmp_path, plan(*_PLANNED, unknown=unknown, references=_REFERENCES))
    assert done.told("open", f"the plan does not know the variables of {_FUNCTION}: import the applied state")
    assert "environment" not in done.function


def test_secrets_of_a_plan_stay_in_it(tmp_path: Path) -> None:
    variables = [{"variables": {"TOKEN": "hunter2"}}]
    first = {**_PLANNED[0], "values": {**_PLANNED[0]["values"], "environment": variables}}
    sensitive = {_FUNCTION: {"environment": [{"variables": {"TOKEN": True}}]}}
    done = _import(
        tmp_path, plan(first, *_PLANNED[1:], unknown={}, references=_REFERENCES, sensitive=sensitive)
    )
    assert "hunter2" not in json.dumps([done.report, done.functions, done.stage])
    assert list(done.function["environment"]) == ["TOKEN"]
