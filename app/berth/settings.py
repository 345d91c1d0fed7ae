"""Settings: what a deployment changes without touching a manifest.

Each setting is one field of `Settings`; the field also names its environment variable and says how the
variable's text is read.
"""

import difflib
import logging
import os
from collections.abc import Mapping
from dataclasses import field, fields, replace
from pathlib import Path
from typing import Any

from berth.errors import Place, Report
from berth.host.ecs import TaskFacts, task_facts
from berth.host.machine import memory_bytes, usable_cpus
from berth.host.service_variables import is_of_service
from berth.model.invocation import MAX_REQUEST_BYTES
from berth.model.value_class import value_class
from berth.variables import (
    Variable,
    choice,
    number,
    of,
    read_bucket,
    read_file,
    read_flag,
    read_folder,
    read_names,
    read_queue_url,
    read_seconds,
    read_state_store,
    read_switch,
    read_text,
    whole_number,
)

log = logging.getLogger(__name__)

SETTINGS_PREFIX = "BERTH_"
SERVER_PROCESSES = "WEB_CONCURRENCY"  # gunicorn's variable: how many workers serve
PROCESS_ENVIRON = os.environ  # itself, also while a test has put a dictionary in its place
_MOST = 2**31 - 1
_REGION, _ACCOUNT_ID = "us-east-1", "123456789012"
_MIB = 1024 * 1024

# The variables of the server's environment that a function sees, too. Lambda gives a function the
# credentials of its execution role as keys; ECS gives a container the address of an endpoint for them.
PASSED_ON = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "PATH",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
    }
)
PASSED_ON_PREFIXES = (
    "AWS_CONTAINER_CREDENTIALS_",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_ENDPOINT_URL",
)


def _default_concurrency() -> int:
    return max(16, 8 * usable_cpus())


def _default_environments(task_memory: int | None = None) -> int:
    """One environment per 128 MB of memory, which is Lambda's smallest size."""
    available = memory_bytes() // _MIB
    return max(4, min(available, task_memory or available) // 128)


@value_class
class Settings:
    """The settings of one server process: from environment variables, the platform and the machine."""

    stage: str = field(default="dev", metadata=of("BERTH_STAGE", read_text, may_be_empty=False))
    functions_dir: Path = field(
        default=Path("functions"), metadata=of("BERTH_FUNCTIONS_DIR", read_folder, may_be_empty=False)
    )
    manifests_dir: Path = field(
        default=Path("manifests"), metadata=of("BERTH_MANIFESTS_DIR", read_folder, may_be_empty=False)
    )
    concurrency: int = field(
        default_factory=_default_concurrency, metadata=of("BERTH_CONCURRENCY", whole_number(1))
    )
    wait_seconds: float = field(default=5.0, metadata=of("BERTH_WAIT_SECONDS", number(0)))
    max_environments: int = field(
        default_factory=_default_environments, metadata=of("BERTH_MAX_ENVIRONMENTS", whole_number(1))
    )
    # How long an environment may be unused.
    idle_seconds: float = field(default=900.0, metadata=of("BERTH_IDLE_SECONDS", number(1)))
    log_format: str = field(default="text", metadata=of("BERTH_LOG_FORMAT", choice("text", "json")))
    access_log: str = field(default="off", metadata=of("BERTH_ACCESS_LOG", choice("off", "text", "json")))
    # Seconds between SIGTERM and the moment when the server accepts no more requests.
    drain_delay: float = field(default=0.0, metadata=of("BERTH_DRAIN_DELAY", number(0, 100)))
    # Seconds after which a running invocation protects its ECS task from scale-in.
    protect_after: float = field(default=60.0, metadata=of("BERTH_PROTECT_AFTER", number(0)))
    reload: bool = field(default=False, metadata=of("BERTH_RELOAD", read_flag))
    # Whether functions' processes are forked from one that has imported AWS's runtime.
    template: bool = field(default=True, metadata=of("BERTH_TEMPLATE", read_flag))
    processes: int = 1  # server processes that divide the limits: here are those of one of them
    under_gunicorn: bool = False  # whether this process is gunicorn's master or one of its workers
    inline: tuple[str, ...] = field(default=(), metadata=of("BERTH_INLINE", read_names))  # for debugging
    no_timeout: bool = field(default=False, metadata=of("BERTH_NO_TIMEOUT", read_flag))
    # Files for gunicorn.
    tls_certificate: str | None = field(
        default=None, metadata=of("BERTH_TLS_CERTIFICATE", read_file, needs="BERTH_TLS_KEY")
    )
    tls_key: str | None = field(
        default=None, metadata=of("BERTH_TLS_KEY", read_file, needs="BERTH_TLS_CERTIFICATE")
    )
    tls_client_ca: str | None = field(
        default=None, metadata=of("BERTH_TLS_CLIENT_CA", read_file, needs="BERTH_TLS_CERTIFICATE")
    )
    # What a function that cannot be imported at the start means for the server's readiness.
    check: str = field(default="warn", metadata=of("BERTH_CHECK", choice("strict", "warn", "off")))
    # The extras of the distribution that the image has.
    extras: tuple[str, ...] = field(default=("aws", "speed"), metadata=of("BERTH_EXTRAS", read_names))
    # How functions are kept from each other and from the server.
    sandbox: str = field(
        default="auto", metadata=of("BERTH_SANDBOX", choice("auto", "files", "namespaces", "off"))
    )
    # Asynchronous invocations: where events wait, and where their pages are kept.
    queue_url: str | None = field(default=None, metadata=of("BERTH_QUEUE_URL", read_queue_url))
    state: str | None = field(default=None, metadata=of("BERTH_STATE", read_state_store))
    # Where a result goes that is too large for an item of DynamoDB.
    result_bucket: str | None = field(
        default=None, metadata=of("BERTH_RESULT_BUCKET", read_bucket, needs="BERTH_STATE")
    )
    # Whether this server also runs the events that it queues; `berth worker` sets `only`.
    worker: str = field(default="on", metadata=of("BERTH_WORKER", choice("on", "off", "only")))
    # How many events of one function run at one time; see async_concurrency for the default.
    events_at_once: int | None = field(default=None, metadata=of("BERTH_ASYNC_CONCURRENCY", whole_number(1)))
    retry_seconds: tuple[float, ...] = field(
        default=(60.0, 120.0), metadata=of("BERTH_RETRY_SECONDS", read_seconds)
    )
    throttle_seconds: float = field(default=1.0, metadata=of("BERTH_THROTTLE_SECONDS", number(0)))
    # How long an event stays with a server that says nothing any more.
    lease_seconds: float = field(default=30.0, metadata=of("BERTH_LEASE_SECONDS", number(1)))
    # How long the page of an invocation is kept after its end.
    result_seconds: float = field(default=86_400.0, metadata=of("BERTH_RESULT_SECONDS", number(1)))
    # How long to wait before each further try to tell a destination or a callback of an end.
    callback_seconds: tuple[float, ...] = field(
        default=(5.0, 60.0, 300.0, 1800.0), metadata=of("BERTH_CALLBACK_SECONDS", read_seconds)
    )
    # The files of SQLite that hold events and pages, and the folder of those in the default place; no
    # function may read them. Empty if nobody can make asynchronous invocations.
    store_files: tuple[Path, ...] = ()
    store_folder: Path | None = None
    # Whether AWS_ENDPOINT_URL_LAMBDA of every function is this server.
    invoke_here: bool = field(default=False, metadata=of("BERTH_INVOKE_HERE", read_switch))
    port: int = field(default=8000, metadata=of("PORT", whole_number(0, 65535)))
    is_development: bool = False  # it runs under the command `flask` or `berth`, other than `berth serve`
    region: str = _REGION
    account_id: str = _ACCOUNT_ID
    log_group: str | None = None  # where the container's log driver sends stdout
    log_stream: str | None = None
    task_memory: int | None = None  # MB that all environments share
    agent_uri: str | None = None  # the address of the ECS agent
    is_on_ecs: bool = False
    starts: int = field(default_factory=usable_cpus)  # how many interpreters may start at the same time
    passed_on: Mapping[str, str] = field(default_factory=dict, repr=False)
    # The variables that a stage's manifest may name, because they hold secrets such as API keys. None where
    # no secret may be read, from a file neither.
    secrets: Mapping[str, str] | None = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        # An environment works in its function's folder, so these must not depend on the working folder.
        object.__setattr__(self, "functions_dir", self.functions_dir.absolute())
        object.__setattr__(self, "manifests_dir", self.manifests_dir.absolute())

    @property
    def body_memory(self) -> int:
        """Bytes of request bodies that may be in memory at one time: a sixteenth, and two bodies at least."""
        available = memory_bytes()
        if self.task_memory is not None:
            available = min(available, self.task_memory * _MIB)
        return max(available // 16, 2 * MAX_REQUEST_BYTES)

    @property
    def is_worker(self) -> bool:
        """Whether this process serves no requests of functions: it is a `berth worker`."""
        return self.worker == "only"

    @property
    def async_concurrency(self) -> int:
        """How many events of one function may run at one time: a web server has half for its requests."""
        return self.events_at_once or (self.concurrency if self.is_worker else max(1, self.concurrency // 2))

    @property
    def event_environments(self) -> int:
        """How many environments all events together may have: a web server has half for its requests."""
        return self.max_environments if self.is_worker else max(1, self.max_environments // 2)

    @property
    def threads(self) -> int:
        """Request threads: one for each environment and each waiting request, and eight for health checks."""
        return self.max_environments + self.concurrency + 8

    def share(self, processes: int) -> "Settings":
        """These settings for one of several server processes, which divide the limits of the server."""
        names = ("concurrency", "max_environments", "starts")
        shares = {name: max(1, getattr(self, name) // max(1, processes)) for name in names}
        return replace(self, **shares, processes=processes)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; raises ManifestError with every variable that cannot be honoured."""
        environ = os.environ if environ is None else environ
        report = Report()
        place = report.at("environment")
        _refuse_unknown(environ, place)
        found = _platform_values(environ) | _variable_values(environ, place)
        report.raise_if_any()
        return cls(**found)


_VARIABLES: Mapping[str, Variable] = {
    each.name: each.metadata["variable"] for each in fields(Settings) if each.metadata
}
VARIABLES = tuple(
    variable.name for variable in _VARIABLES.values() if variable.name.startswith(SETTINGS_PREFIX)
)


def _variable_values(environ: Mapping[str, str], place: Place) -> dict[str, Any]:
    """The values of the fields whose environment variables are set."""
    values = {}
    for name, variable in _VARIABLES.items():
        text = environ.get(variable.name)
        if text is None or (not text and variable.may_be_empty):
            continue
        if variable.needs and not environ.get(variable.needs):
            place.add(variable.name, f"needs {variable.needs} as well")
        try:
            values[name] = variable.read(text)
        except ValueError as wrong:
            place.add(variable.name, str(wrong))
    return values


def _platform_values(environ: Mapping[str, str]) -> dict[str, Any]:
    """The values of the fields that the platform and the command line tell about."""
    metadata_uri = environ.get("ECS_CONTAINER_METADATA_URI_V4")
    task = task_facts(metadata_uri) if metadata_uri else TaskFacts()
    is_development = environ.get("FLASK_RUN_FROM_CLI") == "true"
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or task.region
    return {
        "max_environments": _default_environments(task.memory_mb),
        "reload": is_development,
        "is_development": is_development,
        "under_gunicorn": environ.get("SERVER_SOFTWARE", "").startswith("gunicorn/"),
        "region": region or _REGION,
        "account_id": task.account_id or _ACCOUNT_ID,
        "log_group": task.log_group,
        "log_stream": task.log_stream,
        "task_memory": task.memory_mb,
        "agent_uri": environ.get("ECS_AGENT_URI") or None,
        "is_on_ecs": bool(metadata_uri or environ.get("ECS_AGENT_URI")),
        "passed_on": {name: value for name, value in environ.items() if _is_passed_on(name)},
        "secrets": dict(environ),
    }


def told_processes() -> int:
    """How many server processes there are, by gunicorn's variable; the hook post_fork tells each worker."""
    return int(os.environ.get(SERVER_PROCESSES) or 1)


def server_environ() -> dict[str, str]:
    """The environment variables for a server that a command starts: it is no development server."""
    return {name: value for name, value in os.environ.items() if name != "FLASK_RUN_FROM_CLI"}


def _is_passed_on(name: str) -> bool:
    return name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)


def _refuse_unknown(environ: Mapping[str, str], place: Place) -> None:
    """Report every variable that looks like a setting and is none, with the setting probably meant."""
    known = {variable.removeprefix(SETTINGS_PREFIX): variable for variable in VARIABLES}
    unknown = [name for name in environ if name.startswith(SETTINGS_PREFIX) and name not in VARIABLES]
    of_platform = sorted(name for name in unknown if is_of_service(name, environ[name]))
    if of_platform:
        log.warning("passed over what the platform sets for a service: %s", ", ".join(of_platform))
    for name in unknown:
        if name not in of_platform:
            near = difflib.get_close_matches(name.removeprefix(SETTINGS_PREFIX), known, n=1)
            hint = f": did you mean {known[near[0]]}?" if near else f" (known: {', '.join(VARIABLES)})"
            place.add(name, f"unknown setting{hint}")


def set_variables(**variables: str) -> None:
    """Set variables of this process's environment, as a command does whose options are settings."""
    os.environ.update(variables)
