"""Reading HTTP APIs: an OpenAPI document, routes that are resources, or a quick create."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from berth.tools.migrate.cloudformation.apis import told
from berth.tools.migrate.cloudformation.apis.authorizers import Authorizers, payload_version
from berth.tools.migrate.cloudformation.apis.bodies import read_body
from berth.tools.migrate.cloudformation.apis.context import Context, id_of
from berth.tools.migrate.cloudformation.apis.cors import read_configuration
from berth.tools.migrate.cloudformation.apis.guards import NativeGuards
from berth.tools.migrate.cloudformation.apis.node import Node, shown
from berth.tools.migrate.cloudformation.apis.openapi import read_operations
from berth.tools.migrate.cloudformation.apis.operations import Operation, Protection, RouteReader
from berth.tools.migrate.cloudformation.apis.stages import ApiStage, read_http_stage, read_variables
from berth.tools.migrate.model.application import Api
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import Text

_API, _ROUTE, _INTEGRATION, _AUTHORIZER, _OVERRIDES = (
    f"AWS::ApiGatewayV2::{name}"
    for name in ("Api", "Route", "Integration", "Authorizer", "ApiGatewayManagedOverrides")
)
_STAGE = "AWS::ApiGatewayV2::Stage"
_DEFAULT = "$default"
_ROUTE_KEYS = ("ApiId", "RouteKey", "Target", "AuthorizationType", "AuthorizerId", "AuthorizationScopes")


def read_http_apis(context: Context) -> list[Api]:
    """The HTTP APIs of the import, and those outside of it whose routes are in it."""
    own = {id_of(node): node for node in context.nodes(_API)}
    routes = {context.api_key(node): node for node in context.nodes(_ROUTE)}
    apis = {**{key: node for key, node in routes.items() if key and key not in own}, **own}
    web_sockets = [key for key, node in apis.items() if node["ProtocolType"].known("HTTP").upper() != "HTTP"]
    for key in web_sockets:
        _tell_web_socket(context, key, apis[key])
    return [_HttpApi(context, key, node).read() for key, node in apis.items() if key not in web_sockets]


def _tell_web_socket(context: Context, key: str, api: Node) -> None:
    """Tell of everything that belongs to a WebSocket API."""
    why = "Berth serves no WebSockets: leave this API and its functions on API Gateway"
    context.tell(api, Class.NOT_CARRIED, f"{id_of(api)} WEBSOCKET: {why}")
    for node in context.of_api(key, _ROUTE, _INTEGRATION, _AUTHORIZER, _STAGE, _OVERRIDES):
        uri = shown(node.any("IntegrationUri", "AuthorizerUri", "Target").text())
        what = " ".join(each for each in (node["RouteKey"].known(), uri) if each)
        context.tell(node, Class.NOT_CARRIED, f"{id_of(node)} {what}: belongs to the WebSocket API {key}")


@dataclass(frozen=True)
class _HttpApi:
    """One HTTP API by its key; `node` is the API, or one of the routes of an API outside the source."""

    context: Context
    key: str
    node: Node

    def read(self) -> Api:
        stage = self._stage()
        targets = self.context.targets.with_variables(stage.variables)
        authorizers = Authorizers("http", targets)
        body = read_body(self.node) if self._is_here else None
        operations = self._operations(authorizers, body)
        name = self.node["Name"].text() if self._is_here else Text()
        return Api(
            id=self.key,
            kind="http",
            place=self.node.stack.place(self.node.resource),
            name="" if name.holes else str(name),
            stage=stage.name,
            routes=RouteReader(targets).read(operations),
            authorizers=authorizers.definitions,
            cors=read_configuration(self._cors(body)),
            stage_variables=stage.variables,
        )

    @property
    def _is_here(self) -> bool:
        return self.node.resource.type == _API

    @property
    def _is_quick(self) -> bool:
        return self._is_here and self.node["Target"].is_there

    def _overrides(self) -> Node | None:
        """What changes the route, the integration and the stage that a quick create makes."""
        found = self.context.of_api(self.key, _OVERRIDES) if self._is_quick else []
        return self.context.take(found[0]) if found else None

    def _stage(self) -> ApiStage:
        stage = read_http_stage(self.context, self.key)
        if stage.name or not self._is_quick:
            return stage
        overrides = self._overrides()
        if overrides is None:
            return ApiStage(_DEFAULT)
        overrides["Stage"].note_keys(told.STAGE)
        return ApiStage(_DEFAULT, read_variables(overrides["Stage"]["StageVariables"]))

    def _cors(self, body: Node | None) -> Node:
        own = self.node["CorsConfiguration"]
        extension = body["x-amazon-apigateway-cors"] if body is not None else own
        if own.is_there and extension.is_there and body is not None:
            extension.note(Class.LEFT_OUT, "CorsConfiguration counts instead of it")
        return own if own.is_there else extension

    def _operations(self, authorizers: Authorizers, body: Node | None) -> list[Operation]:
        for node in self.context.of_api(self.key, _AUTHORIZER):
            name = node["Name"].text()
            given = str(name) if name.parts and not name.holes else node.resource.name
            authorizers.add(id_of(self.context.take(node)), node, given)
        made: list[Operation] = []
        if self._is_here:
            self.context.take(self.node).note_keys(told.HTTP_API)
        if body is not None:
            made += read_operations(body, "http", authorizers, self.node["BasePath"].known())
        guards = NativeGuards(self.context.index, authorizers)
        if self._is_quick:
            made.append(self._quick_route(guards))
        return [*made, *self._routes(guards)]

    def _quick_route(self, guards: NativeGuards) -> Operation:
        """The route of an API that has a Target of its own."""
        overrides = self._overrides()
        empty = replace(self.node, written=None)
        route, version = (
            (overrides or empty)["Route"],
            (overrides or empty)["Integration"]["PayloadFormatVersion"],
        )
        method, path = _split_key(self.node["RouteKey"].known(_DEFAULT))

        def protect(operation: Operation) -> Protection:
            for node in (self.node["Target"], self.node["RouteKey"], route, version):
                if node.is_there:
                    node.note(Class.CARRIED, f"routes: {operation}")
            return Protection(guards.read(route, str(operation)))

        target = self.node["Target"]
        is_moved = route["Target"].is_there
        return Operation(
            node=target,
            kind="http",
            method=method,
            path=path,
            integration=self.context.integration(route["Target"]) if is_moved else _quick_integration(target),
            protect=protect,
            payload_format_version=payload_version(version),
        )

    def _routes(self, guards: NativeGuards) -> Iterator[Operation]:
        for node in self.context.of_api(self.key, _ROUTE):
            yield self._route(self.context.take(node), guards)

    def _route(self, node: Node, guards: NativeGuards) -> Operation:
        method, path = _split_key(node["RouteKey"].known())
        integration = self.context.integration(node["Target"])

        def protect(operation: Operation) -> Protection:
            self.context.take(integration)
            return Protection(guards.read(node, str(operation)))

        return Operation(
            node=node,
            kind="http",
            method=method,
            path=path,
            integration=integration,
            protect=protect,
            told=told.ROUTE,
            carried_keys=_ROUTE_KEYS,
            payload_format_version=payload_version(integration["PayloadFormatVersion"]),
        )


def _split_key(key: str) -> tuple[str, str]:
    """Method and path of a route key; `$default` takes every method."""
    method, _, path = key.strip().partition(" ")
    return (method.upper(), path.strip()) if path else ("ANY", method)


def _quick_integration(target: Node) -> Node:
    """The integration that a quick create makes of its target: a function's ARN, else an address."""
    kind = "HTTP_PROXY" if str(target.text()).startswith("http") else "AWS_PROXY"
    written = {"IntegrationType": kind, "IntegrationUri": target.value()}
    return replace(target, written=written, is_made=True)
