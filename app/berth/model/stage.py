"""A stage: a named deployment of an API, and what stands in for the gateway's own facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from berth.model.api_key import ApiKey
from berth.model.authorizer import Authorizer
from berth.model.cors import Cors
from berth.model.trust import Trust

# The stage of an HTTP API that has no name and no place in a path.
DEFAULT_STAGE = "$default"


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
    is_named: bool = False  # by its manifest, not only by the file's name
    payload_format_version: str = "2.0"  # of HTTP APIs' events
    multi_value_headers: bool = False
    cors: Cors | None = None
    api_keys: tuple[ApiKey, ...] = field(default=(), repr=False)
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    trust: Trust | None = None
    authorizers_run_in: str = "berth"

    def name_for(self, api: str) -> str:
        """What events call the stage: an HTTP API's without a name is `$default`, a function URL's always."""
        return self.name if api == "rest" or (api == "http" and self.is_named) else DEFAULT_STAGE

    def path_for(self, api: str) -> str:
        """The stage as the first part of a path, `/prod`; empty where it is no part of paths."""
        name = self.name_for(api)
        return "" if name == DEFAULT_STAGE else f"/{name}"
