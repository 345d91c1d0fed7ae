"""What the user of an import asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """One call of `berth migrate import`; texts are as they were typed.

    `kind` is the kind of source where the user named it (`--as`). `code` and `handlers` give what the source
    lacks, by the names of functions. `values` asks for deployed values of variables (`--values`).
    `environment` has the variables of the user's shell where `allow_env` lets a service read them.
    """

    source: str
    into: Path
    stage: str = "dev"
    stage_was_given: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    region: str = ""
    from_stack: str = ""
    apis: tuple[str, ...] = ()
    stacks: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    code: Mapping[str, Path] = field(default_factory=dict)
    handlers: Mapping[str, str] = field(default_factory=dict)
    config_environment: str = ""
    kind: str = ""
    dry_run: bool = False
    force: bool = False
    in_place: bool = False
    fetch: bool = False
    values: bool = False
    allow_env: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
