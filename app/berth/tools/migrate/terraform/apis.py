"""Terraform's REST and HTTP APIs as resources of CloudFormation."""

from collections.abc import Callable
from typing import Any

from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.terraform.converting import Conversion
from berth.tools.migrate.terraform.functions import parsed
from berth.tools.migrate.terraform.links import Links
from berth.tools.migrate.terraform.state import TerraformResource

REST, HTTP = "aws_api_gateway_rest_api", "aws_apigatewayv2_api"
_RESOURCE = "aws_api_gateway_resource"
_AUTHORIZER, _HTTP_AUTHORIZER = "aws_api_gateway_authorizer", "aws_apigatewayv2_authorizer"
_RENAMED = {
    "timeout_milliseconds": "TimeoutInMillis",
    "access_log_settings": "AccessLogSetting",
    "canary_settings": "CanarySetting",
    "xray_tracing_enabled": "TracingEnabled",
    "quota_settings": "Quota",
    "throttle_settings": "Throttle",
}


def rest_api(made: Conversion) -> None:
    """AWS::ApiGateway::RestApi."""
    own = made.resource
    made.plain("name", "binary_media_types")
    made.put("Body", parsed(made["body"]), "body")
    made.put("ApiKeySourceType", made["api_key_source"], "api_key_source")
    minimum = made["minimum_compression_size"]
    # The provider writes -1 or "" where nothing is compressed.
    if str(minimum) == "-1":
        made.ignore("minimum_compression_size")
    else:
        made.put("MinimumCompressionSize", minimum, "minimum_compression_size")
    made.put("Policy", parsed(made["policy"]), "policy")
    for each in made.links.of_type("aws_api_gateway_rest_api_policy"):
        if made.links.reference(each, "rest_api_id", REST) == {"Ref": own.address}:
            made.properties["Policy"] = parsed(each["policy"])
            made.origins["Policy",] = each.path
    made.block("endpoint_configuration")
    made.others(_RENAMED)


def rest_resource(made: Conversion) -> None:
    """AWS::ApiGateway::Resource."""
    made.reference("RestApiId", "rest_api_id", REST)
    made.put("ParentId", _parent(made.links, made.resource, "parent_id"), "parent_id")
    made.plain("path_part")


def _parent(links: Links, resource: TerraformResource, key: str) -> Tree:
    """A resource of a path, or the root of its API."""
    value = links.value(resource, key)
    roots = (each for each in links.of_type(REST) if value and each["root_resource_id"] == value)
    root = next(roots, None)
    if root is not None:
        return {"Fn::GetAtt": [root.address, "RootResourceId"]}
    if isinstance(value, dict) and value["Fn::GetAtt"][1] == "root_resource_id":
        return {"Fn::GetAtt": [value["Fn::GetAtt"][0], "RootResourceId"]}
    return links.named(value, _RESOURCE)


def rest_method(made: Conversion) -> None:
    """AWS::ApiGateway::Method with its integration, which Terraform has as resources of their own."""
    made.plain("http_method", "authorization_scopes", "request_parameters", "request_models")
    made.reference("RestApiId", "rest_api_id", REST)
    made.put("ResourceId", _parent(made.links, made.resource, "resource_id"), "resource_id")
    made.put("AuthorizationType", made["authorization"], "authorization")
    made.reference("AuthorizerId", "authorizer_id", _AUTHORIZER)
    made.reference("RequestValidatorId", "request_validator_id", "aws_api_gateway_request_validator")
    made.put("ApiKeyRequired", made["api_key_required"] or None, "api_key_required")
    integrations = _of_method(made, "aws_api_gateway_integration")
    if integrations:
        made.embed(("Integration",), _integration(made, integrations[0]))
    made.others(_RENAMED)


def _of_method(made: Conversion, kind: str) -> list[TerraformResource]:
    return made.links.with_key(kind, _method_key, _method_key(made.links, made.resource))


def _method_key(links: Links, resource: TerraformResource) -> str:
    rest = links.reference(resource, "rest_api_id", REST)
    values = (rest, _parent(links, resource, "resource_id"), links.value(resource, "http_method"))
    return str(values)


def _integration(method: Conversion, resource: TerraformResource) -> Conversion:
    made = Conversion(method.links, resource)
    made.plain("type", "integration_http_method", "credentials", "request_templates", "request_parameters")
    made.put("Uri", made.links.value(resource, "uri"), "uri")
    responses = _of_method(method, "aws_api_gateway_integration_response")
    if responses:
        made.put("IntegrationResponses", [_response(each) for each in responses])
        made.origins["IntegrationResponses",] = responses[0].path
    made.others(_RENAMED, "http_method", "rest_api_id", "resource_id")
    return made


def _response(resource: TerraformResource) -> dict[str, Any]:
    parameters = resource["response_parameters"] or {}
    return {"StatusCode": resource["status_code"], "ResponseParameters": parameters}


def rest_authorizer(made: Conversion) -> None:
    """AWS::ApiGateway::Authorizer."""
    made.plain("name", "type", "identity_source", "identity_validation_expression", "authorizer_uri")
    made.plain("authorizer_result_ttl_in_seconds")
    made.reference("RestApiId", "rest_api_id", REST)
    made.put("ProviderARNs", made.links.values(made.resource, "provider_arns"), "provider_arns")
    made.read.add("provider_arns")
    made.others(_RENAMED)


def of_rest_api(made: Conversion) -> None:
    """What belongs to a REST API and has nothing else to be found: stages, validators, deployments, keys."""
    made.reference("RestApiId", "rest_api_id", REST)
    made.others(_RENAMED)


def model(made: Conversion) -> None:
    """AWS::ApiGateway::Model."""
    made.put("Schema", parsed(made["schema"]), "schema")
    of_rest_api(made)


def deployment(made: Conversion) -> None:
    """AWS::ApiGateway::Deployment; newer providers have no stage in it."""
    made.put("StageDescription", _stage_description(made["variables"]), "variables")
    made.read.add("stage_description")
    of_rest_api(made)


def _stage_description(variables: Any) -> Any:
    return {"Variables": variables} if variables else None


def usage_plan(made: Conversion) -> None:
    """AWS::ApiGateway::UsagePlan."""
    stages = [
        {"ApiId": made.links.named(each.get("api_id"), REST), "Stage": each.get("stage")}
        for each in made.resource.blocks("api_stages")
    ]
    made.put("ApiStages", stages, "api_stages")
    made.put("UsagePlanName", made["name"], "name")
    made.others(_RENAMED)


def usage_plan_key(made: Conversion) -> None:
    """AWS::ApiGateway::UsagePlanKey."""
    made.reference("KeyId", "key_id", "aws_api_gateway_api_key")
    made.reference("UsagePlanId", "usage_plan_id", "aws_api_gateway_usage_plan")
    made.others({}, "value", "name")


def api_key(made: Conversion) -> None:
    """AWS::ApiGateway::ApiKey; its value is a secret, whatever Terraform says of it."""
    made.plain("name")
    if made["enabled"] is False:
        made.put("Enabled", False, "enabled")
    made.put("Value", "(a secret)" if made["value"] else None, "value")
    made.others({}, "enabled")


def http_api(made: Conversion) -> None:
    """AWS::ApiGatewayV2::Api."""
    made.plain("name", "protocol_type", "route_key")
    made.block("cors_configuration")
    made.function("Target", "target")
    made.put("Body", parsed(made["body"]), "body")
    made.others(_RENAMED)


def http_route(made: Conversion) -> None:
    """AWS::ApiGatewayV2::Route."""
    made.plain("route_key", "authorization_type", "authorization_scopes")
    made.reference("ApiId", "api_id", HTTP)
    made.reference("AuthorizerId", "authorizer_id", _HTTP_AUTHORIZER)
    target = made.links.value(made.resource, "target")
    text = target.removeprefix("integrations/") if isinstance(target, str) else target
    found = made.links.named(text, "aws_apigatewayv2_integration")
    if isinstance(found, dict):
        target = {"Fn::Join": ["/", ["integrations", found]]}
    made.put("Target", target, "target")
    made.others(_RENAMED)


def http_integration(made: Conversion) -> None:
    """AWS::ApiGatewayV2::Integration."""
    made.plain("integration_type", "payload_format_version", "integration_subtype")
    made.reference("ApiId", "api_id", HTTP)
    made.function("IntegrationUri", "integration_uri")
    made.others(_RENAMED)


def http_authorizer(made: Conversion) -> None:
    """AWS::ApiGatewayV2::Authorizer."""
    made.plain("name", "authorizer_type", "authorizer_payload_format_version", "authorizer_uri")
    if made["authorizer_type"] != "JWT":
        made.plain("authorizer_result_ttl_in_seconds")
        made.put("EnableSimpleResponses", made["enable_simple_responses"], "enable_simple_responses")
    made.reference("ApiId", "api_id", HTTP)
    made.put("IdentitySource", made["identity_sources"], "identity_sources")
    made.block("jwt_configuration")
    made.others(_RENAMED)


def http_stage(made: Conversion) -> None:
    """AWS::ApiGatewayV2::Stage."""
    made.put("StageName", made["name"], "name")
    made.plain("stage_variables")
    made.reference("ApiId", "api_id", HTTP)
    made.others({**_RENAMED, "access_log_settings": "AccessLogSettings"})


Converter = Callable[[Conversion], None]
_V1, _V2 = "AWS::ApiGateway::", "AWS::ApiGatewayV2::"


def whole(made: Conversion) -> None:
    """A resource that is told of as a whole."""


CONVERTERS: dict[str, tuple[str, Converter]] = {
    REST: (f"{_V1}RestApi", rest_api),
    _RESOURCE: (f"{_V1}Resource", rest_resource),
    "aws_api_gateway_method": (f"{_V1}Method", rest_method),
    _AUTHORIZER: (f"{_V1}Authorizer", rest_authorizer),
    "aws_api_gateway_request_validator": (f"{_V1}RequestValidator", of_rest_api),
    "aws_api_gateway_model": (f"{_V1}Model", model),
    "aws_api_gateway_deployment": (f"{_V1}Deployment", deployment),
    "aws_api_gateway_stage": (f"{_V1}Stage", of_rest_api),
    "aws_api_gateway_usage_plan": (f"{_V1}UsagePlan", usage_plan),
    "aws_api_gateway_usage_plan_key": (f"{_V1}UsagePlanKey", usage_plan_key),
    "aws_api_gateway_api_key": (f"{_V1}ApiKey", api_key),
    HTTP: (f"{_V2}Api", http_api),
    "aws_apigatewayv2_route": (f"{_V2}Route", http_route),
    "aws_apigatewayv2_integration": (f"{_V2}Integration", http_integration),
    _HTTP_AUTHORIZER: (f"{_V2}Authorizer", http_authorizer),
    "aws_apigatewayv2_stage": (f"{_V2}Stage", http_stage),
    "aws_api_gateway_account": (f"{_V1}Account", whole),
    "aws_api_gateway_gateway_response": (f"{_V1}GatewayResponse", whole),
    "aws_api_gateway_client_certificate": (f"{_V1}ClientCertificate", whole),
    "aws_api_gateway_documentation_part": (f"{_V1}DocumentationPart", whole),
    "aws_api_gateway_documentation_version": (f"{_V1}DocumentationVersion", whole),
    "aws_api_gateway_domain_name": (f"{_V1}DomainName", whole),
    "aws_api_gateway_base_path_mapping": (f"{_V1}BasePathMapping", whole),
    "aws_api_gateway_vpc_link": (f"{_V1}VpcLink", whole),
    "aws_apigatewayv2_domain_name": (f"{_V2}DomainName", whole),
    "aws_apigatewayv2_api_mapping": (f"{_V2}ApiMapping", whole),
    "aws_apigatewayv2_vpc_link": (f"{_V2}VpcLink", whole),
    "aws_apigatewayv2_deployment": (f"{_V2}Deployment", whole),
    "aws_apigatewayv2_model": (f"{_V2}Model", whole),
    "aws_apigatewayv2_route_response": (f"{_V2}RouteResponse", whole),
    "aws_apigatewayv2_integration_response": (f"{_V2}IntegrationResponse", whole),
}
