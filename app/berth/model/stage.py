"""A stage: a named deployment of an API, with the facts that a gateway in front of it would know."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from berth.model.api_key import ApiKey
from berth.model.api_kind import ApiKind
from berth.model.authorizer import Authorizer
from berth.model.comparison import Recording, Shadow
from berth.model.cors import Cors
from berth.model.invoke_api import InvokeApi
from berth.model.trust import Trust
from berth.model.value_class import value_class

# The stage of an HTTP API that has no name and no place in a path.
DEFAULT_STAGE = "$default"


@value_class(eq=False)
class Stage:
    """One `manifests/<stage>.json`, with its secrets, and with a value for everything that it leaves open."""

    name: str
    api: ApiKind  # of functions whose manifest names none
    api_id: str
    account_id: str
    region: str
    deployment_id: str
    functions: tuple[str, ...]
    stage_variables: Mapping[str, str]
    environment: Mapping[str, str]
    stage_in_path: bool
    trusted_proxy_hops: int
    serialize_bodies: bool = False  # a REST result's body that is no string is sent as JSON
    is_named: bool = False  # by its manifest, not only by the file's name
    cors: Cors | None = None
    api_keys: tuple[ApiKey, ...] = field(default=(), repr=False)
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    trust: Trust | None = None
    authorizers_run_in: str = "berth"
    invoke_api: InvokeApi | None = None  # None where none is served
    secret_files: tuple[Path, ...] = ()  # what no function may read
    # What counts for every function, or for every route that does not say otherwise.
    layers: tuple[Path, ...] = ()
    authorizer: str | None = None
    api_key_required: bool = False
    recording: Recording | None = None
    shadow: Shadow | None = None

    @property
    def recorded_folders(self) -> tuple[Path, ...]:
        """The folders that the server fills with what functions were asked and have answered."""
        folders = (
            self.recording.folder if self.recording else None,
            self.shadow.report if self.shadow else None,
        )
        return tuple(folder for folder in folders if folder is not None)

    def name_for(self, kind: ApiKind) -> str:
        """What events call the stage: `$default` where this kind of API has no stage of that name."""
        is_default = not kind.has_stages or (kind.has_default_stage and not self.is_named)
        return DEFAULT_STAGE if is_default else self.name

    def path_for(self, kind: ApiKind) -> str:
        """The stage as the first part of a path, `/prod`; empty where it is no part of paths."""
        return stage_path(self.name_for(kind))


def stage_path(name: str) -> str:
    """A stage as the first part of a path; `$default` is no part of any path."""
    return "" if name == DEFAULT_STAGE else f"/{name}"
