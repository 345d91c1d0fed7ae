"""Manifests: what their schemas make of the files, before anything is built from them."""

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from berth.model.authorizer import Authorizer
from berth.model.comparison import Recording, Shadow
from berth.model.cors import Cors
from berth.model.function import FunctionConfiguration
from berth.model.listener_rule import ANY_REQUEST, ListenerRule
from berth.model.method_request import NO_METHOD_REQUEST, MethodRequest
from berth.model.route import RouteKey
from berth.model.stage import Stage
from berth.model.value_class import value_class

# What a route writes in place of an authorizer's name, so that it is open whatever its stage says.
NO_AUTHORIZER = "NONE"


@value_class
class RouteManifest:
    """One entry of a function's `routes`; its models are JSON Schemas, or names of files that hold one."""

    key: RouteKey
    method_request: MethodRequest = NO_METHOD_REQUEST
    listener_rule: ListenerRule = ANY_REQUEST
    models: Mapping[str, Any] = field(default_factory=dict)
    authorizer: str | None = None  # None: as the stage says
    scopes: tuple[str, ...] = ()
    kind_keys: frozenset[str] = frozenset()  # those that its author wrote and not every kind of API knows
    api_key_required: bool | None = None  # None: as the stage says
    inherited: frozenset[str] = frozenset()  # the keys that have the stage's value
    invocation: str | None = None  # None: as the function says
    callback: "CallbackManifest | None" = None

    def completed(self, stage: Stage) -> "RouteManifest":
        """The route with its stage's authorizer and API key where it does not say otherwise."""
        name, needs_key, inherited = self.authorizer, self.api_key_required, set()
        if name is None and stage.authorizer is not None:
            name = stage.authorizer
            inherited.add("authorizer")
        if needs_key is None and stage.api_key_required:
            needs_key = True
            inherited.add("apiKeyRequired")
        return replace(
            self,
            authorizer=None if name == NO_AUTHORIZER else name,
            method_request=replace(self.method_request, api_key_required=bool(needs_key)),
            inherited=frozenset(inherited),
        )


@value_class(kw_only=True)
class FunctionManifest(FunctionConfiguration):
    """One `functions/<name>/manifest.json`, laid over the defaults of its stage.

    Its code and its layers are relative to its folder. Until it is completed by its stage's manifest, it has
    only what the function itself says of variables, layers, authorizers and API keys.
    """

    runtime: str | None
    routes: tuple[RouteManifest, ...]
    invocation: str = "sync"
    kind_keys: frozenset[str] = frozenset()  # those that its author wrote and not every kind of API knows
    # Statements of a policy, for the role of the task; None where the manifest says nothing of rights.
    iam: tuple[Mapping[str, Any], ...] | None = None


@value_class
class ApiKeyManifest:
    """One entry of a stage's `apiKeys`: the hash of a key, or the variable that holds it."""

    id: str
    sha256: str | None
    environment: str | None


@value_class
class SecretManifest:
    """Where a secret is: in an environment variable or in a file."""

    environment: str | None = None
    file: str | None = None


@value_class
class CallbackManifest:
    """A route's `callback`, whose secret is elsewhere."""

    url: str
    secret: SecretManifest
    allow_private_addresses: bool


@value_class
class GatewayManifest:
    """A stage's `gateway` with the trust `token`."""

    prefix: SecretManifest
    tokens: tuple[SecretManifest, ...]
    variables: tuple[str, ...]
    context: tuple[str, ...]


@value_class
class CredentialManifest:
    """One access key of an AWS_IAM authorizer, and the variable that holds its secret."""

    access_key_id: str
    environment: str
    account_id: str
    user_arn: str
    user_id: str


@value_class
class InvokeApiManifest:
    """A stage's `invokeApi`; `auth` is `off` where it serves none."""

    auth: str
    credentials: tuple[CredentialManifest, ...] = ()
    tokens: tuple[SecretManifest, ...] = ()
    bind: tuple[str, int] | None = None


@value_class
class AuthorizerManifest:
    """One entry of a stage's `authorizers`: its name is the entry's, its secrets are elsewhere."""

    authorizer: Authorizer
    credentials: tuple[CredentialManifest, ...]


@value_class
class StageManifest:
    """One `manifests/<stage>.json`; None stands for what the file's name or a setting decides."""

    stage: str | None
    description: str
    api_id: str | None
    account_id: str | None
    region: str | None
    functions: tuple[str, ...]
    stage_variables: Mapping[str, str]
    environment: Mapping[str, str]
    function_defaults: Mapping[str, Any]  # the keys that its functions have where they do not write them
    stage_in_path: bool
    trusted_proxy_hops: int
    cors: Cors | None
    api_keys: tuple[ApiKeyManifest, ...]
    authorizers: Mapping[str, AuthorizerManifest]
    gateway: GatewayManifest | None
    authorizers_run_in: str
    invoke_api: InvokeApiManifest | None = None  # None where the stage says nothing
    serialize_bodies: bool = False
    # By the names that placeholders have for them: values, or where the values are.
    deployed: Mapping[str, str | SecretManifest] = field(default_factory=dict)
    layers: tuple[Path, ...] = ()  # relative to the folder of manifests
    authorizer: str | None = None  # of every route that names none
    api_key_required: bool = False  # of every route that does not say
    record: Recording | None = None
    shadow: Shadow | None = None
