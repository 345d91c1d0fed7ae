"""The APIs and load balancers of an account as resources of CloudFormation."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from berth.tools.migrate.account.clients import Account
from berth.tools.migrate.model.findings import ImportRefused, Problem
from berth.tools.migrate.model.request import ImportRequest

Found = Iterator[tuple[str, str, dict[str, Any]]]
_REST, _HTTP = "AWS::ApiGateway", "AWS::ApiGatewayV2"
_COMPUTED = ("IntegrationId", "ApiGatewayManaged", "IntegrationResponseSelectionExpression")
_ELB = "AWS::ElasticLoadBalancingV2"


class ApisOfAccount:
    """Reads the APIs that the user names, or those that invoke one of the functions."""

    def __init__(self, account: Account, request: ImportRequest, functions: set[str]) -> None:
        self.account = account
        self.request = request
        self.functions = functions

    def read(self) -> Found:
        """The resources: logical id, type and properties."""
        for api in self.account.pages("apigateway", "get_rest_apis", "items"):
            if self._is_asked_for(api["id"], api.get("name", "")):
                self.account.progress(f"REST API {api.get('name', api['id'])}")
                yield from self._of_rest(api)
        for api in self.account.pages("apigatewayv2", "get_apis", "Items"):
            if self._is_asked_for(api["ApiId"], api.get("Name", "")):
                self.account.progress(f"HTTP API {api.get('Name', api['ApiId'])}")
                yield from self._of_http(api)
        yield from self._of_load_balancers()

    def _is_asked_for(self, api_id: str, name: str) -> bool:
        return not self.request.apis or bool({api_id, name} & set(self.request.apis))

    def _calls_a_function(self, text: str) -> bool:
        return any(f":function:{name}" in text for name in self.functions)

    def _of_rest(self, api: Mapping[str, Any]) -> Found:
        api_id = api["id"]
        asked = {"restApiId": api_id}
        resources = list(
            self.account.pages("apigateway", "get_resources", "items", **asked, embed=["methods"])
        )
        if not self.request.apis and not self._calls_a_function(json.dumps(resources, default=str)):
            return
        kept = ("name", "binaryMediaTypes", "minimumCompressionSize", "apiKeySource", "policy")
        properties = {_upper(key): api[key] for key in kept if api.get(key)}
        if "ApiKeySource" in properties:
            properties["ApiKeySourceType"] = properties.pop("ApiKeySource")
        yield api_id, f"{_REST}::RestApi", properties
        for each in resources:
            yield from _of_resource(api_id, each)
        for operation, kind in (
            ("get_authorizers", "Authorizer"),
            ("get_request_validators", "RequestValidator"),
            ("get_models", "Model"),
        ):
            for each in self.account.pages("apigateway", operation, "items", **asked):
                yield _id(api_id, each["id"]), f"{_REST}::{kind}", _rest_part(api_id, each)
        stages = self.account.ask("apigateway", "get_stages", **asked).get("item", [])
        name = self._stage(api.get("name", api_id), [each["stageName"] for each in stages])
        for each in (stage for stage in stages if stage["stageName"] == name):
            made = {"RestApiId": {"Ref": api_id}, "StageName": name, "Variables": each.get("variables", {})}
            yield f"{api_id}Stage", f"{_REST}::Stage", made

    def _stage(self, api: str, names: list[str]) -> str:
        """The one stage that is imported; raises ImportRefused where the user has to choose."""
        if len(names) <= 1 or self.request.stage in names:
            return self.request.stage if self.request.stage in names else "".join(names)
        message = f"{api} has the stages {', '.join(sorted(names))}: choose one with --stage"
        raise ImportRefused([Problem(message, "account:")])

    def _of_http(self, api: Mapping[str, Any]) -> Found:
        api_id = api["ApiId"]
        asked = {"ApiId": api_id}
        integrations = list(self.account.pages("apigatewayv2", "get_integrations", "Items", **asked))
        if not self.request.apis and not self._calls_a_function(json.dumps(integrations, default=str)):
            return
        kept = ("Name", "ProtocolType", "CorsConfiguration", "DisableExecuteApiEndpoint")
        yield api_id, f"{_HTTP}::Api", {key: api[key] for key in kept if api.get(key)}
        for each in integrations:
            rest = _without(each, *_COMPUTED)
            yield (
                _id(api_id, each["IntegrationId"]),
                f"{_HTTP}::Integration",
                {**rest, "ApiId": {"Ref": api_id}},
            )
        for each in self.account.pages("apigatewayv2", "get_authorizers", "Items", **asked):
            rest = {**_without(each, "AuthorizerId"), "ApiId": {"Ref": api_id}}
            yield _id(api_id, each["AuthorizerId"]), f"{_HTTP}::Authorizer", rest
        for each in self.account.pages("apigatewayv2", "get_routes", "Items", **asked):
            yield _id(api_id, each["RouteId"]), f"{_HTTP}::Route", _http_route(api_id, each)
        stages = list(self.account.pages("apigatewayv2", "get_stages", "Items", **asked))
        name = self._stage(api.get("Name", api_id), [each["StageName"] for each in stages])
        for each in (stage for stage in stages if stage["StageName"] == name):
            variables = {"StageVariables": each.get("StageVariables", {})}
            yield (
                f"{api_id}Stage",
                f"{_HTTP}::Stage",
                {"ApiId": {"Ref": api_id}, "StageName": name, **variables},
            )

    def _of_load_balancers(self) -> Found:
        """Target groups of the functions, and the rules that forward to them."""
        groups: dict[str, str] = {}
        for group in self.account.pages("elbv2", "describe_target_groups", "TargetGroups"):
            if group.get("TargetType") == "lambda":
                arn = group["TargetGroupArn"]
                targets = self._targets(arn)
                if self._calls_a_function(json.dumps(targets)):
                    groups[arn] = f"TargetGroup{len(groups)}"
                    yield groups[arn], f"{_ELB}::TargetGroup", self._target_group(arn, targets)
                    for balancer in group.get("LoadBalancerArns", []):
                        yield from self._rules(balancer, groups)

    def _targets(self, arn: str) -> list[str]:
        health = self.account.ask("elbv2", "describe_target_health", TargetGroupArn=arn)
        return [each["Target"]["Id"] for each in health.get("TargetHealthDescriptions", [])]

    def _target_group(self, arn: str, targets: list[str]) -> dict[str, Any]:
        answer = self.account.ask("elbv2", "describe_target_group_attributes", TargetGroupArn=arn)
        return {
            "TargetType": "lambda",
            "Targets": [{"Id": each} for each in targets],
            "TargetGroupAttributes": answer.get("Attributes", []),
        }

    def _rules(self, balancer: str, groups: Mapping[str, str]) -> Found:
        for listener in self.account.pages(
            "elbv2", "describe_listeners", "Listeners", LoadBalancerArn=balancer
        ):
            arn = listener["ListenerArn"]
            for rule in self.account.pages("elbv2", "describe_rules", "Rules", ListenerArn=arn):
                actions = [_action(each, groups) for each in rule.get("Actions", [])]
                if any("Ref" in str(each.get("TargetGroupArn")) for each in actions):
                    yield _rule(rule, arn, actions)


def _rule(
    rule: Mapping[str, Any], listener: str, actions: list[dict[str, Any]]
) -> tuple[str, str, dict[str, Any]]:
    name = f"Rule{rule['RuleArn'].rpartition('/')[2]}"
    if rule.get("IsDefault"):
        return name, f"{_ELB}::Listener", {"DefaultActions": actions}
    properties = {
        "ListenerArn": listener,
        "Priority": rule["Priority"],
        "Conditions": rule.get("Conditions", []),
        "Actions": actions,
    }
    return name, f"{_ELB}::ListenerRule", properties


def _action(action: Mapping[str, Any], groups: Mapping[str, str]) -> dict[str, Any]:
    arn = str(action.get("TargetGroupArn"))
    kept = {"Type": action.get("Type")}
    return {**kept, "TargetGroupArn": {"Ref": groups[arn]} if arn in groups else arn}


def _id(api_id: str, part: str) -> str:
    return f"{api_id}-{part}"


def _upper(key: str) -> str:
    return key[:1].upper() + key[1:]


def _without(entry: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: each for key, each in entry.items() if key not in keys and key != "ResponseMetadata"}


def _of_resource(api_id: str, entry: Mapping[str, Any]) -> Found:
    """One resource of a path, and its methods."""
    is_root = "parentId" not in entry
    logical_id = _id(api_id, entry["id"])
    root = {"Fn::GetAtt": [api_id, "RootResourceId"]}
    if not is_root:
        # The parent is the root if no other resource has its id; the root itself has no parent.
        parent = {"Ref": _id(api_id, entry["parentId"])}
        is_below_root = entry.get("path") == f"/{entry['pathPart']}"
        yield (
            logical_id,
            f"{_REST}::Resource",
            {
                "RestApiId": {"Ref": api_id},
                "ParentId": root if is_below_root else parent,
                "PathPart": entry["pathPart"],
            },
        )
    for method, each in (entry.get("resourceMethods") or {}).items():
        resource = root if is_root else {"Ref": logical_id}
        yield f"{logical_id}{method}", f"{_REST}::Method", _rest_method(api_id, resource, each)


def _rest_method(api_id: str, resource: dict[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = (
        *("httpMethod", "authorizationType", "authorizationScopes", "apiKeyRequired"),
        *("requestParameters", "requestModels"),
    )
    made = {_upper(key): entry[key] for key in kept if key in entry}
    for key, theirs in (("authorizerId", "AuthorizerId"), ("requestValidatorId", "RequestValidatorId")):
        if entry.get(key):
            made[theirs] = {"Ref": _id(api_id, entry[key])}
    integration = entry.get("methodIntegration") or {}
    responses = [
        {"StatusCode": status, "ResponseParameters": each.get("responseParameters", {})}
        for status, each in (integration.get("integrationResponses") or {}).items()
    ]
    return {
        **made,
        "RestApiId": {"Ref": api_id},
        "ResourceId": resource,
        "Integration": {
            "Type": integration.get("type"),
            "Uri": integration.get("uri", ""),
            "IntegrationResponses": responses,
        },
    }


def _rest_part(api_id: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """An authorizer, a validator or a model."""
    made = {_upper(key): each for key, each in entry.items() if key != "id"}
    if "ProviderARNs" not in made and "providerARNs" in entry:
        made["ProviderARNs"] = entry["providerARNs"]
    if isinstance(made.get("Schema"), str):
        made["Schema"] = json.loads(made["Schema"])
    return {**made, "RestApiId": {"Ref": api_id}}


def _http_route(api_id: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    made = _without(entry, "RouteId", "ApiGatewayManaged", "Target", "AuthorizerId")
    target = str(entry.get("Target", "")).removeprefix("integrations/")
    made["Target"] = {"Fn::Join": ["/", ["integrations", {"Ref": _id(api_id, target)}]]}
    if entry.get("AuthorizerId"):
        made["AuthorizerId"] = {"Ref": _id(api_id, entry["AuthorizerId"])}
    return {**made, "ApiId": {"Ref": api_id}}
