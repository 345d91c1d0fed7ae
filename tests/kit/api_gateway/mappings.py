"""Parameter mappings: from what API Gateway knows of a request to the parameters of an integration."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_VARIABLE = re.compile(r"\$\{?([a-zA-Z0-9_.-]+)\}?")


@dataclass(frozen=True)
class Known:
    """What API Gateway knows of one request; `headers` has the last value of each by its name as sent."""

    context: Mapping[str, Any]
    variables: Mapping[str, str]
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    query: Mapping[str, str]

    def rest_value(self, source: str) -> str | None:
        """The value of a REST API's expression; None leaves the mapping out."""
        if source.startswith("'"):
            return source[1:-1]
        root, _, rest = source.partition(".")
        if root == "method":
            _, location, name = rest.split(".", 2)
            places = {"path": self.parameters, "querystring": self.query, "header": self.headers}
            return places[location].get(name)
        return self._value(root, rest)

    def http_value(self, source: str) -> str | None:
        """The value of an HTTP API's expression, which may hold text around its variables."""
        values = [self._http_variable(each) for each in _VARIABLE.findall(source)]
        if None in values:
            return None
        found = iter(values)
        return _VARIABLE.sub(lambda _: next(found) or "", source)

    def _http_variable(self, name: str) -> str | None:
        root, _, rest = name.partition(".")
        if root != "request":
            return self._value(root, rest)
        location, _, key = rest.partition(".")
        if location == "path" and not key:
            return self.path
        places = {"path": self.parameters, "querystring": self.query, "header": self.headers}
        return places[location].get(key)

    def _value(self, root: str, path: str) -> str | None:
        value: Any = {"context": self.context, "stageVariables": self.variables}[root]
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        # "The whole object is not mappable": only scalars become text.
        return None if value is None or isinstance(value, Mapping | list) else _text(value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Replace `${stageVariables.name}` in an address or a connection; raises KeyError if one is not set."""
    return re.sub(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}", lambda found: variables[found[1]], text)


def rest_parameters(integration: Mapping[str, Any], known: Known) -> Iterator[tuple[str, str, str]]:
    """Location, name and value of each parameter that a REST API's mappings add."""
    for target, source in integration.get("requestParameters", {}).items():
        _, _, location, name = target.split(".", 3)
        value = known.rest_value(source)
        if value is not None:
            yield location, name, value


def http_parameters(integration: Mapping[str, Any], known: Known) -> Iterator[tuple[str, str, str, str]]:
    """Verb, location, name and value of each parameter that an HTTP API's mappings change."""
    for target, source in integration["requestParameters"].items():
        verb, _, place = target.partition(":")
        location, _, name = place.partition(".")
        value = known.http_value(source)
        if value is not None:
            yield verb, location, name, value
