"""Reading the OpenAPI document of an API: OpenAPI 2 and 3, with API Gateway's extensions."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from berth.tools.migrate.cloudformation.apis import told
from berth.tools.migrate.cloudformation.apis.authorizers import Authorizers, payload_version
from berth.tools.migrate.cloudformation.apis.guards import OpenApiGuards, read_schemes
from berth.tools.migrate.cloudformation.apis.models import ModelUnknown, dereferenced
from berth.tools.migrate.cloudformation.apis.node import Node
from berth.tools.migrate.cloudformation.apis.operations import Operation, Protection
from berth.tools.migrate.cloudformation.apis.rules import OpenApiRules
from berth.tools.migrate.model.findings import Class

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_ANY = "x-amazon-apigateway-any-method"
# Keys of a path that are no methods.
_OF_PATH = ("parameters", "summary", "description", "servers")
_DEFAULT = "$default"
_INCOMPLETE = "a part of it is made by a macro that is not known here"


def read_operations(
    body: Node, kind: str, authorizers: Authorizers, base_path: str = "ignore"
) -> list[Operation]:
    """The operations of a `Body`; its authorizers are added to those of the API.

    `kind` is rest or http. `base_path` says what becomes of the document's own: ignore, prepend or split.
    """
    _note_document(body, kind)
    schemes = body["securityDefinitions"]
    if not schemes.is_there:
        schemes = body["components"]["securitySchemes"]
    guards = OpenApiGuards(authorizers, read_schemes(schemes, body, authorizers), body["security"])
    return list(_Document(body, kind, guards).operations(_prefix(body, base_path)))


@dataclass(frozen=True)
class _Document:
    body: Node
    kind: str
    guards: OpenApiGuards

    def operations(self, prefix: str) -> Iterator[Operation]:
        for path, node in self.body["paths"].items():
            if not path.startswith(("x-", "Fn::")):
                yield from self._of_path(f"{prefix}{path}" if path.startswith("/") else path, node)

    def _of_path(self, path: str, node: Node) -> Iterator[Operation]:
        shared = dereferenced(node, self.body)
        shared.note_keys(dict.fromkeys(_OF_PATH, (Class.LEFT_OUT, "counts for each operation of the path")))
        for key, child in shared.items():
            if key.lower() in _METHODS or key == _ANY:
                yield self._operation(path, "ANY" if key == _ANY else key.upper(), child, shared)

    def _operation(self, path: str, method: str, node: Node, shared: Node) -> Operation:
        integration = dereferenced(node["x-amazon-apigateway-integration"], self.body)
        is_http = self.kind == "http"
        return Operation(
            node=node,
            kind=self.kind,
            method=method,
            path=_DEFAULT if is_http and node["isDefaultRoute"].flag() else path,
            integration=integration,
            protect=lambda operation: self._protection(operation, shared),
            told={**told.OPERATION, **(told.NOT_CHECKED if is_http else {})},
            carried_keys=("security", "x-amazon-apigateway-auth", "isDefaultRoute"),
            payload_format_version=payload_version(integration["payloadFormatVersion"]) if is_http else "",
            problem=_INCOMPLETE if any(key.startswith("Fn::") for key, _ in node.items()) else "",
        )

    def _protection(self, operation: Operation, shared: Node) -> Protection:
        guard = self.guards.read(operation.node, str(operation))
        if self.kind == "http":
            return Protection(guard)
        try:
            rules = OpenApiRules(self.body).read(operation.node, shared, str(operation))
        except ModelUnknown as unknown:
            return Protection(problem=str(unknown))
        return Protection(guard, rules.parameters, dict(rules.models))


def _prefix(body: Node, base_path: str) -> str:
    """What of the document's base path is part of its paths: `/v1`, or nothing."""
    written = body["basePath"].known()
    for server in body["servers"].entries()[:1]:
        default = server["variables"]["basePath"]["default"].known()
        written = written or urlsplit(server["url"].known().replace("{basePath}", default)).path
    base = written.strip("/")
    kept = {"prepend": base, "split": base.partition("/")[2]}.get(base_path.lower(), "")
    return f"/{kept}" if kept else ""


def _note_document(body: Node, kind: str) -> None:
    """Tell of the document's own keys."""
    body.note_keys(told.DOCUMENT if kind == "rest" else {**told.DOCUMENT, **told.NOT_CHECKED})
    body["components"].note_keys(told.COMPONENTS)
    for node in (body["definitions"], body["parameters"], body["components"]["schemas"]):
        for _, each in node.items():
            each.note(*told.REFERRED)
    for name, node in body["x-amazon-apigateway-request-validators"].items():
        node.note(Class.CARRIED, f"requestParameters and requestModels of routes with {name}")
