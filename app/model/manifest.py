"""Manifests as their author wrote them: no default of the stage applied yet."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.model.route import RouteKey


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
    binary_media_types: tuple[str, ...] | None
    routes: tuple[RouteKey, ...]
    reserved_concurrency: int | None
    isolation: str
    provisioned_concurrency: int
    layers: tuple[str, ...]
    long_running: bool


@dataclass(frozen=True)
class StageManifest:
    """One `manifests/<stage>.json`; None where the file's name or a setting decides."""

    stage: str | None
    description: str
    api: str
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
