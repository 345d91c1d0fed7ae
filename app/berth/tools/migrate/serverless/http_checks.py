"""What Serverless' `http` events ask of requests: parameters, and models of bodies."""

from collections.abc import Mapping
from dataclasses import dataclass

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Text, Tree, is_scalar
from berth.tools.migrate.serverless.builder import Builder
from berth.tools.migrate.serverless.http_authorizers import REST_API
from berth.tools.migrate.serverless.logical_ids import alphanumeric_name

_LOCATIONS = {"querystrings": "querystring", "headers": "header", "paths": "path"}
_SCHEMAS = ("provider", "apiGateway", "request", "schemas")
_JSON = "application/json"


@dataclass(frozen=True)
class RequestChecks:
    """Adds the validator and the models of the REST API. `settings` is `provider.apiGateway`."""

    builder: Builder
    settings: Mapping[str, Tree]
    service: Text

    def add(self, method: str, node: Tree, origin: KeyPath) -> None:
        """Set what a method asks of requests, as `request` of its event says it."""
        entry = self.builder.mapping(node, origin)
        parameters = self._parameters(method, entry.get("parameters"), (*origin, "parameters"))
        key = "schemas" if "schemas" in entry else "schema"
        models = self._models(method, entry.get(key), (*origin, key))
        if parameters:
            self.builder.set(method, "RequestParameters", parameters, (*origin, "parameters"))
        if models:
            self.builder.set(method, "RequestModels", models, (*origin, key))
        if models or any(parameters.values()):
            self.builder.set(method, "RequestValidatorId", {"Ref": self._validator()}, origin)
        for other in entry.keys() - {"parameters", "schemas", "schema"}:
            text = "Serverless drops it: a proxy gets the request as it is"
            self.builder.note(Class.LEFT_OUT, (*origin, other), text)

    def _parameters(self, method: str, node: Tree, origin: KeyPath) -> dict[str, bool]:
        written = self.builder.entries(node, origin)
        made: dict[str, bool] = {}
        for location, theirs in _LOCATIONS.items():
            for name, (each, path) in self.builder.entries(*written.get(location, (None, origin))).items():
                value = self.builder.resolved(each, path)
                value = value.get("required", True) if isinstance(value, dict) else value
                parameter = f"method.request.{theirs}.{name}"
                made[parameter] = self.builder.flag(value, path)
                place = ("Resources", method, "Properties", "RequestParameters", parameter)
                self.builder.origins[place] = path
        return made

    def _models(self, method: str, node: Tree, origin: KeyPath) -> dict[str, Tree]:
        made: dict[str, Tree] = {}
        for media_type, (each, path) in self.builder.entries(node, origin).items():
            made[media_type] = {"Ref": self._model(method, media_type, each, path)}
            self.builder.origins["Resources", method, "Properties", "RequestModels", media_type] = path
        return made

    def _model(self, method: str, media_type: str, node: Tree, path: KeyPath) -> str:
        """The model that an event defines, or that it names among those of the provider."""
        value = self.builder.resolved(node, path)
        schemas = self.builder.entries(self._shared_schemas, _SCHEMAS)
        if isinstance(value, str) and value in schemas:
            definition, where = schemas[value]
            name = f"ApiGateway{alphanumeric_name(value.title())}Model"
            return self._define(name, _JSON, self.builder.resolved(definition, where), where)
        return self._define(f"{method}{alphanumeric_name(media_type.title())}Model", media_type, value, path)

    @property
    def _shared_schemas(self) -> Tree:
        request = self.settings.get("request")
        return request.get("schemas") if isinstance(request, dict) else None

    def _define(self, name: str, media_type: str, value: Tree, origin: KeyPath) -> str:
        schema, own = value, {}
        if isinstance(value, dict) and "schema" in value:
            schema, own = value["schema"], value
        if name not in self.builder.resources:
            properties = {"RestApiId": {"Ref": REST_API}, "ContentType": media_type}
            self.builder.add(name, "AWS::ApiGateway::Model", properties, origin)
            self.builder.set(name, "Schema", schema, (*origin, "schema") if own else origin)
            if is_scalar(own.get("name")):
                self.builder.set(name, "Name", own["name"], (*origin, "name"))
        for key in own.keys() & {"name", "description"}:
            self.builder.note(Class.LEFT_OUT, (*origin, key), "for readers")
        return name

    def _validator(self) -> str:
        name = f"ApiGateway{alphanumeric_name(self.service.named)}RequestValidator"
        if name not in self.builder.resources:
            checks = {"ValidateRequestBody": True, "ValidateRequestParameters": True}
            properties = {"RestApiId": {"Ref": REST_API}, **checks}
            self.builder.add(
                name, "AWS::ApiGateway::RequestValidator", properties, ("provider", "apiGateway")
            )
        return name
