"""Serverless' `httpApi`, `alb` and `url` events as resources of CloudFormation.

https://www.serverless.com/framework/docs/providers/aws/events/http-api
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.serverless.builder import Builder, function_logical_id, logical_name

HTTP_API = "HttpApi"
_SETTINGS = ("provider", "httpApi")
_CORS = {
    "allowedOrigins": "AllowOrigins",
    "allowedHeaders": "AllowHeaders",
    "allowedMethods": "AllowMethods",
    "exposedResponseHeaders": "ExposeHeaders",
    "maxAge": "MaxAge",
    "allowCredentials": "AllowCredentials",
}
_HEADERS = [
    *("Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key"),
    *("X-Amz-Security-Token", "X-Amz-User-Agent", "X-Amzn-Trace-Id"),
]
_CONDITIONS = {
    "path": ("path-pattern", "PathPatternConfig"),
    "method": ("http-request-method", "HttpRequestMethodConfig"),
    "host": ("host-header", "HostHeaderConfig"),
    "ip": ("source-ip", "SourceIpConfig"),
}


@dataclass
class HttpApi:
    """Collects the routes of the service's HTTP API, its load balancer rules and its function URLs."""

    builder: Builder
    provider: Mapping[str, Any]
    _methods: set[str] = field(default_factory=set)
    _is_used: bool = False

    @property
    def _settings(self) -> Mapping[str, Any]:
        found = self.provider.get("httpApi")
        return found if isinstance(found, dict) else {}

    def add_route(self, function: str, entry: Mapping[str, Any], node: Tree, origin: KeyPath) -> None:
        """Add one `httpApi` event of a function."""
        event = self._event(node, origin)
        if event is None:
            return
        method, path = event["method"].upper(), event["path"]
        key = "$default" if path == "*" else f"{'ANY' if method in ('*', 'ANY') else method} {path}"
        self._methods.add(method)
        self._is_used = True
        integration = f"{HTTP_API}Integration{logical_name(function)}"
        own = entry.get("httpApi")
        payload = own.get("payload") if isinstance(own, dict) else None
        self.builder.add(
            integration,
            "AWS::ApiGatewayV2::Integration",
            {
                "ApiId": {"Ref": HTTP_API},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": {"Fn::GetAtt": [function_logical_id(function), "Arn"]},
                "PayloadFormatVersion": str(payload or self._settings.get("payload", "2.0")),
            },
            origin,
        )
        route = {
            "ApiId": {"Ref": HTTP_API},
            "RouteKey": key,
            "Target": {"Fn::Join": ["/", ["integrations", {"Ref": integration}]]},
            **self._authorization(event.get("authorizer"), origin),
        }
        name = f"{HTTP_API}Route{len(self.builder.resources)}"
        self.builder.add(name, "AWS::ApiGatewayV2::Route", route, origin)

    def _event(self, node: Tree, origin: KeyPath) -> dict[str, Any] | None:
        """The event in its long form; the short ones are `*` and `GET /users`."""
        value = self.builder.resolved(node, origin)
        if isinstance(value, str):
            method, _, path = value.strip().partition(" ")
            return {"method": method, "path": path} if path else {"method": "*", "path": "*"}
        if isinstance(value, dict):
            texts = {
                key: self.builder.known(value.get(key, "*"), (*origin, key)) for key in ("path", "method")
            }
            return {**value, **texts}
        self.builder.refuse(origin, "must be a text such as `GET /users`, or a mapping")
        return None

    def _authorization(self, node: Tree, origin: KeyPath) -> dict[str, Any]:
        if not node:
            return {}
        entry = node if isinstance(node, dict) else {"name": node}
        if str(entry.get("type", "")).lower() == "aws_iam":
            return {"AuthorizationType": "AWS_IAM"}
        name = str(entry.get("name", entry.get("id", "authorizer")))
        authorizers = self._settings.get("authorizers")
        definition = authorizers.get(name) if isinstance(authorizers, dict) else None
        logical_id = f"{HTTP_API}Authorizer{logical_name(name)}"
        if not isinstance(definition, dict):
            text = f"{name} is defined outside this service: its routes are closed until the stage defines it"
            self.builder.note(Class.OPEN, origin, text, name=f"authorizers.{name}")
            properties = {"ApiId": {"Ref": HTTP_API}, "Name": name, "AuthorizerType": "EXTERNAL"}
            self.builder.add(logical_id, "AWS::ApiGatewayV2::Authorizer", properties, origin)
            kind = "CUSTOM"
        else:
            kind = "CUSTOM" if str(definition.get("type", "jwt")).lower() == "request" else "JWT"
        scopes = {"AuthorizationScopes": entry["scopes"]} if entry.get("scopes") else {}
        return {"AuthorizationType": kind, "AuthorizerId": {"Ref": logical_id}, **scopes}

    def add_rule(self, function: str, node: Tree, origin: KeyPath) -> None:
        """Add one `alb` event of a function: a rule and its target group."""
        event = self.builder.mapping(self.builder.resolved(node, origin), origin)
        conditions = []
        written = event.get("conditions")
        for key, each in (written if isinstance(written, dict) else {}).items():
            conditions += _condition(key, each)
        number = len(self.builder.resources)
        target = f"{logical_name(function)}AlbTargetGroup{number}"
        attribute = {"Key": "lambda.multi_value_headers.enabled", "Value": "true"}
        properties: dict[str, Any] = {
            "TargetType": "lambda",
            "Targets": [{"Id": {"Fn::GetAtt": [function_logical_id(function), "Arn"]}}],
            "TargetGroupAttributes": [attribute] if event.get("multiValueHeaders") else [],
        }
        self.builder.add(target, "AWS::ElasticLoadBalancingV2::TargetGroup", properties, origin)
        actions: list[dict[str, Any]] = [{"Type": "forward", "TargetGroupArn": {"Ref": target}}]
        if event.get("authorizer"):
            # The listener asks before the target does: whatever asks is not part of the rule's target.
            actions.insert(0, {"Type": "authenticate-oidc"})
        rule = {
            "ListenerArn": event.get("listenerArn"),
            "Priority": event.get("priority"),
            "Conditions": conditions,
            "Actions": actions,
        }
        name = f"{logical_name(function)}AlbListenerRule{number}"
        self.builder.add(name, "AWS::ElasticLoadBalancingV2::ListenerRule", rule, origin)

    def add_url(self, function: str, node: Tree, origin: KeyPath) -> None:
        """Add a function's URL."""
        value = self.builder.resolved(node, origin)
        if not value:
            return
        entry = value if isinstance(value, dict) else {}
        is_iam = str(entry.get("authorizer", "")).lower() == "aws_iam"
        properties: dict[str, Any] = {
            "TargetFunctionArn": {"Ref": function_logical_id(function)},
            "AuthType": "AWS_IAM" if is_iam else "NONE",
        }
        cors = _cors(entry.get("cors"), ["*"])
        if cors:
            properties["Cors"] = cors
        if "invokeMode" in entry:
            properties["InvokeMode"] = entry["invokeMode"]
        self.builder.add(f"{function_logical_id(function)}Url", "AWS::Lambda::Url", properties, origin)

    def finish(self) -> None:
        """Add the API with its authorizers to the template, if the service has `httpApi` events."""
        if not self._is_used:
            return
        properties: dict[str, Any] = {"ProtocolType": "HTTP"}
        methods = sorted({*self._methods - {"*", "ANY"}, "OPTIONS"})
        cors = _cors(self._settings.get("cors"), methods if "*" not in self._methods else ["*"])
        if cors:
            properties["CorsConfiguration"] = cors
            path = ("Resources", HTTP_API, "Properties", "CorsConfiguration")
            self.builder.origins[path] = (*_SETTINGS, "cors")
        self.builder.add(HTTP_API, "AWS::ApiGatewayV2::Api", properties, (*_SETTINGS, "name"))
        stage = {"ApiId": {"Ref": HTTP_API}, "StageName": "$default"}
        self.builder.add(f"{HTTP_API}Stage", "AWS::ApiGatewayV2::Stage", stage, (*_SETTINGS, "name"))
        for name, each in self.builder.mapping(
            self._settings.get("authorizers"), (*_SETTINGS, "authorizers")
        ).items():
            self._add_authorizer(name, self.builder.mapping(each, (*_SETTINGS, "authorizers", name)))

    def _add_authorizer(self, name: str, entry: Mapping[str, Any]) -> None:
        origin = (*_SETTINGS, "authorizers", name)
        value = self.builder.mapping(self.builder.resolved(dict(entry), origin), origin)
        source = value.get("identitySource", "$request.header.Authorization")
        properties: dict[str, Any] = {
            "ApiId": {"Ref": HTTP_API},
            "Name": name,
            "IdentitySource": source if isinstance(source, list) else [source],
        }
        if str(value.get("type", "jwt")).lower() == "request":
            properties |= self._request_authorizer(value)
        else:
            audience = value.get("audience")
            audiences = audience if isinstance(audience, list) else [audience]
            configuration = {"Issuer": value.get("issuerUrl"), "Audience": audiences}
            properties |= {"AuthorizerType": "JWT", "JwtConfiguration": configuration}
        logical_id = f"{HTTP_API}Authorizer{logical_name(name)}"
        self.builder.add(logical_id, "AWS::ApiGatewayV2::Authorizer", properties, origin)

    def _request_authorizer(self, value: Mapping[str, Any]) -> dict[str, Any]:
        arn = value.get("functionArn")
        if "functionName" in value:
            arn = {"Fn::GetAtt": [function_logical_id(str(value["functionName"])), "Arn"]}
        before = "arn:aws:apigateway:region:lambda:path/2015-03-31/functions/"
        keys = {
            "resultTtlInSeconds": "AuthorizerResultTtlInSeconds",
            "enableSimpleResponses": "EnableSimpleResponses",
        }
        return {
            "AuthorizerType": "REQUEST",
            "AuthorizerUri": {"Fn::Join": ["", [before, arn, "/invocations"]]},
            "AuthorizerPayloadFormatVersion": str(value.get("payloadVersion", "2.0")),
            **{theirs: value[own] for own, theirs in keys.items() if own in value},
        }


def _cors(node: Tree, methods: list[str]) -> dict[str, Any]:
    """CORS in CloudFormation's words; `true` is what Serverless takes for it."""
    if not node:
        return {}
    defaults = {"AllowOrigins": ["*"], "AllowHeaders": _HEADERS, "AllowMethods": methods}
    if not isinstance(node, dict):
        return defaults
    written = {theirs: node[own] for own, theirs in _CORS.items() if node.get(own) is not None}
    return {**defaults, **written}


def _condition(key: str, value: Tree) -> list[dict[str, Any]]:
    """A rule's condition in the words of the load balancer."""
    values = value if isinstance(value, list) else [value]
    if key in _CONDITIONS:
        field_name, config = _CONDITIONS[key]
        return [{"Field": field_name, config: {"Values": values}}]
    entries = [each for each in values if isinstance(each, dict)]
    if key == "header":
        return [
            {
                "Field": "http-header",
                "HttpHeaderConfig": {"HttpHeaderName": e.get("name"), "Values": e.get("values")},
            }
            for e in entries
        ]
    if key == "query":
        pairs = [{"Key": name, "Value": each} for entry in entries for name, each in entry.items()]
        return [{"Field": "query-string", "QueryStringConfig": {"Values": pairs}}]
    return [{"Field": key, "Values": values}]
