"""A stage: a named deployment of an API, and what stands in for the gateway's own facts."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Stage:
    """One `manifests/<stage>.json`, with every default filled in."""

    name: str
    api: str
    api_id: str
    account_id: str
    region: str
    deployment_id: str
    functions: tuple[str, ...]
    stage_variables: Mapping[str, str]
    environment: Mapping[str, str]
    timeout: int  # seconds
    memory_size: int  # MB
    binary_media_types: frozenset[str]
    stage_in_path: bool
    trusted_proxy_hops: int
