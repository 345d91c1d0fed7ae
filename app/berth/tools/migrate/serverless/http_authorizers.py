"""The authorizers of Serverless' `http` events."""

from collections.abc import Mapping
from dataclasses import dataclass

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Tree, as_text, is_scalar
from berth.tools.migrate.serverless.builder import Builder
from berth.tools.migrate.serverless.logical_ids import function_logical_id, logical_name

REST_API = "ApiGatewayRestApi"
_IAM, _POOLS = "AWS_IAM", "COGNITO_USER_POOLS"
_HEADER = "method.request.header.Authorization"
# By the key of an authorizer: the property where the value goes over as it is.
_PROPERTIES = {
    "identitySource": "IdentitySource",
    "identityValidationExpression": "IdentityValidationExpression",
    "resultTtlInSeconds": "AuthorizerResultTtlInSeconds",
}
_CARRIED = ("name", "arn", "type", "scopes", "authorizerId", *_PROPERTIES)


def invocation_uri(arn: Tree) -> dict[str, Tree]:
    """The uri by which API Gateway invokes the function with an ARN."""
    before = "arn:aws:apigateway:region:lambda:path/2015-03-31/functions/"
    return {"Fn::Join": ["", [before, arn, "/invocations"]]}


@dataclass(frozen=True)
class RestAuthorizers:
    """Says which authorizer a method has, and adds each to the template where it is first named."""

    builder: Builder

    def guard(self, method: str, node: Tree, origin: KeyPath, default: KeyPath) -> None:
        """Set the authorization of a method; `default` is the path of what has no authorizer."""
        entry = self._entry(node, origin)
        kind = self._text(entry, "type", origin).upper()
        if not entry:
            self.builder.set(method, "AuthorizationType", "NONE", default)
        elif kind == _IAM:
            self.builder.set(method, "AuthorizationType", _IAM, origin)
        else:
            self._guard(method, entry, kind, origin)
        if isinstance(node, dict):
            self._note_keys(entry, origin)

    def _entry(self, node: Tree, origin: KeyPath) -> Mapping[str, Tree]:
        """The long form of an authorizer: the short one is aws_iam, an ARN or a function's key."""
        value = self.builder.resolved(node, origin)
        if not value:
            return {}
        if isinstance(value, dict):
            return {"arn": value} if _is_intrinsic(value) else value
        text = str(as_text(value))
        if text.upper() == _IAM:
            return {"type": _IAM}
        return {"arn": value} if ":" in text else {"name": value}

    def _guard(self, method: str, entry: Mapping[str, Tree], kind: str, origin: KeyPath) -> None:
        is_pool = kind == _POOLS or (not kind and ":cognito-idp:" in _shown(entry.get("arn")))
        is_custom = kind in ("TOKEN", "REQUEST", "") and not is_pool
        self.builder.set(method, "AuthorizationType", "CUSTOM" if is_custom else kind or _POOLS, origin)
        if "authorizerId" in entry:
            self.builder.set(method, "AuthorizerId", entry["authorizerId"], (*origin, "authorizerId"))
        else:
            name = self._name(entry, origin)
            logical_id = f"{logical_name(name)}ApiGatewayAuthorizer"
            self._define(logical_id, name, entry, _POOLS if is_pool else kind or "TOKEN", origin)
            self.builder.set(method, "AuthorizerId", {"Ref": logical_id}, origin)
        if entry.get("scopes"):
            self.builder.set(method, "AuthorizationScopes", entry["scopes"], (*origin, "scopes"))

    def _define(
        self, logical_id: str, name: str, entry: Mapping[str, Tree], kind: str, origin: KeyPath
    ) -> None:
        """Add an authorizer; a later event that names it again adds what it says of it."""
        if logical_id not in self.builder.resources:
            properties = {"RestApiId": {"Ref": REST_API}, "Name": name}
            self.builder.add(logical_id, "AWS::ApiGateway::Authorizer", properties, origin)
        self.builder.set(logical_id, "Type", kind, origin)
        arn = entry.get("arn")
        if kind == _POOLS:
            self.builder.set(logical_id, "ProviderARNs", [arn], origin)
        else:
            arn = {"Fn::GetAtt": [function_logical_id(name), "Arn"]} if arn is None else arn
            self.builder.set(logical_id, "AuthorizerUri", invocation_uri(arn), origin)
        for own, theirs in _PROPERTIES.items():
            if entry.get(own) is not None:
                self.builder.set(logical_id, theirs, entry[own], (*origin, own))
        properties = self.builder.resources[logical_id]["Properties"]
        is_uncached = self._text(entry, "resultTtlInSeconds", origin) == "0"
        if "IdentitySource" not in properties and not (kind == "REQUEST" and is_uncached):
            self.builder.set(logical_id, "IdentitySource", _HEADER, origin)

    def _name(self, entry: Mapping[str, Tree], origin: KeyPath) -> str:
        """An authorizer's name: its own, or the last part of its ARN."""
        if entry.get("name"):
            return self._text(entry, "name", origin)
        arn = entry.get("arn")
        if isinstance(arn, dict):
            return "-".join(str(each) for each in _leaves(arn))[:60]
        return _shown(arn).rpartition(":")[2].rpartition("-")[2].rpartition("/")[2] or "authorizer"

    def _text(self, entry: Mapping[str, Tree], key: str, origin: KeyPath) -> str:
        return self.builder.known(entry.get(key), (*origin, key))

    def _note_keys(self, entry: Mapping[str, Tree], origin: KeyPath) -> None:
        for key in _CARRIED:
            if key in entry:
                self.builder.note(Class.CARRIED, (*origin, key), "the authorizer of the route")
        if "managedExternally" in entry:
            text = "who lets API Gateway call the authorizer"
            self.builder.note(Class.ELSEWHERE, (*origin, "managedExternally"), text)
        if "claims" in entry:
            text = "counts for integrations that are no proxies"
            self.builder.note(Class.LEFT_OUT, (*origin, "claims"), text)


def _is_intrinsic(value: Mapping[str, Tree]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


def _leaves(value: Tree) -> list[Tree]:
    """The texts in a call of one of CloudFormation's functions, such as Pool of `!GetAtt Pool.Arn`."""
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return _leaves(value[0]) if value else []
    return [value]


def _shown(value: Tree) -> str:
    return as_text(value).named if is_scalar(value) else ""
