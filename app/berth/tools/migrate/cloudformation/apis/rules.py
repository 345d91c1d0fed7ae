"""What a REST API checks of requests: parameters and bodies, where a validator is on and nowhere else."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from berth.tools.migrate.cloudformation.apis.models import (
    BUILT_IN,
    Find,
    ModelUnknown,
    Referred,
    dereferenced,
    find_in_document,
    pointed,
    read_schema,
    whole_model,
)
from berth.tools.migrate.cloudformation.apis.node import Node, shown
from berth.tools.migrate.cloudformation.index import Index
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import Hole, Text

_LOCATIONS = {"query": "querystring", "header": "header", "path": "path"}
_PARAMETERS, _MODELS = "requestParameters", "requestModels"
_NOT_ENFORCED = "not enforced by API Gateway, for no validator is on; left out"


@dataclass(frozen=True)
class Rules:
    """The parameters that a request must have, and the models of its body by media type."""

    parameters: tuple[str, ...] = ()
    models: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class _Validator:
    parameters: bool = False
    body: bool = False


def _validator(node: Node, parameters: str, body: str) -> _Validator:
    return _Validator(node[parameters].flag(), node[body].flag())


def _unknown_validator(node: Node, label: str) -> _Validator:
    """What counts for a validator that is not in the source: everything is checked."""
    text = f"{label}: its validator is not in the source, so that everything is checked; drop what is not"
    node.note(Class.OPEN, text, name=f"{_PARAMETERS}, {_MODELS}")
    return _Validator(True, True)


@dataclass(frozen=True)
class OpenApiRules:
    """Reads the rules of the operations of one OpenAPI document."""

    body: Node

    def read(self, node: Node, path: Node, label: str) -> Rules:
        """The rules of an operation; `path` has the parameters of all its operations. Raises ModelUnknown."""
        validator = self._validator(node, label)
        parameters: dict[str, bool] = {}
        models: dict[str, Any] = {}
        for parameter in [*path["parameters"].entries(), *node["parameters"].entries()]:
            self._read_parameter(parameter, validator, label, parameters)
            models |= dict(self._body_of_parameter(parameter, node, validator, label))
        models |= dict(self._request_body(node["requestBody"], validator, label))
        return Rules(tuple(name for name, asked in parameters.items() if asked), tuple(models.items()))

    def _validator(self, node: Node, label: str) -> _Validator:
        own, default = (each["x-amazon-apigateway-request-validator"] for each in (node, self.body))
        chosen = own if own.is_there else default
        if not chosen.is_there:
            return _Validator()
        chosen.note(Class.CARRIED, f"{_PARAMETERS}, {_MODELS}")
        found = self.body["x-amazon-apigateway-request-validators"][chosen.known()]
        if not found.is_there:
            return _unknown_validator(chosen, label)
        return _validator(found, "validateRequestParameters", "validateRequestBody")

    def _read_parameter(
        self, node: Node, validator: _Validator, label: str, parameters: dict[str, bool]
    ) -> None:
        parameter = dereferenced(node, self.body)
        location = parameter["in"].known()
        if location not in _LOCATIONS:
            if location != "body":
                node.note(Class.LEFT_OUT, f"{label}: API Gateway checks no parameters in {location!r}")
            return
        name = f"method.request.{_LOCATIONS[location]}.{parameter['name'].known()}"
        is_required = parameter["required"].flag()
        parameters[name] = is_required and validator.parameters
        node.note(*_told(label, name, is_required, validator.parameters))

    def _body_of_parameter(
        self, node: Node, operation: Node, validator: _Validator, label: str
    ) -> Iterator[tuple[str, Any]]:
        """The models of a parameter that is the body, as OpenAPI 2 has it."""
        parameter = dereferenced(node, self.body)
        if parameter["in"].known() != "body":
            return
        if not validator.body:
            return node.note(Class.LEFT_OUT, f"{label} body: {_NOT_ENFORCED}")
        consumed = operation["consumes"] if operation["consumes"].is_there else self.body["consumes"]
        for media_type in consumed.known_texts() or ["application/json"]:
            yield _media_type(media_type), self._model(parameter["schema"])
        node.note(Class.CARRIED, f"{_MODELS} of {label}")

    def _request_body(self, node: Node, validator: _Validator, label: str) -> Iterator[tuple[str, Any]]:
        """The models of a `requestBody`, as OpenAPI 3 has it."""
        if not node.is_there:
            return
        if not validator.body:
            return node.note(Class.LEFT_OUT, f"{label} body: {_NOT_ENFORCED}")
        for media_type, content in dereferenced(node, self.body)["content"].items():
            if content["schema"].is_there:
                yield _media_type(media_type), self._model(content["schema"])
        node.note(Class.CARRIED, f"{_MODELS} of {label}")

    def _model(self, schema: Node) -> Any:
        find = find_in_document(self.body)
        return whole_model(schema.value(), None, find, schema.stack.evaluator.holes)


@dataclass(frozen=True)
class NativeRules:
    """Reads the rules of methods that are resources; `models` are the models of their API, by id."""

    index: Index
    models: dict[str, tuple[Stack, Resource]]

    def read(self, node: Node, label: str) -> Rules:
        """The rules of the properties of a method; raises ModelUnknown."""
        validator = self._validator(node["RequestValidatorId"], label)
        required = []
        for name, parameter in node["RequestParameters"].items():
            is_required = parameter.flag()
            parameter.note(*_told(label, name, is_required, validator.parameters))
            required += [name] if is_required and validator.parameters else []
        return Rules(tuple(required), tuple(self._read_models(node["RequestModels"], validator, label)))

    def _validator(self, node: Node, label: str) -> _Validator:
        if not node.is_there:
            return _Validator()
        node.note(Class.CARRIED, f"{_PARAMETERS}, {_MODELS}")
        found = self.index.referred(node.text())
        if found is None or found[1].type != "AWS::ApiGateway::RequestValidator":
            return _unknown_validator(node, label)
        return _validator(Node.of(*found), "ValidateRequestParameters", "ValidateRequestBody")

    def _read_models(self, node: Node, validator: _Validator, label: str) -> Iterator[tuple[str, Any]]:
        for media_type, model in node.items():
            if validator.body:
                yield _media_type(media_type), self._model(model)
                model.note(Class.CARRIED, f"{_MODELS} of {label}")
            else:
                model.note(Class.LEFT_OUT, f"{label} body: {_NOT_ENFORCED}")

    def _model(self, node: Node) -> Any:
        name = node.text()
        if str(name) in BUILT_IN:
            return BUILT_IN[str(name)]
        target = self._find(name, None)
        return whole_model(target.tree, target.tree, self._find, node.stack.evaluator.holes)

    @property
    def _find(self) -> Find:
        def find(reference: Text, owner: Any) -> Referred:
            text = str(reference)
            if text.startswith("#"):
                return Referred(pointed(owner, text), f"{id(owner)}{text}", owner)
            found = self._named(reference)
            if found is None:
                raise ModelUnknown(f"its model {shown(reference)} is not in the source")
            tree = read_schema(Node.of(*found)["Schema"])
            return Referred(tree, found[1].name, tree)

        return find

    def _named(self, reference: Text) -> tuple[Stack, Resource] | None:
        """The model that a name or an address `https://.../models/NAME` means."""
        last = reference.parts[-1] if reference.parts else ""
        if isinstance(last, Hole):
            return self.models.get(last.resource)
        wanted = last.rpartition("/")[2]
        named = ((Node.of(*each)["Name"].text(), each) for each in self.models.values())
        return next((each for name, each in named if str(name) == wanted), None)


def _told(label: str, name: str, is_required: bool, is_checked: bool) -> tuple[Class, str]:
    if not is_required:
        return Class.LEFT_OUT, f"{label} {name}: not required, so that nothing is checked"
    if not is_checked:
        return Class.LEFT_OUT, f"{label} {name}: {_NOT_ENFORCED}"
    return Class.CARRIED, f"{_PARAMETERS}.{name} of {label}"


def _media_type(text: str) -> str:
    """A media type without parameters, such as `; charset=utf-8`."""
    return text.partition(";")[0].strip()
