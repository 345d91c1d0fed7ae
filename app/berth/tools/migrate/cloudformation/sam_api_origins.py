"""Leading from a translated API back to the events and keys of its SAM template."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from berth.tools.migrate.cloudformation.tracing import leaves
from berth.tools.migrate.model.findings import Path
from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.source.documents import mapping_at, value_at

FUNCTION = "AWS::Serverless::Function"
_API, _HTTP_API = APIS = "AWS::Serverless::Api", "AWS::Serverless::HttpApi"
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html
_IMPLICIT = {"Api": "ServerlessRestApi", "HttpApi": "ServerlessHttpApi"}
_ANY = "x-amazon-apigateway-any-method"
# Keys of an OpenAPI document that a SAM property makes.
_DOCUMENT_KEYS: Mapping[Path, Path] = {
    ("x-amazon-apigateway-policy",): ("Auth", "ResourcePolicy"),
    ("x-amazon-apigateway-gateway-responses",): ("GatewayResponses",),
    ("x-amazon-apigateway-binary-media-types",): ("BinaryMediaTypes",),
    ("x-amazon-apigateway-endpoint-configuration",): ("EndpointConfiguration",),
    ("x-amazon-apigateway-cors",): ("CorsConfiguration",),
    ("securityDefinitions",): ("Auth", "Authorizers"),
    ("components", "securitySchemes"): ("Auth", "Authorizers"),
    ("securityDefinitions", "api_key"): ("Auth", "ApiKeyRequired"),
    ("components", "securitySchemes", "api_key"): ("Auth", "ApiKeyRequired"),
}
_CORS = {_API: ("Cors",), _HTTP_API: ("CorsConfiguration",)}
_METHOD_KEYS = {
    "security": ("Auth",),
    "parameters": ("RequestParameters", "RequestModel"),
    "requestBody": ("RequestModel",),
    "x-amazon-apigateway-request-validator": ("RequestModel", "RequestParameters"),
}


def ignores_globals(entry: Tree, key: str) -> bool:
    """Whether a resource takes no value of the Globals for a property."""
    ignored = mapping_at(entry).get("IgnoreGlobals")
    return ignored == "*" or (isinstance(ignored, list) and key in ignored)


class SamKeys:
    """Where the keys of a SAM template stand: in a resource, or in the Globals."""

    def __init__(self, source: Mapping[str, Any]) -> None:
        self._source = source
        self.resources: Mapping[str, Any] = source["Resources"]
        self.functions = [name for name in self.resources if self.type(name) == FUNCTION]

    def type(self, name: str) -> str:
        """The type of a resource; an implicit API has the type that its events say."""
        implicit = {"ServerlessRestApi": _API, "ServerlessHttpApi": _HTTP_API}
        entry = self.resources.get(name)
        return str(entry.get("Type")) if isinstance(entry, dict) else implicit.get(name, "")

    @cached_property
    def _paths(self) -> set[Path]:
        """Every path of the Globals and the resources."""
        parts = {key: self._source[key] for key in ("Globals", "Resources") if key in self._source}
        return {path[:length] for path, _ in leaves(parts) for length in range(1, len(path) + 1)}

    @cached_property
    def global_leaves(self) -> list[Path]:
        """The path of each value in the Globals."""
        return [path for path, _ in leaves({"Globals": self._source.get("Globals") or {}})]

    def value(self, path: Path) -> Tree:
        """What stands at a path, or None."""
        return value_at(self._source, path)

    def taken(self, path: Path) -> Path:
        """A path of a resource, or the one in the Globals where only they have it."""
        if path in self._paths or path[:1] != ("Resources",) or path[2:3] != ("Properties",):
            return path
        section = self.type(str(path[1])).removeprefix("AWS::Serverless::")
        shared = ("Globals", section, *path[3:])
        if len(path) <= 3 or shared not in self._paths:
            return path
        return path if ignores_globals(self.resources.get(str(path[1])), str(path[3])) else shared

    def first(self, name: str, keys: tuple[str, ...]) -> Path:
        """The first of these properties that a resource or the Globals have; else the last one's own path."""
        base = ("Resources", name, "Properties")
        own = next(((*base, key) for key in keys if (*base, key) in self._paths), None)
        shared = (self.taken((*base, key)) for key in keys)
        return own or next((path for path in shared if path[0] == "Globals"), (*base, keys[-1]))

    def first_with(self, types: tuple[str, ...], keys: tuple[str, ...]) -> Path | None:
        """The path of a property in the first resource of these types that has it."""
        found = ((name, self.taken(("Resources", name, "Properties", *keys))) for name in self.named(types))
        own = next((path for _, path in found if path in self._paths), None)
        shared = (("Globals", each.removeprefix("AWS::Serverless::"), *keys) for each in types)
        return own or next((path for path in shared if path in self._paths), None)

    def named(self, types: tuple[str, ...]) -> list[str]:
        """The names of the resources of these types."""
        return [name for name in self.resources if self.type(name) in types]

    def events(self, function: str) -> Mapping[str, Any]:
        """The events of a function by their names."""
        found = mapping_at(self.resources, function, "Properties", "Events")
        return {name: each for name, each in found.items() if isinstance(each, dict)}

    def events_at(self, name: str) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        """The events that name a resource, with their paths."""
        return iter(self._events_by_resource.get(name, ()))

    @cached_property
    def _events_by_resource(self) -> dict[str, list[tuple[Path, Mapping[str, Any]]]]:
        made: dict[str, list[tuple[Path, Mapping[str, Any]]]] = {}
        for function in self.functions:
            for name, event in self.events(function).items():
                path = ("Resources", function, "Properties", "Events", name)
                made.setdefault(_resource_of(event), []).append((path, event))
        return made


def _resource_of(event: Mapping[str, Any]) -> str:
    """The resource that an event is of: its API, its bucket or its user pool."""
    properties = mapping_at(event, "Properties")
    keys = (key for key in ("RestApiId", "ApiId", "Bucket", "UserPool") if key in properties)
    named = properties.get(next(keys, ""))
    if isinstance(named, dict):
        named = named.get("Ref")
    return named if isinstance(named, str) else _IMPLICIT.get(str(event.get("Type")), "")


@dataclass
class ApiOrigins:
    """The origins of every API in translated resources."""

    keys: SamKeys
    resources: Mapping[str, Any]

    def all(self) -> Iterator[tuple[Path, Path]]:
        """The origins that the names of APIs and of their parts tell."""
        apis = [name for name in self.resources if self.keys.type(name) in (_API, _HTTP_API)]
        for api in apis:
            yield from self._api(api)
        longest = sorted(apis, key=len, reverse=True)
        for name in self.resources:
            owner = next((each for each in longest if name.startswith(each)), None)
            if owner is not None and name not in apis and name not in self.keys.resources:
                yield from self._made_by(owner, name)

    def _base(self, api: str) -> Path:
        """Where the keys of an API stand: an implicit API has them in the Globals."""
        section = self.keys.type(api).removeprefix("AWS::Serverless::")
        return ("Resources", api, "Properties") if api in self.keys.resources else ("Globals", section)

    def _key(self, api: str, *path: str | int) -> Path:
        return self.keys.taken((*self._base(api), *path))

    def _made_by(self, api: str, name: str) -> Iterator[tuple[Path, Path]]:
        base, rest = ("Resources", name), name.removeprefix(api)
        if rest.endswith("Stage"):
            yield base, (*self._key(api, "StageName"), "(stage)")
            yield (*base, "Properties"), self._base(api)
        elif rest.endswith("AuthorizerPermission"):
            authorizer = rest.removesuffix("AuthorizerPermission")
            yield base, (*self._key(api, "Auth", "Authorizers", authorizer), "(permission)")
        elif rest.startswith(("UsagePlan", "ApiKey")):
            yield base, self._key(api, "Auth", "UsagePlan")
        elif rest.startswith("Deployment"):
            yield base, (*self._key(api, "StageName"), "(deployment)")
        elif rest.endswith(("BasePathMapping", "ApiMapping")):
            yield base, self._key(api, "Domain", "BasePath")
        else:
            yield base, (*self._base(api), rest)

    def _api(self, api: str) -> Iterator[tuple[Path, Path]]:
        base = self._base(api)
        if api not in self.keys.resources:
            yield ("Resources", api), (*base, "(implicit)")
        yield ("Resources", api, "Properties"), base
        body = ("Resources", api, "Properties", "Body")
        written = next((key for key in ("DefinitionBody", "DefinitionUri") if self._has(api, key)), None)
        yield body, self._key(api, written) if written else (*base, "Body")
        yield ("Resources", api, "Properties", "BodyS3Location"), self._key(api, "DefinitionUri")
        for key, source in _DOCUMENT_KEYS.items():
            if self._written(api, *key) is None:
                yield (*body, *key), self._key(api, *source)
        for name in mapping_at(self.keys.value(self._key(api, "Auth", "Authorizers"))):
            for key in (("securityDefinitions",), ("components", "securitySchemes")):
                yield (*body, *key, name), self._key(api, "Auth", "Authorizers", name)
        yield from self._models(api, body)
        yield from self._paths(api, body)

    def _written(self, api: str, *path: str | int) -> Tree:
        """What the author's own document of an API has at a path."""
        return self.keys.value((*self._key(api, "DefinitionBody"), *path))

    def _has(self, api: str, key: str) -> bool:
        return self.keys.value(self._key(api, key)) is not None

    def _models(self, api: str, body: Path) -> Iterator[tuple[Path, Path]]:
        """The models, whose names SAM writes in lower case."""
        written = self.keys.value(self._key(api, "Models"))
        for name in written if isinstance(written, dict) else ():
            for key in (("definitions",), ("components", "schemas")):
                yield (*body, *key, name.lower()), self._key(api, "Models", name)

    def _paths(self, api: str, body: Path) -> Iterator[tuple[Path, Path]]:
        """Each method that an event made, and the preflight methods that SAM adds."""
        for path in self._made_paths(api):
            yield (*body, "paths", path, "options"), self._key(api, *_CORS[self.keys.type(api)])
        for place, event in self.keys.events_at(api):
            properties = mapping_at(event, "Properties")
            path, method = properties.get("Path", "$default"), str(properties.get("Method", "any")).lower()
            for each in (path, f"/{path}") if path == "$default" else (path,):
                key = _ANY if method == "any" else method
                found = (*body, "paths", each, key)
                if self._written(api, "paths", each, key) is None:
                    yield found, place
                for part, sources in _METHOD_KEYS.items():
                    source = next((name for name in sources if name in properties), None)
                    if source is not None and self._written(api, "paths", each, key, part) is None:
                        yield (*found, part), (*place, "Properties", source)

    def _made_paths(self, api: str) -> list[str]:
        """The paths of the translated document for which its author wrote no OPTIONS method."""
        paths = mapping_at(self.resources[api], "Properties", "Body", "paths")
        written = mapping_at(self._written(api, "paths"))
        return [each for each in paths if "options" not in mapping_at(written, each)]
