"""A function: a directory with a manifest."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from berth.model.api_kind import ApiKind
from berth.model.stage import Stage

PACKAGES_FOLDER = ".packages"


@dataclass(frozen=True, eq=False)
class Function:
    """Everything that running one function needs to know, defaults of its stage included."""

    name: str
    directory: Path
    handler: str
    description: str
    timeout: int  # seconds
    memory_size: int  # MB
    environment: Mapping[str, str]
    api: ApiKind
    binary_media_types: frozenset[str]
    reserved_concurrency: int | None
    isolation: str
    stage: Stage
    provisioned_concurrency: int = 0
    layers: tuple[Path, ...] = ()
    long_running: bool = False
    multi_value_headers: bool = False

    @property
    def arn(self) -> str:
        """The unqualified function ARN."""
        return f"arn:aws:lambda:{self.stage.region}:{self.stage.account_id}:function:{self.name}"

    @property
    def packages(self) -> Path:
        """Where `flask function install` puts the function's own requirements."""
        return self.directory / PACKAGES_FOLDER
