"""Terraform's APIs and load balancers as resources of CloudFormation."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.terraform.links import Links, pascal, pascal_tree
from berth.tools.migrate.terraform.state import TerraformResource

_REST, _HTTP = "aws_api_gateway_rest_api", "aws_apigatewayv2_api"
_RESOURCE, _METHOD = "aws_api_gateway_resource", "aws_api_gateway_method"
_TARGETS = ("aws_lb_target_group", "aws_alb_target_group")

Properties = dict[str, Any]


def _kept(properties: Mapping[str, Any]) -> Properties:
    return {key: each for key, each in properties.items() if each not in (None, "", [], {})}


def _plain(resource: TerraformResource, *arguments: str) -> Properties:
    """Arguments that go over as they are, under CloudFormation's names."""
    return {pascal(each): resource[each] for each in arguments}


def _by_id(links: Links, resource: TerraformResource, key: str, *types: str) -> Tree:
    """An argument that holds a resource's id, as a `Ref`."""
    found = links.reference(resource, key, *types)
    return {"Ref": found["Fn::GetAtt"][0]} if isinstance(found, dict) else found


def _body(text: Any) -> Any:
    """An API's OpenAPI document; one that is YAML cannot come from `jsonencode`, and is told as it is."""
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def rest_api(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ApiGateway::RestApi."""
    own = _plain(resource, "name", "binary_media_types", "minimum_compression_size", "policy", "description")
    endpoint = pascal_tree(resource.block("endpoint_configuration"))
    more = {"Body": _body(resource["body"]), "ApiKeySourceType": resource["api_key_source"]}
    return _kept({**own, **more, "EndpointConfiguration": endpoint})


def rest_resource(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ApiGateway::Resource."""
    return _kept(
        {
            "RestApiId": _by_id(links, resource, "rest_api_id", _REST),
            "ParentId": _parent(links, resource, "parent_id"),
            "PathPart": resource["path_part"],
        }
    )


def _parent(links: Links, resource: TerraformResource, key: str) -> Tree:
    """A resource of a path, or the root of its API."""
    value = links.value(resource, key)
    roots = (each for each in links.of_type(_REST) if each["root_resource_id"] == value)
    root = next(roots, None)
    if root is not None:
        return {"Fn::GetAtt": [root.address, "RootResourceId"]}
    if isinstance(value, dict) and value["Fn::GetAtt"][1] == "root_resource_id":
        return {"Fn::GetAtt": [value["Fn::GetAtt"][0], "RootResourceId"]}
    return _by_id(links, resource, key, _RESOURCE)


def rest_method(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ApiGateway::Method with its integration, which Terraform has as resources of their own."""
    own = _plain(resource, "http_method", "authorization_scopes", "api_key_required")
    return _kept(
        {
            **own,
            "RestApiId": _by_id(links, resource, "rest_api_id", _REST),
            "ResourceId": _parent(links, resource, "resource_id"),
            "AuthorizationType": resource["authorization"],
            "AuthorizerId": _by_id(links, resource, "authorizer_id", "aws_api_gateway_authorizer"),
            "RequestValidatorId": _by_id(
                links, resource, "request_validator_id", "aws_api_gateway_request_validator"
            ),
            "RequestParameters": resource["request_parameters"],
            "RequestModels": resource["request_models"],
            "Integration": _integration(links, resource),
        }
    )


def _same_method(links: Links, one: TerraformResource, other: TerraformResource) -> bool:
    keys = ("rest_api_id", "resource_id", "http_method")
    return all(links.value(one, key) == links.value(other, key) for key in keys)


def _integration(links: Links, method: TerraformResource) -> Properties:
    found = [
        each for each in links.of_type("aws_api_gateway_integration") if _same_method(links, method, each)
    ]
    if not found:
        return {}
    integration = found[0]
    responses = [
        {"StatusCode": each["status_code"], "ResponseParameters": each["response_parameters"] or {}}
        for each in links.of_type("aws_api_gateway_integration_response")
        if _same_method(links, method, each)
    ]
    own = _plain(integration, "type", "integration_http_method", "credentials", "request_templates")
    return _kept({**own, "Uri": links.value(integration, "uri"), "IntegrationResponses": responses})


def rest_authorizer(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ApiGateway::Authorizer."""
    own = _plain(
        resource,
        "name",
        "type",
        "identity_source",
        "identity_validation_expression",
        "authorizer_result_ttl_in_seconds",
    )
    rest = _by_id(links, resource, "rest_api_id", _REST)
    uri, pools = links.value(resource, "authorizer_uri"), resource["provider_arns"]
    made = {**own, "RestApiId": rest, "AuthorizerUri": uri, "ProviderARNs": pools}
    return {key: each for key, each in made.items() if each not in (None, "", [])}


def of_rest_api(*arguments: str) -> Callable[[Links, TerraformResource], Properties]:
    """A converter of what belongs to a REST API and has nothing else to be found."""

    def convert(links: Links, resource: TerraformResource) -> Properties:
        own = _plain(resource, *arguments)
        return _kept({**own, "RestApiId": _by_id(links, resource, "rest_api_id", _REST)})

    return convert


def model(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ApiGateway::Model."""
    own = of_rest_api("name", "content_type")(links, resource)
    return _kept({**own, "Schema": _body(resource["schema"])})


def deployment(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ApiGateway::Deployment; newer providers have no stage in it."""
    own = of_rest_api("stage_name")(links, resource)
    variables = resource["variables"]
    return _kept({**own, "StageDescription": {"Variables": variables} if variables else None})


def http_api(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ApiGatewayV2::Api."""
    own = _plain(resource, "name", "protocol_type", "route_key")
    cors = pascal_tree(resource.block("cors_configuration"))
    target = links.function(resource, "target")
    return _kept({**own, "CorsConfiguration": cors, "Target": target, "Body": _body(resource["body"])})


def http_route(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ApiGatewayV2::Route."""
    own = _plain(resource, "route_key", "authorization_type", "authorization_scopes", "api_key_required")
    target = links.value(resource, "target")
    integration = target.removeprefix("integrations/") if isinstance(target, str) else target
    found = links.named(integration, "aws_apigatewayv2_integration")
    if isinstance(found, dict):
        target = {"Fn::Join": ["/", ["integrations", {"Ref": found["Fn::GetAtt"][0]}]]}
    authorizer = _by_id(links, resource, "authorizer_id", "aws_apigatewayv2_authorizer")
    api = _by_id(links, resource, "api_id", _HTTP)
    return _kept({**own, "ApiId": api, "Target": target, "AuthorizerId": authorizer})


def http_integration(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ApiGatewayV2::Integration."""
    own = _plain(
        resource, "integration_type", "payload_format_version", "integration_subtype", "connection_type"
    )
    uri = links.function(resource, "integration_uri")
    return _kept({**own, "ApiId": _by_id(links, resource, "api_id", _HTTP), "IntegrationUri": uri})


def http_authorizer(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ApiGatewayV2::Authorizer."""
    own = _plain(
        resource,
        "name",
        "authorizer_type",
        "authorizer_payload_format_version",
        "authorizer_result_ttl_in_seconds",
        "enable_simple_responses",
    )
    made = {
        **own,
        "ApiId": _by_id(links, resource, "api_id", _HTTP),
        "AuthorizerUri": links.value(resource, "authorizer_uri"),
        "IdentitySource": resource["identity_sources"],
        "JwtConfiguration": pascal_tree(resource.block("jwt_configuration")),
    }
    return {key: each for key, each in made.items() if each not in (None, "", [], {})}


def http_stage(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ApiGatewayV2::Stage."""
    made = {"StageName": resource["name"], "StageVariables": resource["stage_variables"]}
    return _kept({**made, "ApiId": _by_id(links, resource, "api_id", _HTTP)})


def target_group(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ElasticLoadBalancingV2::TargetGroup with what is attached to it."""
    attachments = links.of_type("aws_lb_target_group_attachment", "aws_alb_target_group_attachment")
    own = [each for each in attachments if each["target_group_arn"] in (resource["arn"], resource["id"])]
    is_multi = "true" if resource["lambda_multi_value_headers_enabled"] else "false"
    attribute = {"Key": "lambda.multi_value_headers.enabled", "Value": is_multi}
    return {
        "TargetType": resource["target_type"],
        "Targets": [{"Id": links.function(each, "target_id")} for each in own],
        "TargetGroupAttributes": [attribute],
    }


def _actions(links: Links, resource: TerraformResource, key: str) -> list[Properties]:
    """The actions of a rule or a listener, each with its target group as a reference."""
    made = []
    for each in resource[key] or []:
        arn = each.get("target_group_arn") or _of_forward(each)
        target = links.named(arn, *_TARGETS)
        reference = {"Ref": target["Fn::GetAtt"][0]} if isinstance(target, dict) else target
        made.append(_kept({"Type": each.get("type"), "TargetGroupArn": reference}))
    return made


def _of_forward(action: Mapping[str, Any]) -> Any:
    """The one target group of a `forward` block; several with weights are no single target."""
    forwards = action.get("forward") or []
    groups = forwards[0].get("target_group", []) if forwards else []
    return groups[0].get("arn") if len(groups) == 1 else None


def listener(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ElasticLoadBalancingV2::Listener."""
    return {"DefaultActions": _actions(links, resource, "default_action")}


def listener_rule(links: Links, resource: TerraformResource) -> Properties:
    """AWS::ElasticLoadBalancingV2::ListenerRule."""
    conditions = [each for entry in resource["condition"] or [] for each in _conditions(entry)]
    listener_arn = links.reference(resource, "listener_arn", "aws_lb_listener", "aws_alb_listener")
    reference = {"Ref": listener_arn["Fn::GetAtt"][0]} if isinstance(listener_arn, dict) else listener_arn
    return _kept(
        {
            "ListenerArn": reference,
            "Priority": resource["priority"],
            "Actions": _actions(links, resource, "action"),
            "Conditions": conditions,
        }
    )


_FIELDS = {
    "path_pattern": ("path-pattern", "PathPatternConfig"),
    "host_header": ("host-header", "HostHeaderConfig"),
    "http_request_method": ("http-request-method", "HttpRequestMethodConfig"),
    "http_header": ("http-header", "HttpHeaderConfig"),
    "query_string": ("query-string", "QueryStringConfig"),
    "source_ip": ("source-ip", "SourceIpConfig"),
}


def _conditions(entry: Mapping[str, Any]) -> list[Properties]:
    made = []
    for key, (field, config) in _FIELDS.items():
        blocks = entry.get(key) or []
        if key == "query_string" and blocks:
            made.append({"Field": field, config: {"Values": [pascal_tree(each) for each in blocks]}})
        elif blocks:
            made.append({"Field": field, config: pascal_tree(blocks[0])})
    return made


def function_url(links: Links, resource: TerraformResource) -> Properties:
    """AWS::Lambda::Url."""
    return _kept(
        {
            "TargetFunctionArn": links.function(resource, "function_name"),
            "AuthType": resource["authorization_type"],
            "Cors": pascal_tree(resource.block("cors")),
            "InvokeMode": resource["invoke_mode"],
        }
    )
