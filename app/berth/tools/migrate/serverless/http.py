"""Serverless' `http` events: one REST API, with the resources that Serverless makes of them.

https://www.serverless.com/framework/docs/providers/aws/events/apigateway
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Text, Tree, as_text, is_scalar, joined
from berth.tools.migrate.serverless.api_keys import add_api_keys
from berth.tools.migrate.serverless.builder import Builder
from berth.tools.migrate.serverless.http_authorizers import REST_API, RestAuthorizers, invocation_uri
from berth.tools.migrate.serverless.http_checks import RequestChecks
from berth.tools.migrate.serverless.http_cors import Preflight, merged, preflight_integration
from berth.tools.migrate.serverless.logical_ids import (
    function_logical_id,
    method_logical_id,
    resource_logical_id,
)

SETTINGS = ("provider", "apiGateway")
_PROXIES = ("lambda-proxy", "lambda_proxy", "aws-proxy", "aws_proxy")
# The keys of an event that the route is made of, and what becomes of those that say something else.
_KEYS = {
    "integration": (Class.CARRIED, "a Lambda proxy"),
    "async": (Class.CARRIED, "the caller waits for the answer"),
    "operationId": (Class.LEFT_OUT, "for readers"),
    "documentation": (Class.LEFT_OUT, "for readers"),
    "summary": (Class.LEFT_OUT, "for readers"),
    "response": (Class.LEFT_OUT, "Serverless drops it: a proxy answers what the function answers"),
    "cors": (Class.CARRIED, "cors"),
    "private": (Class.CARRIED, "apiKeyRequired"),
    "throttling": (Class.ELSEWHERE, "rates stay in API Gateway"),
    "caching": (Class.ELSEWHERE, "the cache stays in API Gateway"),
}


@dataclass(frozen=True)
class _Event:
    """One `http` event in its long form; `path` has no slash at its ends."""

    function: str
    method: str
    path: str
    entry: Mapping[str, Tree]
    origin: KeyPath

    def at(self, key: str) -> KeyPath:
        """The path of a key, or of the whole event where it is one text."""
        return (*self.origin, key) if self.entry else self.origin


@dataclass
class RestApi:
    """Collects the methods of the service's REST API."""

    builder: Builder
    provider: Mapping[str, Tree]
    service: Text
    _events: list[_Event] = field(default_factory=list)
    _preflights: dict[str, Preflight] = field(default_factory=dict)
    _is_used: bool = False

    def __post_init__(self) -> None:
        self.checks = RequestChecks(self.builder, self.settings, self.service)
        self.authorizers = RestAuthorizers(self.builder)

    @cached_property
    def settings(self) -> dict[str, Tree]:
        """The provider's settings of the API."""
        entries = self.builder.entries(self.provider.get("apiGateway"), SETTINGS)
        return {key: self.builder.resolved(*each) for key, each in entries.items()}

    def add(self, function: str, node: Tree, origin: KeyPath) -> None:
        """Add one `http` event of a function."""
        event = self._event(function, node, origin)
        if event is None:
            return
        self._is_used = True
        self._add_cors(event)
        kind = self.builder.known(
            event.entry.get("integration"), event.at("integration"), _PROXIES[0]
        ).lower()
        is_async = self.builder.flag(event.entry.get("async"), event.at("async"))
        if kind in _PROXIES and not (is_async and "integration" not in event.entry):
            self._events.append(event)
            return
        what = f"integration: {kind}" if kind not in _PROXIES else "async: true"
        advice = '; a route with "invocation": "async" serves it' if is_async else ""
        text = f"{event.method.upper()} /{event.path} {what}: it is no Lambda proxy, and gets another event"
        self.builder.note(
            Class.NOT_CARRIED, origin, f"{text}{advice}", function=function_logical_id(function)
        )

    def _event(self, function: str, node: Tree, origin: KeyPath) -> _Event | None:
        """The event in its long form; the short one is `GET users/{id}`."""
        value = self.builder.resolved(node, origin)
        entry = value if isinstance(value, dict) else {}
        if entry:
            method, path = (self.builder.known(entry.get(key), (*origin, key)) for key in ("method", "path"))
        elif is_scalar(value):
            method, _, path = self.builder.known(value, origin).strip().partition(" ")
        else:
            self.builder.refuse(origin, "must be a text such as `GET users`, or a mapping")
            return None
        method = "ANY" if method in ("*", "any") else method.upper()
        if not method:
            self.builder.refuse(origin, "has no method")
            return None
        return _Event(function, method, path.strip().removeprefix("/").removesuffix("/"), entry, origin)

    def _add_cors(self, event: _Event) -> None:
        written = self.builder.resolved(event.entry.get("cors"), event.at("cors"))
        if isinstance(written, dict) or self.builder.flag(written, event.at("cors")):
            config = written if isinstance(written, dict) else {}
            before = self._preflights.get(event.path)
            self._preflights[event.path] = merged(before, config, event.method, event.at("cors"))

    def finish(self) -> None:
        """Add the API and what belongs to it to the template, if the service has `http` events."""
        add_api_keys(self.builder, self.settings.get("apiKeys"), (*SETTINGS, "apiKeys"))
        add_api_keys(self.builder, self.provider.get("apiKeys"), ("provider", "apiKeys"))
        if not self._is_used:
            return
        self._add_api()
        for event in self._events:
            self._add_method(event)
        for path, preflight in self._preflights.items():
            name = method_logical_id(path, "options")
            if name in self.builder.resources:
                continue  # Serverless would mix both; the function's own answers win
            properties = {
                "HttpMethod": "OPTIONS",
                "AuthorizationType": "NONE",
                "ResourceId": self._resource(path, preflight.origin),
                "RestApiId": {"Ref": REST_API},
                "Integration": preflight_integration(preflight),
            }
            self.builder.add(name, "AWS::ApiGateway::Method", properties, preflight.origin)

    def _add_api(self) -> None:
        stage = as_text(self.builder.variables.options.of_stage())
        name = self.settings.get("name") or joined([stage, Text(("-",)), self.service])
        self.builder.add(REST_API, "AWS::ApiGateway::RestApi", {"Name": name}, SETTINGS)
        for own, theirs in (
            ("binaryMediaTypes", "BinaryMediaTypes"),
            ("apiKeySourceType", "ApiKeySourceType"),
        ):
            if self.settings.get(own) is not None:
                self.builder.set(REST_API, theirs, self.settings[own], (*SETTINGS, own))
        deployment = {"RestApiId": {"Ref": REST_API}, "StageName": stage}
        self.builder.add(
            "ApiGatewayDeployment", "AWS::ApiGateway::Deployment", deployment, ("provider", "stage")
        )

    def _resource(self, path: str, origin: KeyPath) -> Tree:
        """A path as a reference to its resource, which is added with those around it."""
        if not path:
            return {"Fn::GetAtt": [REST_API, "RootResourceId"]}
        name = resource_logical_id(path)
        if name not in self.builder.resources:
            around, _, part = path.rpartition("/")
            properties = {
                "RestApiId": {"Ref": REST_API},
                "ParentId": self._resource(around, origin),
                "PathPart": part,
            }
            self.builder.add(name, "AWS::ApiGateway::Resource", properties, origin)
        return {"Ref": name}

    def _add_method(self, event: _Event) -> None:
        name = method_logical_id(event.path, event.method)
        builder, path = self.builder, event.at("path")
        if name in builder.resources:
            builder.refuse(event.origin, f"{event.method} /{event.path} is the route of another event, too")
            return
        builder.add(name, "AWS::ApiGateway::Method", {}, event.origin)
        builder.set(name, "HttpMethod", event.method, event.at("method"))
        builder.set(name, "ResourceId", self._resource(event.path, path), path)
        builder.set(name, "RestApiId", {"Ref": REST_API}, path)
        arn = {"Fn::GetAtt": [function_logical_id(event.function), "Arn"]}
        builder.set(name, "Integration", {"Type": "AWS_PROXY", "Uri": invocation_uri(arn)}, path)
        if builder.flag(event.entry.get("private"), event.at("private")):
            builder.set(name, "ApiKeyRequired", True, event.at("private"))
        self.authorizers.guard(name, event.entry.get("authorizer"), event.at("authorizer"), path)
        self.checks.add(name, event.entry.get("request"), event.at("request"))
        for key in event.entry.keys() & _KEYS.keys():
            kind, text = _KEYS[key]
            builder.note(kind, event.at(key), text)
