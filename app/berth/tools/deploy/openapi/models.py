"""Models of request bodies, as far as OpenAPI and API Gateway can say them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from berth.model.route import Route

# What a model may say: of OpenAPI's keywords those that API Gateway's validation knows.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
_KEYWORDS = frozenset(
    """additionalProperties allOf anyOf default description enum format items maxLength maxProperties
    maximum minLength minProperties minimum multipleOf not pattern properties required title type
    uniqueItems""".split()
)
_LEFT_OUT = frozenset({"$schema", "id"})  # of no use within a document
_OF_ONE, _OF_MANY = ("additionalProperties", "items", "not"), ("allOf", "anyOf")


@dataclass
class Models:
    """The models of a document by their names, and the routes with one that no document can hold.

    Berth checks every body itself, so such a model is checked all the same.
    """

    by_name: dict[str, Any] = field(default_factory=dict)
    left_to_berth: list[Route] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)  # by the model's text

    def content_of(self, route: Route) -> dict[str, Any]:
        """The models of a route by media type; none if one of them cannot be said."""
        models = route.method_request.models
        schemas = {media_type: _schema(json.loads(text)) for media_type, text in models.items()}
        if not all(map(can_be_said, schemas.values())):
            self.left_to_berth.append(route)
            return {}
        return {
            media_type: {"schema": {"$ref": f"#/components/schemas/{self._name(schema)}"}}
            for media_type, schema in schemas.items()
        }

    def _name(self, schema: Any) -> str:
        name = self._names.setdefault(json.dumps(schema, sort_keys=True), f"Model{len(self._names) + 1}")
        self.by_name[name] = schema
        return name


def can_be_said(schema: Any) -> bool:
    """Whether a JSON Schema of draft 4 is one of OpenAPI that API Gateway can check."""
    if isinstance(schema, bool):
        return True  # of additionalProperties
    if not isinstance(schema, dict) or not schema.keys() <= _KEYWORDS:
        return False
    if not isinstance(schema.get("type", ""), str) or schema.get("type") == "null":
        return False
    if schema.get("type") == "array" and "items" not in schema:
        return False  # OpenAPI wants them
    return all(map(can_be_said, _inner(schema)))


def _inner(schema: dict[str, Any]) -> Iterable[Any]:
    yield from schema.get("properties", {}).values()
    yield from (schema[name] for name in _OF_ONE if name in schema)
    for name in _OF_MANY:
        yield from schema.get(name, ())


def _schema(model: Any) -> Any:
    return {name: value for name, value in model.items() if name not in _LEFT_OUT}
