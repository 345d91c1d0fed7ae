"""Making a resource of CloudFormation of one of Terraform's, with the place of each property."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.terraform.links import Links
from berth.tools.migrate.terraform.state import TerraformResource

EMPTY: tuple[Any, ...] = (None, "", [], {})
# Attributes that AWS or Terraform computes, and arguments that only say how Terraform deploys.
COMPUTED = frozenset(
    (
        *("id", "arn", "tags_all", "region", "timeouts", "last_modified", "version", "created_date", "uuid"),
        *("invoke_arn", "qualified_arn", "qualified_invoke_arn", "response_streaming_invoke_arn"),
        *("execution_arn", "root_resource_id", "invoke_url", "api_endpoint", "function_arn", "path"),
        *("source_code_hash", "source_code_size", "code_sha256", "signing_job_arn", "cache_namespace"),
        *("signing_profile_version_arn", "publish", "publish_to", "skip_destroy", "triggers", "layer_arn"),
        *("replace_security_groups_on_destroy", "replacement_security_group_ids", "put_rest_api_mode"),
        *("last_processing_result", "state_transition_reason", "url_id", "web_acl_arn", "rule_arn"),
        *(
            "fail_on_warnings",
            "force_destroy",
            "load_balancer_arns",
            "integration_response_selection_expression",
        ),
    )
)
# What arguments are where nobody has written them.
_DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "api_key_selection_expression": ("$request.header.x-api-key",),
    "api_key_source": ("HEADER",),
    "architectures": (["x86_64"],),
    "connection_type": ("INTERNET",),
    "ephemeral_storage": ([{"size": 512}],),
    "passthrough_behavior": ("WHEN_NO_MATCH",),
    "reserved_concurrent_executions": (-1,),
    "route_selection_expression": ("$request.method $request.path",),
    "snap_start": ([{"apply_on": "None", "optimization_status": "Off"}],),
    "timeout_milliseconds": (29000, 30000),
    "tracing_config": ([{"mode": "PassThrough"}],),
}


def pascal(name: str) -> str:
    """An argument's name in CloudFormation's form: `batch_size` is BatchSize."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def is_set(argument: str, value: Any) -> bool:
    """Whether somebody has given an argument a value of its own."""
    is_default = any(value == each for each in _DEFAULTS.get(argument, ()))
    return not (argument in COMPUTED or is_default or _is_empty(value))


def _is_empty(value: Any) -> bool:
    """Whether a value says nothing; a block does not where all that is in it is empty."""
    if isinstance(value, list):
        return all(isinstance(each, dict) and all(map(_is_nothing, each.values())) for each in value)
    return value is False or value in EMPTY


def _is_nothing(value: Any) -> bool:
    return value == 0 or _is_empty(value)


@dataclass
class Conversion:
    """A resource of CloudFormation in the making. `origins` has the place of each property's path."""

    links: Links
    resource: TerraformResource
    properties: dict[str, Any] = field(default_factory=dict)
    origins: dict[KeyPath, KeyPath] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)

    def __getitem__(self, argument: str) -> Any:
        self.read.add(argument)
        return self.resource[argument]

    def put(self, key: str, value: Any, *arguments: str) -> None:
        """Give a property a value that comes from arguments; an empty one is none."""
        self.read.update(arguments)
        if value not in EMPTY or value is False:
            self.properties[key] = value
            if arguments:
                self.origins[key,] = self.at(arguments[0])

    def at(self, *keys: str | int) -> KeyPath:
        """The place of an argument; that of the resource where a plan does not know it yet."""
        is_there = keys[0] in self.resource.values
        return (*self.resource.path, "values", *keys) if is_there else self.resource.path

    def ignore(self, *arguments: str) -> None:
        """Arguments that say nothing that anybody has to be told."""
        self.ignored.update(arguments)

    def plain(self, *arguments: str) -> None:
        """Arguments that go over as they are, under CloudFormation's names."""
        for each in arguments:
            self.put(pascal(each), self.links.value(self.resource, each), each)

    def function(self, key: str, argument: str) -> None:
        """An argument that names a function."""
        self.put(key, self.links.function(self.resource, argument), argument)

    def reference(self, key: str, argument: str, *types: str) -> None:
        """An argument that names a resource of one of these types."""
        self.put(key, self.links.reference(self.resource, argument, *types), argument)

    def block(self, argument: str, key: str = "") -> None:
        """A block, of which Terraform writes a list of one, and the blocks in it."""
        self.read.add(argument)
        self._tree(key or pascal(argument), argument, is_single=True)

    def blocks(self, argument: str, key: str = "") -> None:
        """Blocks of which there may be several."""
        self.read.add(argument)
        self._tree(key or pascal(argument), argument, is_single=False)

    def _tree(self, key: str, argument: str, *, is_single: bool) -> None:
        made = self._converted((key,), self.resource[argument], self.at(argument), is_single)
        if made not in EMPTY:
            self.properties[key] = made

    def _converted(self, keys: KeyPath, value: Any, origin: KeyPath, is_single: bool) -> Any:
        """A value with its blocks in CloudFormation's form; the keys of maps are the author's own."""
        if is_single and isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            return self._block(keys, value[0], (*origin, 0), is_single)
        if value not in EMPTY:
            self.origins[keys] = origin
        if isinstance(value, list):
            return [self._block((*keys, n), each, (*origin, n), is_single) for n, each in enumerate(value)]
        return value

    def _block(self, keys: KeyPath, block: Any, origin: KeyPath, is_single: bool) -> Any:
        if not isinstance(block, dict):
            return block
        self.origins[keys] = origin
        parts = (
            (pascal(key), self._converted((*keys, pascal(key)), each, (*origin, key), is_single))
            for key, each in block.items()
        )
        return {key: each for key, each in parts if each not in EMPTY}

    def embed(self, keys: KeyPath, other: "Conversion") -> None:
        """What Terraform has as a resource of its own, as a part of this one."""
        node: Any = self.properties
        for key in keys[:-1]:
            node = node.setdefault(key, {})
        node[keys[-1]] = other.properties
        self.origins[keys] = other.resource.path
        self.origins |= {(*keys, *path): origin for path, origin in other.origins.items()}

    def others(self, renamed: Mapping[str, str], *ignored: str) -> None:
        """Every other argument that somebody has set, so that the report tells of it."""
        self.ignore(*ignored)
        done = self.read | self.ignored
        for argument, value in self.resource.values.items():
            if argument not in done and is_set(argument, value):
                self.block(argument, renamed.get(argument, ""))

    def parts(self) -> Iterable[KeyPath]:
        """The places of the arguments that somebody has set, of which a report has to tell."""
        told = self.read - self.ignored
        return [
            self.at(key) for key, each in self.resource.values.items() if key in told and is_set(key, each)
        ]
