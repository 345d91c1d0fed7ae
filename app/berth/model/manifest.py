"""Manifests as their author wrote them: no default of the stage applied yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.model.authorizer import Authorizer
from berth.model.cors import Cors
from berth.model.listener_rule import ANY_REQUEST, ListenerRule
from berth.model.method_request import NO_METHOD_REQUEST, MethodRequest
from berth.model.route import RouteKey


@dataclass(frozen=True)
class RouteManifest:
    """One entry of a function's `routes`; its models are JSON Schemas or names of files."""

    key: RouteKey
    method_request: MethodRequest = NO_METHOD_REQUEST
    listener_rule: ListenerRule = ANY_REQUEST
    models: Mapping[str, Any] = field(default_factory=dict)
    authorizer: str | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FunctionManifest:
    """One `functions/<name>/manifest.json`; None where the stage's value applies."""

    handler: str
    description: str
    runtime: str | None
    timeout: int | None
    memory_size: int | None
    environment: Mapping[str, str]
    api: str | None
    payload_format_version: str | None
    multi_value_headers: bool | None
    binary_media_types: tuple[str, ...] | None
    routes: tuple[RouteManifest, ...]
    reserved_concurrency: int | None
    isolation: str
    provisioned_concurrency: int
    layers: tuple[str, ...]
    long_running: bool


@dataclass(frozen=True)
class ApiKeyManifest:
    """One entry of a stage's `apiKeys`: the hash of a key, or the variable that holds it."""

    id: str
    sha256: str | None
    environment: str | None


@dataclass(frozen=True)
class SecretManifest:
    """Where a secret is: in an environment variable or in a file."""

    environment: str | None = None
    file: str | None = None


@dataclass(frozen=True)
class GatewayManifest:
    """A stage's `gateway` with the trust `token`."""

    prefix: SecretManifest
    tokens: tuple[SecretManifest, ...]
    variables: tuple[str, ...]
    context: tuple[str, ...]


@dataclass(frozen=True)
class CredentialManifest:
    """One access key of an AWS_IAM authorizer, and the variable that holds its secret."""

    access_key_id: str
    environment: str
    account_id: str
    user_arn: str
    user_id: str


@dataclass(frozen=True)
class AuthorizerManifest:
    """One entry of a stage's `authorizers`: its name is the entry's, its secrets are elsewhere."""

    authorizer: Authorizer
    credentials: tuple[CredentialManifest, ...]


@dataclass(frozen=True)
class StageManifest:
    """One `manifests/<stage>.json`; None where the file's name or a setting decides."""

    stage: str | None
    description: str
    api: str
    payload_format_version: str
    multi_value_headers: bool
    api_id: str | None
    account_id: str | None
    region: str | None
    functions: tuple[str, ...]
    stage_variables: Mapping[str, str]
    environment: Mapping[str, str]
    timeout: int
    memory_size: int
    binary_media_types: tuple[str, ...]
    stage_in_path: bool
    trusted_proxy_hops: int
    cors: Cors | None
    api_keys: tuple[ApiKeyManifest, ...]
    authorizers: Mapping[str, AuthorizerManifest]
    gateway: GatewayManifest | None
    authorizers_run_in: str
