"""Serverless' `httpApi` events, which are one HTTP API, and its function URLs.

https://www.serverless.com/framework/docs/providers/aws/events/http-api
https://www.serverless.com/framework/docs/providers/aws/guide/functions#lambda-function-urls
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Text, Tree, as_text, is_scalar, joined
from berth.tools.migrate.serverless.builder import Builder
from berth.tools.migrate.serverless.http_authorizers import invocation_uri
from berth.tools.migrate.serverless.logical_ids import alphanumeric_name, function_logical_id, logical_name

HTTP_API = "HttpApi"
SETTINGS = ("provider", "httpApi")
_AUTHORIZERS = (*SETTINGS, "authorizers")
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
_METHODS = ("GET", "POST", "PUT", "PATCH", "OPTIONS", "HEAD", "DELETE")
_STREAM = "RESPONSE_STREAM"
_KINDS = {"request": "CUSTOM", "aws_iam": "AWS_IAM"}


@dataclass
class HttpApi:
    """Collects the routes of the service's HTTP API."""

    builder: Builder
    provider: Mapping[str, Tree]
    service: Text
    _methods: list[str] = field(default_factory=lambda: ["OPTIONS"])
    _is_used: bool = False

    @cached_property
    def settings(self) -> dict[str, Tree]:
        """The provider's settings of the API."""
        entries = self.builder.entries(self.provider.get("httpApi"), SETTINGS)
        return {key: self.builder.resolved(*each) for key, each in entries.items()}

    def add(self, function: str, entry: Mapping[str, Tree], node: Tree, origin: KeyPath) -> None:
        """Add one `httpApi` event of a function."""
        value = self.builder.resolved(node, origin)
        event = value if isinstance(value, dict) else {}
        if not event and not is_scalar(value):
            self.builder.refuse(origin, "must be a text such as `GET /users`, or a mapping")
            return
        method, path = self._method_and_path(event, value, origin)
        key = "$default" if path == "*" else f"{method} {path}"
        if not self._is_used:
            self._is_used = True
            self._add_api()
        self._methods += _METHODS if method == "ANY" else [method]
        name = f"{HTTP_API}Route{alphanumeric_name(key.title())}"
        if name in self.builder.resources:
            name = f"{name}{len(self.builder.resources)}"
        where = (*origin, "path") if event else origin
        integration = self._integration(function, entry, where)
        target = {"Fn::Join": ["/", ["integrations", {"Ref": integration}]]}
        self.builder.add(name, "AWS::ApiGatewayV2::Route", {}, origin)
        self.builder.set(name, "ApiId", {"Ref": HTTP_API}, where)
        self.builder.set(name, "Target", target, where)
        self.builder.set(name, "RouteKey", key, where)
        if event.get("authorizer"):
            self._guard(name, event["authorizer"], (*origin, "authorizer"))
        if "method" in event:
            self.builder.note(Class.CARRIED, (*origin, "method"), f"routes: {key}")

    def _method_and_path(self, event: Mapping[str, Tree], value: Tree, origin: KeyPath) -> tuple[str, str]:
        """The event in its long form; the short ones are `*` and `GET /users`."""
        if event:
            method, path = (
                self.builder.known(event.get(key), (*origin, key), "*") for key in ("method", "path")
            )
        else:
            method, _, path = self.builder.known(value, origin).strip().partition(" ")
        return ("ANY" if method in ("*", "any") else method.upper()), path.strip() or "*"

    def _integration(self, function: str, entry: Mapping[str, Tree], origin: KeyPath) -> str:
        """The integration of a function, which all its routes share."""
        name = f"{HTTP_API}Integration{logical_name(function)}"
        if name not in self.builder.resources:
            own = entry.get("httpApi")
            written = own.get("payload") if isinstance(own, dict) else None
            version = written or self.settings.get("payload") or "2.0"
            properties = {
                "ApiId": {"Ref": HTTP_API},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": {"Fn::GetAtt": [function_logical_id(function), "Arn"]},
                "PayloadFormatVersion": version,
            }
            self.builder.add(name, "AWS::ApiGatewayV2::Integration", {}, origin)
            for key, each in properties.items():
                self.builder.set(name, key, each, origin)
        return name

    def _guard(self, route: str, node: Tree, origin: KeyPath) -> None:
        entry = node if isinstance(node, dict) else {"name": node}
        kind = self.builder.known(entry.get("type"), (*origin, "type")).lower()
        name = self.builder.known(entry.get("name"), (*origin, "name") if entry is node else origin)
        if kind != "aws_iam":
            definition = self._definitions.get(name, ({}, ()))[0]
            kind = self.builder.known(definition.get("type"), (*_AUTHORIZERS, name), kind).lower()
            reference = {"Ref": f"{HTTP_API}Authorizer{logical_name(name)}"}
            given = entry.get("id") or (reference if definition else name)
            self.builder.set(route, "AuthorizerId", given, origin)
        self.builder.set(route, "AuthorizationType", _KINDS.get(kind, "JWT"), origin)
        if entry.get("scopes"):
            self.builder.set(route, "AuthorizationScopes", entry["scopes"], (*origin, "scopes"))

    @cached_property
    def _definitions(self) -> dict[str, tuple[dict[str, Tree], KeyPath]]:
        found = self.builder.entries(self.settings.get("authorizers"), _AUTHORIZERS)
        return {name: (self.builder.mapping(*each), each[1]) for name, each in found.items()}

    def _add_api(self) -> None:
        stage = as_text(self.builder.variables.options.of_stage())
        name = self.settings.get("name") or joined([stage, Text(("-",)), self.service])
        self.builder.add(HTTP_API, "AWS::ApiGatewayV2::Api", {"Name": name, "ProtocolType": "HTTP"}, SETTINGS)
        if not self.settings.get("id"):
            properties = {"ApiId": {"Ref": HTTP_API}, "StageName": "$default"}
            self.builder.add(f"{HTTP_API}Stage", "AWS::ApiGatewayV2::Stage", properties, SETTINGS)

    def finish(self) -> None:
        """Add what the routes do not say to the API, if the service has `httpApi` events."""
        if not self._is_used:
            return
        path = (*SETTINGS, "cors")
        cors = cors_configuration(
            self.builder, self.settings.get("cors"), path, list(dict.fromkeys(self._methods))
        )
        if cors:
            self.builder.set(HTTP_API, "CorsConfiguration", cors, path)
        for name, (entry, origin) in self._definitions.items():
            self._add_authorizer(name, entry, origin)

    def _add_authorizer(self, name: str, entry: Mapping[str, Tree], origin: KeyPath) -> None:
        builder = self.builder
        logical_id = f"{HTTP_API}Authorizer{logical_name(name)}"
        builder.add(
            logical_id, "AWS::ApiGatewayV2::Authorizer", {"ApiId": {"Ref": HTTP_API}, "Name": name}, origin
        )
        kind = builder.known(entry.get("type"), (*origin, "type"), "jwt").lower()
        source = builder.items(entry.get("identitySource"), (*origin, "identitySource"))
        if source:
            builder.set(logical_id, "IdentitySource", source, (*origin, "identitySource"))
        builder.set(
            logical_id, "AuthorizerType", "REQUEST" if kind == "request" else "JWT", (*origin, "type")
        )
        if kind == "request":
            self._set_request(logical_id, entry, origin)
        else:
            audience = builder.items(entry.get("audience"), (*origin, "audience"))
            configuration = {"Issuer": entry.get("issuerUrl"), "Audience": audience}
            builder.set(logical_id, "JwtConfiguration", configuration, origin)
        for key in entry:
            kind_of = Class.ELSEWHERE if key == "managedExternally" else Class.CARRIED
            if key in _KNOWN:
                builder.note(kind_of, (*origin, key), f"authorizers.{name}")

    def _set_request(self, logical_id: str, entry: Mapping[str, Tree], origin: KeyPath) -> None:
        builder, arn, path = self.builder, entry.get("functionArn"), (*origin, "functionArn")
        if entry.get("functionName"):
            path = (*origin, "functionName")
            arn = {"Fn::GetAtt": [function_logical_id(builder.known(entry["functionName"], path)), "Arn"]}
        builder.set(logical_id, "AuthorizerUri", invocation_uri(arn), path)
        version = entry.get("payloadVersion") or "2.0"
        builder.set(logical_id, "AuthorizerPayloadFormatVersion", version, (*origin, "payloadVersion"))
        for own, theirs in _OF_REQUEST.items():
            builder.set(logical_id, theirs, entry.get(own), (*origin, own))


_OF_REQUEST = {
    "resultTtlInSeconds": "AuthorizerResultTtlInSeconds",
    "enableSimpleResponses": "EnableSimpleResponses",
}
_KNOWN = (
    *("type", "name", "identitySource", "issuerUrl", "audience", "functionName", "functionArn"),
    *("payloadVersion", "managedExternally", *_OF_REQUEST),
)


def cors_configuration(builder: Builder, node: Tree, path: KeyPath, methods: list[str]) -> dict[str, Tree]:
    """CORS in CloudFormation's words; `true` is what Serverless takes for it. Empty where there is none."""
    value = builder.resolved(node, path)
    if not isinstance(value, dict):
        written: Mapping[str, Tree] = {}
        if not builder.flag(value, path):
            return {}
    else:
        written = value
    made = {"AllowOrigins": ["*"], "AllowHeaders": _HEADERS, "AllowMethods": methods}
    for own, theirs in _CORS.items():
        if own in written and written[own] is None:
            made.pop(theirs, None)
        elif own in written:
            made[theirs] = written[own]
    return made


def add_url(builder: Builder, function: str, node: Tree, origin: KeyPath) -> None:
    """Add the URL of a function, by its logical id, if it has one."""
    value = builder.resolved(node, origin)
    entry: Mapping[str, Tree] = value if isinstance(value, dict) else {}
    if not entry and not builder.flag(value, origin):
        return
    name, path = f"{function}Url", (*origin, "authorizer")
    builder.add(name, "AWS::Lambda::Url", {}, origin)
    is_iam = builder.known(entry.get("authorizer"), path).lower() == "aws_iam"
    builder.set(name, "AuthType", "AWS_IAM" if is_iam else "NONE", path if "authorizer" in entry else origin)
    builder.set(name, "TargetFunctionArn", {"Ref": function}, origin)
    cors = cors_configuration(builder, entry.get("cors"), (*origin, "cors"), ["*"])
    if cors:
        builder.set(name, "Cors", cors, (*origin, "cors"))
    if builder.known(entry.get("invokeMode"), (*origin, "invokeMode")).upper() == _STREAM:
        builder.set(name, "InvokeMode", _STREAM, (*origin, "invokeMode"))
