"""Serverless' `http` events: one REST API, as an OpenAPI document.

https://www.serverless.com/framework/docs/providers/aws/events/apigateway
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Hole, Text, Tree
from berth.tools.migrate.serverless.builder import Builder, function_logical_id
from berth.tools.migrate.serverless.variables import STAGE

REST_API = "ApiGatewayRestApi"
_BODY = ("Resources", REST_API, "Properties", "Body")
_KEY = "api_key"
_PROXIES = ("lambda-proxy", "lambda_proxy", "aws-proxy", "aws_proxy")
_ALL_HEADERS = (
    "Content-Type,X-Amz-Date,Authorization,X-Api-Key,X-Amz-Security-Token,X-Amz-User-Agent,X-Amzn-Trace-Id"
)
_ALLOW = "method.response.header.Access-Control"
_LOCATIONS = {"querystrings": "query", "headers": "header", "paths": "path"}


@dataclass
class RestApi:
    """Collects the methods of the service's REST API."""

    builder: Builder
    provider: Mapping[str, Any]
    paths: dict[str, dict[str, Any]] = field(default_factory=dict)
    schemes: dict[str, Any] = field(default_factory=dict)
    cors: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def add(self, function: str, node: Tree, origin: KeyPath) -> None:
        """Add one `http` event of a function."""
        event = self._event(node, origin)
        if event is None:
            return
        method, path = str(event.get("method", "")).lower(), f"/{str(event.get('path', '')).strip('/')}"
        method = "any" if method in ("any", "*") else method
        kind = str(event.get("integration", "lambda-proxy")).lower()
        if kind not in _PROXIES or event.get("async"):
            what = "async: true" if event.get("async") else f"integration: {event['integration']}"
            text = f"{method.upper()} {path} {what}: the function gets another event than of a Lambda proxy"
            advice = '; a route with "invocation": "async" serves it' if event.get("async") else ""
            self.builder.note(Class.NOT_CARRIED, origin, f"{text}{advice}")
            return
        key = "x-amazon-apigateway-any-method" if method == "any" else method
        self.paths.setdefault(path, {})[key] = self._method(function, event, origin)
        self.builder.origins[(*_BODY, "paths", path, key)] = origin
        if event.get("cors"):
            self.cors[path] = event["cors"] if isinstance(event["cors"], dict) else {}

    def _event(self, node: Tree, origin: KeyPath) -> Mapping[str, Any] | None:
        """The event in its long form; the short one is `GET users/{id}`."""
        value = self.builder.resolved(node, origin)
        if isinstance(value, str):
            method, _, path = value.strip().partition(" ")
            return {"method": method, "path": path} if path else {"method": "any", "path": method}
        if isinstance(value, dict):
            texts = {key: self.builder.known(value.get(key), (*origin, key)) for key in ("path", "method")}
            return {**value, **texts}
        self.builder.refuse(origin, "must be a text such as `GET users`, or a mapping")
        return None

    def _method(self, function: str, event: Mapping[str, Any], origin: KeyPath) -> dict[str, Any]:
        integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri_of(function)}
        method: dict[str, Any] = {"x-amazon-apigateway-integration": integration}
        scheme, scopes = self._authorizer(event.get("authorizer"), (*origin, "http", "authorizer"))
        security = {scheme: scopes} if scheme else {}
        if event.get("private"):
            self.schemes[_KEY] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
            security[_KEY] = []
        method["security"] = [security] if security else []
        request = event.get("request")
        if isinstance(request, dict):
            self._add_request(method, request)
        return method

    def _add_request(self, method: dict[str, Any], request: Mapping[str, Any]) -> None:
        """Parameters and models; Serverless makes a validator for methods with models alone."""
        written = request.get("parameters")
        method["parameters"] = [
            {"name": name, "in": place, "required": _is_required(each)}
            for key, place in _LOCATIONS.items()
            for name, each in ((written.get(key) if isinstance(written, dict) else None) or {}).items()
        ]
        schemas = request.get("schemas", request.get("schema"))
        if isinstance(schemas, dict):
            models = {
                media_type: {"schema": each.get("schema", each) if isinstance(each, dict) else each}
                for media_type, each in schemas.items()
            }
            method["requestBody"] = {"required": True, "content": models}
            method["x-amazon-apigateway-request-validator"] = "all"

    def _authorizer(self, node: Tree, origin: KeyPath) -> tuple[str, list[Any]]:
        """The name of a method's authorizer and the scopes; the authorizer is defined on the way."""
        if not node:
            return "", []
        entry = node if isinstance(node, dict) else self._short(node)
        kind = str(entry.get("type", "")).upper()
        if kind == "AWS_IAM":
            self.schemes["AWS_IAM"] = {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "awsSigv4",
            }
            return "AWS_IAM", []
        name, scopes = _name_of(entry), entry.get("scopes") or []
        if "authorizerId" in entry or (entry.get("managedExternally") and "arn" not in entry):
            text = f"{name} is defined outside this service: its routes are closed until the stage defines it"
            self.builder.note(Class.OPEN, origin, text, name=f"authorizers.{name}")
            return name, scopes
        self.schemes[name] = self._scheme(entry, kind)
        path = (*_BODY, "components", "securitySchemes", name)
        self.builder.origins.setdefault(path, origin)
        return name, scopes

    def _short(self, node: Tree) -> dict[str, Tree]:
        """The long form of an authorizer that is one text: aws_iam, an ARN or a function's key."""
        if str(node).lower() == "aws_iam":
            return {"type": "AWS_IAM"}
        is_arn = not isinstance(node, str) or node.startswith("arn:")
        return {"arn": node} if is_arn else {"name": node}

    def _scheme(self, entry: Mapping[str, Any], kind: str) -> dict[str, Any]:
        arn = entry.get("arn")
        is_pool = kind == "COGNITO_USER_POOLS" or (":cognito-idp:" in str(arn) and kind == "")
        source = entry.get("identitySource", "method.request.header.Authorization")
        definition: dict[str, Any] = {"identitySource": source}
        if is_pool:
            definition |= {"type": "cognito_user_pools", "providerARNs": [arn]}
        else:
            definition["type"] = "request" if kind == "REQUEST" else "token"
            definition["authorizerUri"] = uri_of(_name_of(entry)) if arn is None else _uri(arn)
        keys = {
            "resultTtlInSeconds": "authorizerResultTtlInSeconds",
            "identityValidationExpression": "identityValidationExpression",
        }
        definition |= {theirs: entry[own] for own, theirs in keys.items() if own in entry}
        kind_of = "cognito_user_pools" if is_pool else "custom"
        header = str(source).rpartition(".")[2]
        return {
            "type": "apiKey",
            "name": header if definition["type"] == "token" else "Unused",
            "in": "header",
            "x-amazon-apigateway-authtype": kind_of,
            "x-amazon-apigateway-authorizer": definition,
        }

    def finish(self) -> None:
        """Add the API, its deployment and its keys to the template, if the service has `http` events."""
        if not self.paths:
            return
        methods = sorted({method for path in self.cors for method in _methods(self.paths[path])})
        for path, cors in self.cors.items():
            self.paths[path].setdefault("options", self._preflight(cors, methods))
        settings = self.provider.get("apiGateway")
        settings = settings if isinstance(settings, dict) else {}
        body = {
            "openapi": "3.0.1",
            "info": {"title": "serverless", "version": "1"},
            "paths": self.paths,
            "components": {"securitySchemes": self.schemes},
            "x-amazon-apigateway-request-validators": {
                "all": {"validateRequestParameters": True, "validateRequestBody": True}
            },
        }
        properties: dict[str, Any] = {"Body": body}
        if "binaryMediaTypes" in settings:
            properties["BinaryMediaTypes"] = settings["binaryMediaTypes"]
            types_path = ("Resources", REST_API, "Properties", "BinaryMediaTypes")
            self.builder.origins[types_path] = ("provider", "apiGateway", "binaryMediaTypes")
        self.builder.add(REST_API, "AWS::ApiGateway::RestApi", properties, ("provider", "apiGateway", "name"))
        deployment = {"RestApiId": {"Ref": REST_API}, "StageName": Text((Hole(STAGE),))}
        kind = "AWS::ApiGateway::Deployment"
        self.builder.add("ApiGatewayDeployment", kind, deployment, ("provider", "stage"))
        self._add_keys(settings.get("apiKeys"), ("provider", "apiGateway", "apiKeys"))

    def _preflight(self, cors: Mapping[str, Any], methods: list[str]) -> dict[str, Any]:
        """The OPTIONS method that Serverless makes of `cors`."""
        origins = cors.get("origins", cors.get("origin", "*"))
        headers = cors.get("headers", _ALL_HEADERS)
        values = {
            "Allow-Origin": origins,
            "Allow-Headers": headers,
            "Allow-Methods": cors.get("methods", [*methods, "OPTIONS"]),
            "Max-Age": cors.get("maxAge"),
            "Expose-Headers": cors.get("exposedResponseHeaders"),
            "Allow-Credentials": "true" if cors.get("allowCredentials") else None,
        }
        parameters = {
            f"{_ALLOW}-{key}": f"'{','.join(map(str, each)) if isinstance(each, list) else each}'"
            for key, each in values.items()
            if each is not None
        }
        responses = {"default": {"statusCode": "200", "responseParameters": parameters}}
        return {"x-amazon-apigateway-integration": {"type": "mock", "responses": responses}}

    def _add_keys(self, node: Tree, origin: KeyPath) -> None:
        """Add the API keys, which have names in serverless.yml: one by one, or by usage plan."""
        value = self.builder.resolved(node, origin)
        entries = value if isinstance(value, list) else []
        plans = [each for entry in entries if isinstance(entry, dict) for each in entry.values()]
        flat = [*entries, *(each for plan in plans if isinstance(plan, list) for each in plan)]
        names = [each["name"] if isinstance(each, dict) else each for each in flat if _has_name(each)]
        for number, name in enumerate(names):
            properties = {"Name": name, "Enabled": True}
            self.builder.add(f"ApiGatewayApiKey{number + 1}", "AWS::ApiGateway::ApiKey", properties, origin)


def _is_required(node: Tree) -> Tree:
    return node.get("required", True) if isinstance(node, dict) else node


def uri_of(function: str) -> dict[str, Any]:
    """The uri by which API Gateway invokes a function of the service."""
    return _uri({"Fn::GetAtt": [function_logical_id(function), "Arn"]})


def _uri(arn: Tree) -> dict[str, Any]:
    before = "arn:aws:apigateway:region:lambda:path/2015-03-31/functions/"
    return {"Fn::Join": ["", [before, arn, "/invocations"]]}


def _name_of(entry: Mapping[str, Any]) -> str:
    """An authorizer's name: its own, or the last part of its ARN."""
    name = entry.get("name")
    return str(name) if name else str(entry.get("arn", "authorizer")).replace("/", ":").rpartition(":")[2]


def _methods(path: Mapping[str, Any]) -> list[str]:
    every = ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"]
    return every if "x-amazon-apigateway-any-method" in path else [each.upper() for each in path]


def _has_name(entry: Tree) -> bool:
    return isinstance(entry, str) or (isinstance(entry, dict) and isinstance(entry.get("name"), str))
