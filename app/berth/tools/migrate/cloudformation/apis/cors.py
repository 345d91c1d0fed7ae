"""CORS: what an API's configuration, or the mock OPTIONS methods of its resources, say to other origins."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.errors import MalformedDocument
from berth.manifest.schema.gateway import CorsSchema
from berth.model.route import ANY, METHODS
from berth.schemas.reading import read
from berth.tools.migrate.cloudformation.apis.node import Node
from berth.tools.migrate.cloudformation.apis.operations import Operation
from berth.tools.migrate.model.findings import Class

_LISTS = ("allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders")
_PREFIX = "method.response.header."
# The keys of a stage's `cors` by the headers that a mock answers with.
_HEADERS = {
    "access-control-allow-origin": "allowOrigins",
    "access-control-allow-methods": "allowMethods",
    "access-control-allow-headers": "allowHeaders",
    "access-control-expose-headers": "exposeHeaders",
    "access-control-allow-credentials": "allowCredentials",
    "access-control-max-age": "maxAge",
}
_METHODS = "allowMethods"
# The template by which Serverless answers with the origin of the request, if it is one of several.
_ORIGIN = re.compile(r'\$origin\.matches\("(.*?)"\)')


class _NotCarried(Exception):
    """Raised for a preflight answer that a stage's `cors` cannot give; its text says why."""


def read_configuration(node: Node) -> dict[str, Any] | None:
    """The CORS of an HTTP API or a function URL, as the stage's manifest has it; None if there is none."""
    if not node.is_there:
        return None
    made: dict[str, Any] = {}
    for key in _LISTS:
        values = node.any(key, _capital(key))
        if values.is_there and (texts := values.known_texts()):
            made[key] = texts
    credentials, age = (node.any(key, _capital(key)) for key in ("allowCredentials", "maxAge"))
    if credentials.is_there and credentials.flag():
        made["allowCredentials"] = True
    if age.is_there and (seconds := age.number()) is not None and seconds >= 0:
        made["maxAge"] = seconds
    return _checked(made, [node])


def _capital(key: str) -> str:
    return f"{key[0].upper()}{key[1:]}"


def _checked(cors: dict[str, Any], nodes: Iterable[Node]) -> dict[str, Any] | None:
    """CORS that Berth accepts; the report says so at each node, or why it is not carried."""
    try:
        read(CorsSchema(), cors)
    except MalformedDocument as wrong:
        for node in nodes:
            node.note(Class.OPEN, f"CORS is not carried: {wrong}", name="cors")
        return None
    for node in nodes:
        node.note(Class.CARRIED, "cors")
    return cors


@dataclass
class Preflights:
    """The mock OPTIONS methods of one REST API. `methods` are the methods that each of its paths has."""

    methods: Mapping[str, set[str]]
    found: list[tuple[Operation, dict[str, Any]]] = field(default_factory=list)
    _is_incomplete: bool = False

    def take(self, operation: Operation) -> bool:
        """Take an operation that only answers preflight requests; False for every other one."""
        if operation.method != "OPTIONS" or operation.integration_type != "MOCK":
            return False
        headers = dict(_answered_headers(operation.integration))
        if "access-control-allow-origin" not in headers:
            return False
        try:
            values = (
                (_HEADERS[name], _value(name, node)) for name, node in headers.items() if name in _HEADERS
            )
            cors = {key: value for key, value in values if value not in (False, [])}
            _refuse_choice(operation.integration)
        except _NotCarried as wrong:
            text = f"{operation}: CORS is not carried: {wrong}"
            operation.node.note(Class.OPEN, text, name="cors")
            self._is_incomplete = True
        else:
            self.found.append((operation, cors))
        _note_guard(operation)
        return True

    def cors(self) -> dict[str, Any] | None:
        """The CORS in which all of them agree; None if there is none, or they do not."""
        if not self.found:
            return None
        nodes = [operation.node for operation, _ in self.found]
        values = [cors for _, cors in self.found]
        if self._all_name_their_own():
            # Berth allows the methods of each resource by itself.
            values = [{key: each for key, each in cors.items() if key != _METHODS} for cors in values]
        if any(cors != values[0] for cors in values) or self._is_incomplete:
            for operation, _ in self.found:
                text = f"{operation}: the OPTIONS methods of this API do not agree, and a stage has one CORS"
                operation.node.note(Class.NOT_CARRIED, text)
            return None
        return _checked(values[0], nodes)

    def _all_name_their_own(self) -> bool:
        """Whether they differ in methods, each naming those of its own resource and maybe more."""
        named = [(operation.key.path, frozenset(cors.get(_METHODS, ()))) for operation, cors in self.found]
        return len({methods for _, methods in named}) > 1 and all(
            methods >= self._own(path) for path, methods in named
        )

    def _own(self, path: str) -> set[str]:
        own = self.methods.get(path, set())
        return (set(METHODS) if ANY in own else own) - {"OPTIONS"}


def _note_guard(operation: Operation) -> None:
    """Tell of the authorizer of a preflight, such as SAM's default one: Berth asks none there."""
    security, kind = operation.node["security"], operation.node["AuthorizationType"]
    text = f"{operation}: Berth answers preflight requests without asking an authorizer"
    if security.entries():
        security.note(Class.LEFT_OUT, text)
    if kind.is_there and kind.known().upper() != "NONE":
        kind.note(Class.LEFT_OUT, text)


def _answered_headers(integration: Node) -> Iterable[tuple[str, Node]]:
    """The response headers of a mock integration, by their names in small letters."""
    for _, response in integration["responses"].items():
        yield from _headers(response["responseParameters"])
    for response in integration["IntegrationResponses"].entries():
        yield from _headers(response["ResponseParameters"])


def _headers(node: Node) -> Iterable[tuple[str, Node]]:
    for name, value in node.items():
        if name.startswith(_PREFIX):
            yield name.removeprefix(_PREFIX).lower(), value


def _value(header: str, node: Node) -> Any:
    """A header's value as a stage's `cors` has it; raises _NotCarried."""
    text = node.known().strip()
    if len(text) < len("''") or not (text[0] == text[-1] == "'"):
        raise _NotCarried(f"{text} is no text in single quotes, such as '*'")
    text, key = text[1:-1], _HEADERS[header]
    if key == "allowOrigins":
        return [text]
    if key in _LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    if key == "allowCredentials":
        return text.lower() == "true"
    if not text.isdigit():
        raise _NotCarried(f"{text} is no text in single quotes, such as '*'")
    return int(text)


def _refuse_choice(integration: Node) -> None:
    """Refuse an answer that names the origin of the request: Berth's REST APIs have one origin."""
    responses = [
        *(each for _, each in integration["responses"].items()),
        *integration["IntegrationResponses"].entries(),
    ]
    for response in responses:
        for _, template in response.any("responseTemplates", "ResponseTemplates").items():
            origins = _ORIGIN.findall(str(template.text()))
            shown = ", ".join(each.replace("[.]", ".").replace(".+", "*") for each in origins)
            if len(origins) > 1:
                raise _NotCarried(f"it answers with one of {shown}, and cors of a REST API has one origin")
