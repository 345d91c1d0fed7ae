"""What a source says, without its own form: functions, their code and layers, APIs with their routes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Text, Tree


@dataclass(frozen=True)
class Place:
    """Where something stands in a source: the file, relative to the source's folder, and the path of keys."""

    file: str = ""
    path: KeyPath = ()

    def at(self, *keys: str | int) -> "Place":
        """The place below this one."""
        return Place(self.file, (*self.path, *keys))


@dataclass(frozen=True)
class CodeSource:
    """Where code comes from: exactly one of `folder`, `file`, `archive`, `text` and `remote` is set.

    `folder` is a folder, `file` one module, `archive` a zip, `text` the source of `index.py`, and `remote`
    says where AWS has it. `patterns` are the patterns of serverless.yml's `package.patterns`, in order.
    """

    place: Place
    folder: Path | None = None
    file: Path | None = None
    archive: Path | None = None
    text: str | None = None
    remote: str = ""
    patterns: tuple[str, ...] = ()
    # What makes it ready on AWS and is not done here: "makefile", and for layers any method of `sam build`.
    build: str = ""


@dataclass(frozen=True)
class LayerSource:
    """One layer: `name` is its folder below layers/. An ARN layer has remote code."""

    name: str
    code: CodeSource
    arn: str = ""


@dataclass(frozen=True)
class Trigger:
    """One trigger of a function, in the form of the manifest key `events`.

    `facts` says what a poller has to know of the queue or stream.
    """

    name: str
    type: str
    properties: Mapping[str, Tree]
    place: Place
    facts: str = ""


@dataclass(frozen=True, kw_only=True)
class FunctionSource:
    """One Python function.

    `id` is unique in the import: `<logical id>`, or `<Child>/<logical id>` in a nested stack. `given_name` is
    the FunctionName with its holes, `names` are candidates for the folder, the best first. `environment` may
    have values with holes; `events` are triggers in the form of Berth's `events` key. `places` has the places
    of its properties, by their paths in CloudFormation, such as `Properties`, `Handler`.
    """

    id: str
    place: Place
    names: tuple[str, ...]
    code: CodeSource
    given_name: Text | None = None
    handler: str = ""
    runtime: str = ""
    timeout: int = 3
    memory_size: int = 128
    description: str = ""
    environment: Mapping[str, Text] = field(default_factory=dict)
    layers: tuple[LayerSource, ...] = ()
    reserved_concurrency: int | None = None
    provisioned_concurrency: int = 0
    async_config: Mapping[str, Tree] = field(
        default_factory=dict
    )  # keys and forms of the manifest's asyncConfig
    events: Mapping[str, Mapping[str, Tree]] = field(default_factory=dict)
    is_conditional: bool = False
    places: Mapping[KeyPath, Place] = field(default_factory=dict)

    def place_of(self, *keys: str | int) -> Place:
        """The place of a property, or of the nearest one around it that is known."""
        lengths = range(len(keys), 0, -1)
        found = (self.places[keys[:n]].at(*keys[n:]) for n in lengths if keys[:n] in self.places)
        return next(found, self.place.at(*keys))


@dataclass(frozen=True, kw_only=True)
class RouteSource:
    """One route of an API to one function, by the function's id. `path` has no trailing slash."""

    function: str
    method: str
    path: str
    place: Place
    authorizer: str | None = None  # the name in Api.authorizers, "AWS_IAM", or a name without a definition
    scopes: tuple[str, ...] = ()
    api_key_required: bool = False
    required_parameters: tuple[str, ...] = ()
    request_models: Mapping[str, Any] = field(default_factory=dict)
    payload_format_version: str = ""  # of HTTP APIs
    priority: int | None = None
    conditions: tuple[Mapping[str, Any], ...] = ()
    multi_value_headers: bool = False  # of load balancers: the setting of the route's target group
    invocation: str = ""


@dataclass(frozen=True)
class FunctionReference:
    """Stands in an authorizer's `function` for a function of the import, by its id."""

    id: str


@dataclass(frozen=True, kw_only=True)
class Api:
    """One API, one load balancer's listener or one function URL, with the routes that can be carried.

    `kind` is `rest`, `http`, `alb` or `url`. `id` is its logical id (with the stack before it). `stage` is
    the stage's name in events, empty where it has none. `authorizers` and `cors` have the keys and forms of a
    stage's manifest; a text in them may be a Text, and an authorizer's `function` a FunctionReference.
    """

    id: str
    kind: str
    place: Place
    name: str = ""
    stage: str = ""
    routes: tuple[RouteSource, ...] = ()
    authorizers: Mapping[str, Mapping[str, Tree]] = field(default_factory=dict)
    cors: Mapping[str, Any] | None = None
    binary_media_types: tuple[str, ...] = ()
    stage_variables: Mapping[str, Text] = field(default_factory=dict)
    api_keys: tuple[str, ...] = ()
    multi_value_headers: bool = False


@dataclass(frozen=True)
class Statements:
    """IAM statements and managed policies of one function's role, for the task role."""

    function: str
    statements: tuple[Any, ...] = ()
    managed: tuple[str, ...] = ()


@dataclass
class Application:
    """One source, read. The region and the account are known only where the user or the source told them."""

    functions: list[FunctionSource] = field(default_factory=list)
    has_conditions: bool = False  # whether some Python function is there under some parameters only
    apis: list[Api] = field(default_factory=list)
    iam: list[Statements] = field(default_factory=list)
    region: str = ""
    account_id: str = ""
    parameters: dict[str, dict[str, Any]] = field(
        default_factory=dict
    )  # for the report: value, and where it counted
