"""Settings: everything a deployment changes without touching a manifest."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from berth.errors import ManifestError, Problem
from berth.host.ecs import TaskFacts, task_facts
from berth.host.machine import memory_bytes, usable_cpus
from berth.model.invocation import MAX_REQUEST_BYTES

PREFIX = "BERTH_"
_MOST = 2**31 - 1
_MIB = 1024 * 1024

# What a function may see of the server's environment. On Lambda the execution role arrives as
# keys, on ECS as a credentials endpoint, so the latter's variables pass as well.
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
    """One environment per 128 MB of memory, Lambda's smallest size."""
    available = memory_bytes() // _MIB
    return max(4, min(available, task_memory or available) // 128)


VARIABLES = (
    "BERTH_STAGE",
    "BERTH_FUNCTIONS_DIR",
    "BERTH_MANIFESTS_DIR",
    "BERTH_CONCURRENCY",
    "BERTH_WAIT_SECONDS",
    "BERTH_MAX_ENVIRONMENTS",
    "BERTH_IDLE_SECONDS",
    "BERTH_LOG_FORMAT",
    "BERTH_DRAIN_DELAY",
    "BERTH_PROTECT_AFTER",
    "BERTH_RELOAD",
    "BERTH_TLS_CERTIFICATE",
    "BERTH_TLS_KEY",
    "BERTH_TLS_CLIENT_CA",
)


@dataclass(frozen=True)
class Settings:
    """The settings of one server process, from `BERTH_` variables, the platform's, and the machine."""

    stage: str = "dev"
    functions_dir: Path = Path("functions")
    manifests_dir: Path = Path("manifests")
    concurrency: int = field(default_factory=_default_concurrency)
    wait_seconds: float = 5.0
    max_environments: int = field(default_factory=_default_environments)
    idle_seconds: float = 900.0  # how long an environment may be unused
    log_format: str = "text"
    drain_delay: float = 0.0  # seconds between SIGTERM and the end of accepting
    protect_after: float = 60.0  # seconds after which an invocation keeps its ECS task from scale-in
    reload: bool = False
    port: int = 8000
    tls_certificate: str | None = None  # files, for gunicorn
    tls_key: str | None = None
    tls_client_ca: str | None = None
    region: str = "us-east-1"
    account_id: str = "123456789012"
    log_group: str | None = None  # where a container's log driver sends stdout
    log_stream: str | None = None
    task_memory: int | None = None  # MB that all environments share
    agent_uri: str | None = None  # of the ECS agent
    starts: int = field(default_factory=usable_cpus)  # interpreters starting at one time
    passed_on: Mapping[str, str] = field(default_factory=dict, repr=False)
    # What a stage may name: variables that hold API keys.
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        # An environment works in its function's folder, so nothing may depend on ours.
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
        """Request threads: every environment, those who wait for one, and some that only health needs."""
        return self.max_environments + self.concurrency + 8

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; raises ManifestError naming every variable that cannot be honoured."""
        environ = os.environ if environ is None else environ
        reader = _Reader(environ)
        facts = _task_facts(environ)
        settings = cls(
            stage=reader.text("BERTH_STAGE", cls.stage),
            functions_dir=Path(reader.text("BERTH_FUNCTIONS_DIR", "functions")),
            manifests_dir=Path(reader.text("BERTH_MANIFESTS_DIR", "manifests")),
            concurrency=int(reader.number("BERTH_CONCURRENCY", _default_concurrency(), 1)),
            wait_seconds=reader.number("BERTH_WAIT_SECONDS", cls.wait_seconds, 0, whole=False),
            max_environments=int(
                reader.number("BERTH_MAX_ENVIRONMENTS", _default_environments(facts.memory_mb), 1)
            ),
            idle_seconds=reader.number("BERTH_IDLE_SECONDS", cls.idle_seconds, 1, whole=False),
            log_format=reader.choice("BERTH_LOG_FORMAT", cls.log_format, ("text", "json")),
            drain_delay=reader.number("BERTH_DRAIN_DELAY", cls.drain_delay, 0, 100, whole=False),
            protect_after=reader.number("BERTH_PROTECT_AFTER", cls.protect_after, 0, whole=False),
            reload=reader.flag("BERTH_RELOAD", environ.get("FLASK_RUN_FROM_CLI") == "true"),
            tls_certificate=reader.file("BERTH_TLS_CERTIFICATE"),
            tls_key=reader.file("BERTH_TLS_KEY", "BERTH_TLS_CERTIFICATE"),
            tls_client_ca=reader.file("BERTH_TLS_CLIENT_CA", "BERTH_TLS_CERTIFICATE"),
            port=int(reader.number("PORT", cls.port, 0, 65535)),
            region=environ.get("AWS_REGION")
            or environ.get("AWS_DEFAULT_REGION")
            or facts.region
            or cls.region,
            account_id=facts.account_id or cls.account_id,
            log_group=facts.log_group,
            log_stream=facts.log_stream,
            task_memory=facts.memory_mb,
            agent_uri=environ.get("ECS_AGENT_URI") or None,
            passed_on={name: value for name, value in environ.items() if _is_passed_on(name)},
            secrets=dict(environ),
        )
        reader.finish()
        return settings


def _task_facts(environ: Mapping[str, str]) -> TaskFacts:
    uri = environ.get("ECS_CONTAINER_METADATA_URI_V4")
    return task_facts(uri) if uri else TaskFacts()


def _is_passed_on(name: str) -> bool:
    return name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)


class _Reader:
    """Reads variables one by one and keeps what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems = [
            _problem(name, f"unknown setting{_nearest(name)}")
            for name in sorted(environ)
            if name.startswith(PREFIX) and name not in VARIABLES
        ]

    def text(self, name: str, default: str) -> str:
        value = self._environ.get(name, default)
        if not value:
            self._problems.append(_problem(name, "must not be empty"))
        return value

    def number(
        self, name: str, default: float, least: int, most: int = _MOST, *, whole: bool = True
    ) -> float:
        text = self._environ.get(name, "")
        if not text:
            return default
        is_number = re.fullmatch(r"[0-9]{1,10}" if whole else r"[0-9]{1,10}(\.[0-9]+)?", text)
        value = float(text) if is_number else -1.0
        if not least <= value <= most:
            kind = "a whole number" if whole else "a number"
            bounds = f"of {least} or more" if value < least and most == _MOST else f"from {least} to {most}"
            self._problems.append(_problem(name, f"{text!r} must be {kind} {bounds}"))
            return default
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        text = self._environ.get(name) or default
        if text not in choices:
            self._problems.append(_problem(name, f"{text!r} must be {' or '.join(choices)}"))
        return text

    def file(self, name: str, belongs_to: str = "BERTH_TLS_KEY") -> str | None:
        """The path of a file that can be read, or None; a variable that needs another one has it."""
        path = self._environ.get(name) or None
        if path is None:
            return None
        if not self._environ.get(belongs_to):
            self._problems.append(_problem(name, f"needs {belongs_to} as well"))
        if not os.access(path, os.R_OK) or not os.path.isfile(path):
            self._problems.append(_problem(name, f"{path!r} is no file that can be read"))
        return path

    def flag(self, name: str, default: bool) -> bool:
        text = self._environ.get(name, "")
        if text not in {"", "0", "1"}:
            self._problems.append(_problem(name, f"{text!r} must be 0 or 1"))
        return text == "1" if text else default

    def finish(self) -> None:
        if self._problems:
            raise ManifestError(self._problems)


def _problem(name: str, message: str) -> Problem:
    return Problem("environment", name, message)


def _nearest(name: str) -> str:
    known = {variable.removeprefix(PREFIX): variable for variable in VARIABLES}
    near = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1)
    return f": did you mean {known[near[0]]}?" if near else f" (known: {', '.join(VARIABLES)})"
