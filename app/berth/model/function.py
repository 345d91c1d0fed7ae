"""A function: a directory with a manifest."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from berth.model.api_kind import ApiKind
from berth.model.asynchronous import DEFAULT_ASYNC_CONFIG, AsyncConfig
from berth.model.stage import Stage
from berth.model.value_class import value_class

PACKAGES_FOLDER = ".packages"


@value_class(eq=False, kw_only=True)
class FunctionConfiguration:
    """How a function is run and reached, as its manifest and its stage's defaults configure it."""

    handler: str
    code: Path  # the folder with the handler: Lambda's task root
    description: str
    timeout: int  # seconds
    memory_size: int  # MB
    environment: Mapping[str, str]
    api: ApiKind
    multi_value_headers: bool
    binary_media_types: frozenset[str]  # in lower case
    reserved_concurrency: int | None
    isolation: str
    provisioned_concurrency: int
    layers: tuple[Path, ...]
    long_running: bool
    async_config: AsyncConfig = DEFAULT_ASYNC_CONFIG


@value_class(eq=False)
class Function(FunctionConfiguration):
    """A function of a stage: its configuration, its name, and the folder of its manifest."""

    name: str
    directory: Path
    stage: Stage

    @cached_property
    def arn(self) -> str:
        """The unqualified function ARN."""
        return f"arn:aws:lambda:{self.stage.region}:{self.stage.account_id}:function:{self.name}"

    @property
    def packages(self) -> Path:
        """Where `berth function install` puts the function's own requirements."""
        return self.directory / PACKAGES_FOLDER
