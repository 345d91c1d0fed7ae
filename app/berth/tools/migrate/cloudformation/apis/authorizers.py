"""Reading authorizers: those that Berth can have are carried, and the others close their routes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from berth.errors import MalformedDocument
from berth.manifest.schema.authorizer import AuthorizerSchema
from berth.model.api_kind import HTTP_2, REST
from berth.model.authorizer import JWT_TYPES, LAMBDA_TYPES
from berth.model.expression import ExpressionRefused, compile_expression
from berth.schemas.reading import read
from berth.tools.migrate.cloudformation.apis.node import Node
from berth.tools.migrate.cloudformation.apis.targets import Targets
from berth.tools.migrate.cloudformation.invokers import lowered
from berth.tools.migrate.model.application import FunctionReference
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import Text, Tree, plain, simplified

IAM = "AWS_IAM"
_RESERVED = ("NONE", IAM)
_KINDS = {"rest": REST, "http": HTTP_2}
_AUTHORIZATION = "method.request.header.Authorization"
_EXPRESSION = ("identityValidationExpression", "IdentityValidationExpression")
_TTL = ("authorizerResultTtlInSeconds", "AuthorizerResultTtlInSeconds")
Definition = dict[str, Tree]


@dataclass(frozen=True)
class Authorizer:
    """One authorizer under the name that routes have for it; it has no definition if it cannot be carried."""

    name: str
    type: str = ""
    definition: Definition | None = None

    @property
    def has_scopes(self) -> bool:
        """Whether its routes may ask for scopes; of an authorizer that is not understood they are kept."""
        return self.definition is None or self.type in JWT_TYPES


@dataclass
class Authorizers:
    """The authorizers of one API, by what its source calls them: a resource's id or a scheme's name."""

    kind: str
    targets: Targets
    found: dict[str, Authorizer] = field(default_factory=dict)

    @property
    def definitions(self) -> dict[str, Definition]:
        """Those that are carried, by their names."""
        carried = (each for each in self.found.values() if each.definition is not None)
        return {each.name: dict(each.definition or {}) for each in carried}

    def undefined(self, text: str) -> str:
        """A name for an authorizer that nobody defines; no authorizer of this API has it."""
        name, taken = safe_name(text), {*self.definitions, *_RESERVED}
        while name in taken:
            name = f"{name[:119]}-unknown"
        return name

    def add(self, key: str, node: Node, given_name: str, header: str = "") -> None:
        """Read one authorizer; `header` is where a token is, if its definition does not say it."""
        name = self._free_name(given_name, key)
        kind, definition, problem = self._definition(node, header)
        problem = problem or self._problem(kind, definition)
        if problem:
            self.found[key] = Authorizer(name, kind)
            node.note(Class.OPEN, f"{problem}: {close_text(name)}", name=f"authorizers.{name}")
            return
        self.found[key] = Authorizer(name, kind, definition)
        _note(node, name, kind)

    def _free_name(self, given: str, key: str) -> str:
        """The name of the source in Berth's characters, unlike every other one of this API."""
        name = safe_name(given)
        taken = {each.name for each in self.found.values()} | set(_RESERVED)
        candidates = (
            name,
            safe_name(f"{name[:60]}-{key}"),
            *(f"{name[:100]}-{n}" for n in range(2, len(taken) + 3)),
        )
        return next(each for each in candidates if each not in taken)

    def _definition(self, node: Node, header: str) -> tuple[str, Definition, str]:
        kind = node.any("type", "Type", "AuthorizerType").known().upper()
        if kind in LAMBDA_TYPES:
            return kind, *self._of_function(node, kind, header)
        if kind == "COGNITO_USER_POOLS":
            return kind, *_of_user_pool(node, header)
        if kind == "JWT":
            return kind, *_of_issuer(node)
        return kind, {}, f"Berth has no authorizer of the type {kind or '(none)'}"

    def _of_function(self, node: Node, kind: str, header: str) -> tuple[Definition, str]:
        target = self.targets.of_uri(node.any("authorizerUri", "AuthorizerUri").text())
        if not target.text.parts:
            return {}, "its authorizerUri names no function"
        definition: Definition = {"type": kind, "function": self.targets.reference(target)}
        sources = node.any("identitySource", "IdentitySource").known_texts()
        if kind == "TOKEN":
            sources = sources or [f"method.request.header.{header or 'Authorization'}"]
        if sources:
            definition["identitySource"] = sources
        expression = node.any(*_EXPRESSION).known()
        if expression and kind == "TOKEN":
            definition["identityValidationExpression"] = expression
        ttl = node.any(*_TTL)
        if ttl.is_there:
            definition["resultTtlInSeconds"] = ttl.number()
        elif kind == "REQUEST" and self.kind == "rest" and not sources:
            # API Gateway keeps no answers of an authorizer that has no identity source.
            definition["resultTtlInSeconds"] = 0
        return {**definition, **self._of_http(node, kind)}, ""

    def _of_http(self, node: Node, kind: str) -> Definition:
        """What only the Lambda authorizers of HTTP APIs have."""
        if self.kind != "http" or kind != "REQUEST":
            return {}
        made: Definition = {}
        version = node.any("authorizerPayloadFormatVersion", "AuthorizerPayloadFormatVersion")
        if version.is_there:
            made["payloadFormatVersion"] = payload_version(version)
        simple = node.any("enableSimpleResponses", "EnableSimpleResponses")
        if simple.is_there:
            made["enableSimpleResponses"] = simple.flag()
        return made

    def _problem(self, kind: str, definition: Definition) -> str:
        """Why Berth would refuse a definition; empty if it would not."""
        if kind not in _KINDS[self.kind].authorizer_types:
            return f"{_KINDS[self.kind].title} have no authorizer of the type {kind}"
        checked = {key: each for key, each in definition.items() if key != "identityValidationExpression"}
        if isinstance(checked.get("function"), FunctionReference):
            checked["function"] = "imported"
        try:
            read(AuthorizerSchema(), plain(checked))
        except MalformedDocument as wrong:
            return f"Berth cannot have it ({wrong})"
        return ""


_CARRIED_KEYS = (
    *("type", "Type", "AuthorizerType", "Name", "RestApiId", "ApiId"),
    *("authorizerUri", "AuthorizerUri", "identitySource", "IdentitySource"),
    *("providerARNs", "ProviderARNs"),
    *("jwtConfiguration", "JwtConfiguration", "enableSimpleResponses", "EnableSimpleResponses"),
    *("authorizerPayloadFormatVersion", "AuthorizerPayloadFormatVersion", "AuthType"),
)
_CREDENTIALS = ("authorizerCredentials", "AuthorizerCredentials", "AuthorizerCredentialsArn")
_ROLE = "the role by which API Gateway calls the authorizer; Berth runs it itself"


def _note(node: Node, name: str, kind: str) -> None:
    """Tell of the keys of an authorizer that is carried."""
    told = (Class.CARRIED, f"authorizers.{name}")
    node.note_keys(dict.fromkeys(_CARRIED_KEYS, told))
    node.note_keys(dict.fromkeys(_CREDENTIALS, (Class.ELSEWHERE, _ROLE)))
    of_token = (Class.LEFT_OUT, "Berth checks each token by itself, and keeps no answer about it")
    node.note_keys(dict.fromkeys(_TTL, told if kind in LAMBDA_TYPES else of_token))
    expression = node.any(*_EXPRESSION)
    if not expression.is_there:
        return
    is_token = kind == "TOKEN"
    expression.note(*(told if is_token else (Class.LEFT_OUT, "counts for the type TOKEN only")))
    try:
        compile_expression(expression.known())
    except ExpressionRefused as refused:
        key = f"authorizers.{name}.identityValidationExpression"
        expression.note(Class.OPEN, f"the expression {refused}", name=key)


def _of_user_pool(node: Node, header: str) -> tuple[Definition, str]:
    pools = node.any("providerARNs", "ProviderARNs").texts()
    if len(pools) != 1:
        return {}, f"it names {len(pools)} user pools, and Berth's authorizers have one"
    if node.any(*_EXPRESSION).is_there:
        # https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html
        return (
            {},
            "its identityValidationExpression checks the `aud` of tokens, and Berth's user pools do not",
        )
    definition: Definition = {"type": "COGNITO_USER_POOLS", "userPool": of_stage(pools[0])}
    sources = node.any("identitySource", "IdentitySource").known_texts()
    sources = sources or [f"method.request.header.{header or 'Authorization'}"]
    if sources != [_AUTHORIZATION]:
        definition["identitySource"] = sources
    return definition, ""


def _of_issuer(node: Node) -> tuple[Definition, str]:
    configuration = node.any("jwtConfiguration", "JwtConfiguration")
    definition: Definition = {"type": "JWT"}
    issuer = configuration.any("issuer", "Issuer")
    if configuration.any("issuers", "Issuers").is_there:
        definition["jwtConfiguration"] = _of_stage_tree(lowered(configuration.value()))
    elif issuer.is_there:
        definition["issuer"] = of_stage(issuer.text())
        definition["audience"] = [
            of_stage(each) for each in configuration.any("audience", "Audience").texts()
        ]
    else:
        return {}, "its issuer is not in the source"
    sources = node.any("identitySource", "IdentitySource").known_texts()
    return definition | ({"identitySource": sources} if sources else {}), ""


def of_stage(text: Text) -> Text | str:
    """A text for the stage's file, which counts for the given parameters only."""
    return simplified(replace(text, chosen_by=frozenset()))


def _of_stage_tree(tree: Tree) -> Tree:
    if isinstance(tree, Mapping):
        return {key: _of_stage_tree(each) for key, each in tree.items()}
    if isinstance(tree, list):
        return [_of_stage_tree(each) for each in tree]
    return of_stage(tree) if isinstance(tree, Text) else tree


def payload_version(node: Node) -> str:
    """A payload format version as manifests write it: `2.0`, also where YAML has the number 2."""
    known = node.known().strip()
    return f"{known}.0" if known in ("1", "2") else known


def safe_name(text: str) -> str:
    """A text as the name of an authorizer: letters, digits, `-` and `_`."""
    plain_text = text.replace("${", "").replace("}", "")
    return re.sub(r"[^A-Za-z0-9_-]+", "-", plain_text).strip("-")[:128] or "authorizer"


def close_text(name: str) -> str:
    """What the report says of routes whose authorizer has no definition."""
    return f"routes that have it stay closed until the stage defines authorizers.{name}"
