"""Settings: what a deployment changes without touching a manifest.

Each setting is one field of `Settings`; the field also names its environment variable and says how the
variable's text is read.
"""

import difflib
import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from berth.errors import Place, Report
from berth.host.ecs import TaskFacts, task_facts
from berth.host.machine import memory_bytes, usable_cpus
from berth.host.service_variables import is_of_service
from berth.model.invocation import MAX_REQUEST_BYTES

log = logging.getLogger(__name__)

SETTINGS_PREFIX = "BERTH_"
_MOST = 2**31 - 1
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


@dataclass(frozen=True)
class _Variable:
    """The environment variable of one setting."""

    name: str
    read: Callable[[str], Any]  # raises ValueError with what is wrong
    may_be_empty: bool = True  # an empty text then means the same as no variable
    needs: str | None = None  # a variable that has to be set as well


def _variable(name: str, read: Callable[[str], Any], **rules: Any) -> Mapping[str, _Variable]:
    """The metadata of a field that has an environment variable."""
    return {"variable": _Variable(name, read, **rules)}


def _text(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _folder(text: str) -> Path:
    return Path(_text(text))


def _number(least: int, most: int = _MOST, *, is_whole: bool = False) -> Callable[[str], float]:
    """Read a number from `least` to `most`."""
    kind, form = ("a whole number", "[0-9]{1,10}") if is_whole else ("a number", r"[0-9]{1,10}(\.[0-9]+)?")

    def read(text: str) -> float:
        value = float(text) if re.fullmatch(form, text) else -1.0
        if least <= value <= most:
            return value
        bounds = f"of {least} or more" if value < least and most == _MOST else f"from {least} to {most}"
        raise ValueError(f"{text!r} must be {kind} {bounds}")

    return read


def _whole(least: int, most: int = _MOST) -> Callable[[str], int]:
    """Read a whole number from `least` to `most`."""
    read = _number(least, most, is_whole=True)
    return lambda text: int(read(text))


def _choice(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} must be {' or '.join(choices)}")
        return text

    return read


def _names(text: str) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _flag(text: str) -> bool:
    return _choice("0", "1")(text) == "1"


def _switch(text: str) -> bool:
    return _choice("on", "off")(text) == "on"


def _file(text: str) -> str:
    """The path of a file that can be read."""
    if not os.access(text, os.R_OK) or not os.path.isfile(text):
        raise ValueError(f"{text!r} is no file that can be read")
    return text


def _default_concurrency() -> int:
    return max(16, 8 * usable_cpus())


def _default_environments(task_memory: int | None = None) -> int:
    """One environment per 128 MB of memory, which is Lambda's smallest size."""
    available = memory_bytes() // _MIB
    return max(4, min(available, task_memory or available) // 128)


@dataclass(frozen=True)
class Settings:
    """The settings of one server process: from environment variables, the platform and the machine."""

    stage: str = field(default="dev", metadata=_variable("BERTH_STAGE", _text, may_be_empty=False))
    functions_dir: Path = field(
        default=Path("functions"), metadata=_variable("BERTH_FUNCTIONS_DIR", _folder, may_be_empty=False)
    )
    manifests_dir: Path = field(
        default=Path("manifests"), metadata=_variable("BERTH_MANIFESTS_DIR", _folder, may_be_empty=False)
    )
    concurrency: int = field(
        default_factory=_default_concurrency, metadata=_variable("BERTH_CONCURRENCY", _whole(1))
    )
    wait_seconds: float = field(default=5.0, metadata=_variable("BERTH_WAIT_SECONDS", _number(0)))
    max_environments: int = field(
        default_factory=_default_environments, metadata=_variable("BERTH_MAX_ENVIRONMENTS", _whole(1))
    )
    # How long an environment may be unused.
    idle_seconds: float = field(default=900.0, metadata=_variable("BERTH_IDLE_SECONDS", _number(1)))
    log_format: str = field(default="text", metadata=_variable("BERTH_LOG_FORMAT", _choice("text", "json")))
    access_log: str = field(
        default="off", metadata=_variable("BERTH_ACCESS_LOG", _choice("off", "text", "json"))
    )
    # Seconds between SIGTERM and the moment when the server accepts no more requests.
    drain_delay: float = field(default=0.0, metadata=_variable("BERTH_DRAIN_DELAY", _number(0, 100)))
    # Seconds after which a running invocation protects its ECS task from scale-in.
    protect_after: float = field(default=60.0, metadata=_variable("BERTH_PROTECT_AFTER", _number(0)))
    reload: bool = field(default=False, metadata=_variable("BERTH_RELOAD", _flag))
    under_gunicorn: bool = False  # whether this process is gunicorn's master or one of its workers
    inline: tuple[str, ...] = field(default=(), metadata=_variable("BERTH_INLINE", _names))  # for debugging
    no_timeout: bool = field(default=False, metadata=_variable("BERTH_NO_TIMEOUT", _flag))
    # Files for gunicorn.
    tls_certificate: str | None = field(
        default=None, metadata=_variable("BERTH_TLS_CERTIFICATE", _file, needs="BERTH_TLS_KEY")
    )
    tls_key: str | None = field(
        default=None, metadata=_variable("BERTH_TLS_KEY", _file, needs="BERTH_TLS_CERTIFICATE")
    )
    tls_client_ca: str | None = field(
        default=None, metadata=_variable("BERTH_TLS_CLIENT_CA", _file, needs="BERTH_TLS_CERTIFICATE")
    )
    # What a function that cannot be imported at the start means for the server's readiness.
    check: str = field(default="warn", metadata=_variable("BERTH_CHECK", _choice("strict", "warn", "off")))
    # The extras of the distribution that the image has.
    extras: tuple[str, ...] = field(default=("aws",), metadata=_variable("BERTH_EXTRAS", _names))
    # How functions are kept from each other and from the server.
    sandbox: str = field(
        default="auto", metadata=_variable("BERTH_SANDBOX", _choice("auto", "files", "namespaces", "off"))
    )
    # Whether AWS_ENDPOINT_URL_LAMBDA of every function is this server.
    invoke_here: bool = field(default=False, metadata=_variable("BERTH_INVOKE_HERE", _switch))
    port: int = field(default=8000, metadata=_variable("PORT", _whole(0, 65535)))
    is_development: bool = False  # it runs under the command `flask` or `berth`, other than `berth serve`
    region: str = "us-east-1"
    account_id: str = "123456789012"
    log_group: str | None = None  # where the container's log driver sends stdout
    log_stream: str | None = None
    task_memory: int | None = None  # MB that all environments share
    agent_uri: str | None = None  # the address of the ECS agent
    starts: int = field(default_factory=usable_cpus)  # how many interpreters may start at the same time
    passed_on: Mapping[str, str] = field(default_factory=dict, repr=False)
    # The variables that a stage's manifest may name, because they hold secrets such as API keys.
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

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
    def threads(self) -> int:
        """Request threads: one for each environment and each waiting request, and eight for health checks."""
        return self.max_environments + self.concurrency + 8

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


_VARIABLES: Mapping[str, _Variable] = {
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
        "region": region or Settings.region,
        "account_id": task.account_id or Settings.account_id,
        "log_group": task.log_group,
        "log_stream": task.log_stream,
        "task_memory": task.memory_mb,
        "agent_uri": environ.get("ECS_AGENT_URI") or None,
        "passed_on": {name: value for name, value in environ.items() if _is_passed_on(name)},
        "secrets": dict(environ),
    }


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
