"""The APIs of an account as resources of CloudFormation."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from berth.tools.migrate.account.clients import Account
from berth.tools.migrate.account.names import functions_in
from berth.tools.migrate.model.findings import ImportRefused, Problem
from berth.tools.migrate.model.request import ImportRequest

Found = Iterator[tuple[str, str, dict[str, Any]]]
_REST, _HTTP = "AWS::ApiGateway", "AWS::ApiGatewayV2"
_DEFAULT = "$default"
# What an integration calls by a stage variable is known once its stage is read.
_BY_VARIABLE = ":function:${stageVariables."
_COMPUTED = ("IntegrationId", "ApiGatewayManaged", "IntegrationResponseSelectionExpression")


class ApisOfAccount:
    """Reads the APIs that the user names, or those that invoke one of the functions.

    `called` has the names of the functions that the APIs invoke, also as authorizers, once they are read.
    """

    def __init__(self, account: Account, request: ImportRequest) -> None:
        self.account = account
        self.request = request
        self.called: set[str] = set()

    def read(self, functions: Collection[str]) -> Found:
        """The resources: logical id, type and properties; raises ImportRefused."""
        for api in self.account.list("apigateway", "get_rest_apis", "items"):
            if self._is_asked_for(api["id"], api.get("name", "")):
                self.account.progress(f"REST API {api.get('name', api['id'])}")
                yield from self._of_rest(api, functions)
        for api in self.account.list("apigatewayv2", "get_apis", "Items"):
            if self._is_asked_for(api["ApiId"], api.get("Name", "")):
                self.account.progress(f"HTTP API {api.get('Name', api['ApiId'])}")
                yield from self._of_http(api, functions)

    def _is_asked_for(self, api_id: str, name: str) -> bool:
        return not self.request.apis or bool({api_id, name} & set(self.request.apis))

    def _is_wanted(self, answer: Any, functions: Collection[str]) -> bool:
        """Whether an API is read: the user names it, or it invokes one of the functions."""
        called = functions_in(answer)
        self.called |= called if self.request.apis else set()
        is_hidden = _BY_VARIABLE in json.dumps(answer, default=str)
        return bool(self.request.apis or called & set(functions) or is_hidden)

    def _of_rest(self, api: Mapping[str, Any], functions: Collection[str]) -> Found:
        api_id = api["id"]
        asked = {"restApiId": api_id}
        resources = self.account.list("apigateway", "get_resources", "items", **asked, embed=["methods"])
        if not self._is_wanted(resources, functions):
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
            found = self.account.list("apigateway", operation, "items", **asked)
            self._is_wanted(found, functions)
            for each in found:
                yield _id(api_id, each["id"]), f"{_REST}::{kind}", _rest_part(api_id, each)
        stages = self.account.ask("apigateway", "get_stages", **asked).get("item", [])
        name = self._stage(api.get("name", api_id), [each["stageName"] for each in stages])
        for each in (stage for stage in stages if stage["stageName"] == name):
            made = {"RestApiId": {"Ref": api_id}, "StageName": name, "Variables": each.get("variables", {})}
            yield f"{api_id}Stage", f"{_REST}::Stage", made

    def _stage(self, api: str, names: list[str]) -> str:
        """The one stage that is imported; raises ImportRefused where the user has to choose."""
        if len(names) <= 1:
            return "".join(names)
        wanted = [self.request.stage] if self.request.stage_was_given else [_DEFAULT, self.request.stage]
        found = next((each for each in wanted if each in names), "")
        if found:
            return found
        message = f"{api} has the stages {', '.join(sorted(names))}: choose one with --stage"
        raise ImportRefused([Problem(message, "account:")])

    def _of_http(self, api: Mapping[str, Any], functions: Collection[str]) -> Found:
        api_id = api["ApiId"]
        asked = {"ApiId": api_id}
        integrations = self.account.list("apigatewayv2", "get_integrations", "Items", **asked)
        if not self._is_wanted(integrations, functions):
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
        authorizers = self.account.list("apigatewayv2", "get_authorizers", "Items", **asked)
        self._is_wanted(authorizers, functions)
        for each in authorizers:
            rest = {**_without(each, "AuthorizerId"), "ApiId": {"Ref": api_id}}
            yield _id(api_id, each["AuthorizerId"]), f"{_HTTP}::Authorizer", rest
        for each in self.account.list("apigatewayv2", "get_routes", "Items", **asked):
            yield _id(api_id, each["RouteId"]), f"{_HTTP}::Route", _http_route(api_id, each)
        stages = self.account.list("apigatewayv2", "get_stages", "Items", **asked)
        name = self._stage(api.get("Name", api_id), [each["StageName"] for each in stages])
        for each in (stage for stage in stages if stage["StageName"] == name):
            variables = {"StageVariables": each.get("StageVariables", {})}
            yield (
                f"{api_id}Stage",
                f"{_HTTP}::Stage",
                {"ApiId": {"Ref": api_id}, "StageName": name, **variables},
            )


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
