"""What operations ask of their callers: an authorizer, scopes and an API key.

A route never asks for less than its source does. What is not understood closes the route: it names an
authorizer that the stage does not define, so that the server does not start before somebody has decided.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from berth.model.route import Guard
from berth.tools.migrate.cloudformation.apis.authorizers import IAM, Authorizer, Authorizers, close_text
from berth.tools.migrate.cloudformation.apis.models import dereferenced
from berth.tools.migrate.cloudformation.apis.node import Node, shown
from berth.tools.migrate.cloudformation.index import Index
from berth.tools.migrate.model.findings import Class

NONE = "NONE"
_KEY_HEADER = "x-api-key"
_IAM_TYPES = ("awssigv4", "aws_iam")
_UNKNOWN = "unknown-authorizer"


@dataclass
class _Asked:
    """What was found of one operation: the union of all that its source asks for."""

    node: Node
    label: str
    authorizers: Authorizers
    names: list[str] = field(default_factory=list)
    scopes: set[str] = field(default_factory=set)
    api_key_required: bool = False

    def add(self, name: str, scopes: Iterable[str] = ()) -> None:
        if name not in self.names:
            self.names.append(name)
        self.scopes |= set(scopes)

    def close(self, text: str, reason: str) -> None:
        """Ask for an authorizer that has no definition, with a name like this text, and tell why."""
        name = self.authorizers.undefined(text)
        self.add(name)
        self.node.note(Class.OPEN, f"{self.label}: {reason}: {close_text(name)}", name=f"authorizers.{name}")

    def guard(self) -> Guard:
        if len(self.names) > 1:
            several, self.names = self.names, []
            reason = f"it asks for {' and '.join(several)}, and a route has one authorizer"
            self.close("-and-".join(several), reason)
        name = self.names[0] if self.names else None
        if name == IAM:
            text = f"{self.label} asks for signed requests, and no source tells the access keys that may sign"
            self.node.note(
                Class.OPEN, f"{text}: define authorizers.{IAM} in the stage", name=f"authorizers.{IAM}"
            )
        return Guard(name, frozenset(self.scopes) if name else frozenset(), self.api_key_required)


@dataclass(frozen=True)
class NativeGuards:
    """Reads the guards of methods and routes that are resources of their own."""

    index: Index
    authorizers: Authorizers

    def read(self, node: Node, label: str) -> Guard:
        """The guard of the properties of a method, of a route, or of what overrides a route."""
        kind_node = node["AuthorizationType"]
        asked = _Asked(kind_node if kind_node.is_there else node, label, self.authorizers)
        asked.api_key_required = self.authorizers.kind == "rest" and node["ApiKeyRequired"].flag()
        kind, given = kind_node.known("NONE").upper(), node["AuthorizerId"]
        if kind in (NONE, IAM) and not given.is_there:
            if kind == IAM:
                asked.add(IAM)
        else:
            self._add(asked, kind, given)
            self._add_scopes(asked, kind, node["AuthorizationScopes"])
        return asked.guard()

    def _add(self, asked: _Asked, kind: str, given: Node) -> None:
        text = given.text()
        found = self.index.referred(text)
        authorizer = self.authorizers.found.get(found[0].id(found[1])) if found else None
        if kind in (NONE, IAM):
            # API Gateway has an authorizer for other types only: the source contradicts itself.
            asked.close(f"{kind}-or-{shown(text)}", f"it has {kind} and an authorizer as well")
        elif authorizer is not None:
            asked.add(authorizer.name)
        else:
            asked.close(
                shown(text) or _UNKNOWN,
                f"its authorizer {shown(text) or '(none named)'} is not in the source",
            )

    def _add_scopes(self, asked: _Asked, kind: str, scopes: Node) -> None:
        by_name = {each.name: each for each in self.authorizers.found.values()}
        authorizer = by_name.get(asked.names[0], Authorizer("")) if asked.names else Authorizer("")
        asked.scopes |= _kept_scopes(scopes, authorizer)


@dataclass(frozen=True)
class Scheme:
    """One security scheme of an OpenAPI document: what it is on API Gateway.

    `authorizer` is set for an authorizer; `is_iam` and `is_key` say what else it may be.
    """

    authorizer: Authorizer | None = None
    is_iam: bool = False
    is_key: bool = False


@dataclass(frozen=True)
class OpenApiGuards:
    """Reads the guards of operations of one OpenAPI document."""

    authorizers: Authorizers
    schemes: Mapping[str, Scheme]
    default: Node  # the document's own `security`

    def read(self, node: Node, label: str) -> Guard:
        """The guard of one operation: its own security, else the document's; all alternatives together."""
        security = node["security"]
        source = security if security.is_there else self.default
        asked = _Asked(source if source.is_there else node, label, self.authorizers)
        entries = source.value() if source.is_there else []
        if not isinstance(entries, list) or None in entries:
            asked.close(_UNKNOWN, "its security is no list of mappings")
        for alternative in source.entries():
            self._add_all(asked, alternative)
        extension = node["x-amazon-apigateway-auth"]
        if extension.is_there and extension["type"].known().upper() != NONE:
            self._add_extension(asked, extension)
        return asked.guard()

    def _add_all(self, asked: _Asked, alternative: Node) -> None:
        if not alternative.is_mapping:
            asked.close(_UNKNOWN, "its security has an entry that is no mapping")
        names = alternative.value()
        for name in names if isinstance(names, dict) else ():
            self._add(asked, str(name), alternative[str(name)])

    def _add(self, asked: _Asked, name: str, scopes: Node) -> None:
        scheme = self.schemes.get(name)
        if scheme is None:
            if name != NONE:
                asked.close(name, f"its security scheme {name} is not in the document")
        elif scheme.is_key:
            asked.api_key_required = True
        elif scheme.is_iam:
            asked.add(IAM)
        elif scheme.authorizer is not None:
            asked.add(scheme.authorizer.name, _kept_scopes(scopes, scheme.authorizer))
        else:
            asked.scopes |= set(scopes.known_texts())
            asked.close(name, _documented(name))

    def _add_extension(self, asked: _Asked, extension: Node) -> None:
        kind = extension["type"].known().lower()
        if kind in _IAM_TYPES:
            asked.add(IAM)
        else:
            asked.close(_UNKNOWN, f"x-amazon-apigateway-auth has the type {kind or '(none)'}")


def read_schemes(node: Node, body: Node, authorizers: Authorizers) -> dict[str, Scheme]:
    """The security schemes of an OpenAPI document; its authorizers are added to those of the API."""
    return {name: _scheme(name, dereferenced(each, body), authorizers) for name, each in node.items()}


def _scheme(name: str, node: Node, authorizers: Authorizers) -> Scheme:
    extension = node["x-amazon-apigateway-authorizer"]
    header = node["name"].known()
    if extension.is_there:
        kind = extension["type"].known().upper()
        authorizers.add(name, extension, name, header if kind != "REQUEST" else "")
        carried = (Class.CARRIED, f"authorizers.{authorizers.found[name].name}")
        node.note_keys(dict.fromkeys(_SCHEME_KEYS, carried))
        return Scheme(authorizers.found[name])
    if node["x-amazon-apigateway-authtype"].known().lower() in _IAM_TYPES:
        _note_scheme(node, f"authorizer {IAM}")
        return Scheme(is_iam=True)
    is_key = node["type"].known().lower() == "apikey" and header.lower() == _KEY_HEADER
    if is_key and authorizers.kind == "rest":
        _note_scheme(node, "apiKeyRequired")
        return Scheme(is_key=True)
    node.note(Class.LEFT_OUT, _documented(name))
    return Scheme()


def _note_scheme(node: Node, text: str) -> None:
    if node.is_written:
        node.note(Class.CARRIED, text)


_SCHEME_KEYS = (
    "type",
    "name",
    "in",
    "x-amazon-apigateway-authtype",
    "description",
    "flows",
    "scheme",
    "openIdConnectUrl",
    "bearerFormat",
)


def _documented(name: str) -> str:
    """What is said of a scheme that API Gateway itself passes over."""
    return f"the scheme {name} has no authorizer of API Gateway, which passes over it"


def _kept_scopes(node: Node, authorizer: Authorizer) -> set[str]:
    """The scopes that count: none for an authorizer whose type has no scopes."""
    scopes = set(node.known_texts())
    if scopes and not authorizer.has_scopes:
        node.note(Class.LEFT_OUT, f"an authorizer of the type {authorizer.type} does not ask for scopes")
        return set()
    return scopes
