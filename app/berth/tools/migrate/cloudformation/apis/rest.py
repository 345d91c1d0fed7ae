"""Reading REST APIs: an OpenAPI document, methods that are resources, or both."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from berth.manifest.schema.keys import MEDIA_TYPE
from berth.tools.migrate.cloudformation.apis import told
from berth.tools.migrate.cloudformation.apis.authorizers import Authorizers
from berth.tools.migrate.cloudformation.apis.bodies import read_body
from berth.tools.migrate.cloudformation.apis.context import Context, id_of
from berth.tools.migrate.cloudformation.apis.cors import Preflights
from berth.tools.migrate.cloudformation.apis.guards import NativeGuards
from berth.tools.migrate.cloudformation.apis.keys import read_api_keys
from berth.tools.migrate.cloudformation.apis.models import ModelUnknown
from berth.tools.migrate.cloudformation.apis.node import Node, shown
from berth.tools.migrate.cloudformation.apis.openapi import read_operations
from berth.tools.migrate.cloudformation.apis.operations import Operation, Protection, RouteReader
from berth.tools.migrate.cloudformation.apis.resource_paths import PathUnknown, ResourcePaths
from berth.tools.migrate.cloudformation.apis.rules import NativeRules
from berth.tools.migrate.cloudformation.apis.stages import read_rest_stage
from berth.tools.migrate.model.application import Api
from berth.tools.migrate.model.findings import Class

_API, _METHOD, _MODEL = (f"AWS::ApiGateway::{name}" for name in ("RestApi", "Method", "Model"))
_AUTHORIZER, _VALIDATOR = "AWS::ApiGateway::Authorizer", "AWS::ApiGateway::RequestValidator"
_CALLER_KEY = "the authorizers' usageIdentifierKey brings the API key; Berth asks for the header x-api-key"
_METHOD_KEYS = (
    "HttpMethod",
    "ResourceId",
    "RestApiId",
    "AuthorizationType",
    "AuthorizerId",
    "AuthorizationScopes",
    "ApiKeyRequired",
)


def read_rest_apis(context: Context) -> list[Api]:
    """The REST APIs of the import, and those outside of it whose methods are in it."""
    own = {id_of(node): node for node in context.nodes(_API)}
    methods = {context.api_key(node): node for node in context.nodes(_METHOD)}
    others = {key: node for key, node in methods.items() if key and key not in own}
    return [_RestApi(context, key, node).read() for key, node in {**own, **others}.items()]


@dataclass(frozen=True)
class _RestApi:
    """One REST API by its key; `node` is the API, or one of the methods of an API outside the source."""

    context: Context
    key: str
    node: Node

    def read(self) -> Api:
        stage = read_rest_stage(self.context, self.key)
        targets = self.context.targets.with_variables(stage.variables)
        authorizers = Authorizers("rest", targets)
        operations = self._operations(authorizers)
        preflights = Preflights(_methods_by_path(operations))
        routes = RouteReader(targets).read(each for each in operations if not preflights.take(each))
        name = self.node["Name"].text() if self._is_here else None
        return Api(
            id=self.key,
            kind="rest",
            place=self.node.stack.place(self.node.resource),
            name=str(name) if name and not name.holes else "",
            stage=stage.name,
            routes=routes,
            authorizers=authorizers.definitions,
            cors=preflights.cors(),
            binary_media_types=tuple(dict.fromkeys(self._binary_media_types())),
            stage_variables=stage.variables,
            api_keys=read_api_keys(self.context, self.key),
        )

    @property
    def _is_here(self) -> bool:
        return self.node.resource.type == _API

    @property
    def _body(self) -> Node | None:
        return read_body(self.node) if self._is_here else None

    def _operations(self, authorizers: Authorizers) -> list[Operation]:
        for node in self.context.of_api(self.key, _AUTHORIZER):
            name = node["Name"].text()
            given = str(name) if name.parts and not name.holes else node.resource.name
            authorizers.add(id_of(self.context.take(node)), node, given)
        body = self._body
        made: list[Operation] = []
        if self._is_here:
            self._note_api()
        if body is not None:
            made += read_operations(body, "rest", authorizers, self.node["Parameters"]["basepath"].known())
        return [*made, *self._methods(authorizers)]

    def _note_api(self) -> None:
        self.context.take(self.node).note_keys(told.REST_API)
        body = self._body
        sources = [
            self.node["ApiKeySourceType"],
            *([body["x-amazon-apigateway-api-key-source"]] if body else []),
        ]
        for source in sources:
            is_header = source.known("HEADER").upper() == "HEADER"
            if source.is_there:
                source.note(
                    Class.CARRIED if is_header else Class.NOT_CARRIED,
                    "x-api-key" if is_header else _CALLER_KEY,
                )

    def _binary_media_types(self) -> Iterator[str]:
        sources = [self.node["BinaryMediaTypes"]] if self._is_here else []
        if body := self._body:
            sources.append(body["x-amazon-apigateway-binary-media-types"])
        for source in sources:
            for media_type in (each.replace("~1", "/") for each in source.known_texts()):
                if re.fullmatch(MEDIA_TYPE, media_type):
                    source.note(Class.CARRIED, "binaryMediaTypes")
                    yield media_type
                else:
                    source.note(Class.OPEN, f"{media_type!r} is no media type", name="binaryMediaTypes")

    def _methods(self, authorizers: Authorizers) -> Iterator[Operation]:
        """The methods that are resources of their own."""
        models = {id_of(each): (each.stack, each.resource) for each in self.context.of_api(self.key, _MODEL)}
        guards = NativeGuards(self.context.index, authorizers)
        rules = NativeRules(self.context.index, models)
        for node in self.context.of_api(self.key, _METHOD):
            yield self._method(self.context.take(node), guards, rules)

    def _method(self, node: Node, guards: NativeGuards, rules: NativeRules) -> Operation:
        def protect(operation: Operation) -> Protection:
            guard = guards.read(node, str(operation))
            try:
                found = rules.read(node, str(operation))
            except ModelUnknown as unknown:
                return Protection(problem=str(unknown))
            return Protection(guard, found.parameters, dict(found.models))

        method, problem = node["HttpMethod"].known().upper(), ""
        try:
            path = ResourcePaths(self.context).path(node["ResourceId"])
        except PathUnknown as unknown:
            path, problem = f"({shown(node['ResourceId'].text())})", str(unknown)
        return Operation(
            node=node,
            kind="rest",
            method=method,
            path=path,
            integration=node["Integration"],
            protect=protect,
            told=told.METHOD,
            carried_keys=_METHOD_KEYS,
            problem=problem,
        )


def note_checks(context: Context) -> None:
    """Tell of validators and models: they count in the routes that refer to them."""
    for node in context.nodes(_VALIDATOR, _MODEL):
        text = "counts for the routes of its API that refer to it"
        keys = (
            "RestApiId",
            "Name",
            "ContentType",
            "Schema",
            "ValidateRequestBody",
            "ValidateRequestParameters",
        )
        context.take(node).note_keys(told.carried(text, keys))
        node["Description"].note(Class.LEFT_OUT, "for readers") if node["Description"].is_there else None


def _methods_by_path(operations: list[Operation]) -> dict[str, set[str]]:
    made: dict[str, set[str]] = {}
    for operation in operations:
        made.setdefault(operation.key.path, set()).add(operation.method)
    return made
