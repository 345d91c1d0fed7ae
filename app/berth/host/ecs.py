"""What ECS tells a task of itself, and how its agent is asked.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
"""

import functools
import json
import logging
import re
import socket
import time
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

log = logging.getLogger("berth")

_METADATA_SECONDS = 1.0  # for both answers together
_MAX_BYTES = 1024 * 1024

_TASK_ARN = re.compile(
    r"arn:[a-z-]+:ecs:(?P<region>[a-z]{2,4}(-[a-z]+)+-[0-9]):(?P<account>[0-9]{12}):task/.+"
)
_LOG_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,512}")


@dataclass(frozen=True)
class TaskFacts:
    """What is known of the task this container belongs to."""

    region: str | None = None
    account_id: str | None = None
    log_group: str | None = None
    log_stream: str | None = None
    memory_mb: int | None = None  # this container's limit in MiB, or else its task's


@functools.cache
def task_facts(metadata_uri: str) -> TaskFacts:
    """Ask the metadata endpoint, once and for one second at most: what cannot be had is None."""
    deadline = time.monotonic() + _METADATA_SECONDS
    uri = metadata_uri.rstrip("/")
    problems: list[str] = []
    container = _Metadata(_ask(uri, deadline, problems), problems)
    task = _Metadata(_ask(f"{uri}/task", deadline, problems), problems)
    facts = _read_facts(container, task)
    if problems:
        log.warning("ECS task metadata at %s: %s", metadata_uri, "; ".join(dict.fromkeys(problems)))
    return facts


def call_agent(uri: str, seconds: float, method: str = "GET", body: str | None = None) -> dict[str, object]:
    """The JSON object the agent answers; raises OSError or ValueError if there is none in time.

    The agent is inside the task: no proxy is asked, and no redirect followed.
    """
    try:
        status, answer = _exchange(uri, time.monotonic() + seconds, method, body)
        if status != 200:
            raise ValueError(f"HTTP {status} {answer[:300]!r}")
        document = json.loads(answer)
    except (HTTPException, RecursionError) as error:
        raise ValueError(f"unreadable answer: {error!r}") from error
    if not isinstance(document, dict):
        raise ValueError("the answer is not a JSON object")
    return document


class _Metadata:
    """An answer, or an object in it: nothing in it is believed before it was looked at."""

    def __init__(self, content: dict[str, object], problems: list[str]) -> None:
        self._content = content
        self._problems = problems

    def part(self, name: str) -> "_Metadata":
        value = self._content.get(name)
        if isinstance(value, dict):
            return _Metadata(value, self._problems)
        if value is not None:
            self._problems.append(f"{name} is not an object")
        return _Metadata({}, self._problems)

    def match(self, name: str, form: re.Pattern[str]) -> re.Match[str] | None:
        value = self._content.get(name)
        match = form.fullmatch(value) if isinstance(value, str) else None
        if value is not None and match is None:
            self._problems.append(f"{name} is malformed")
        return match

    def text(self, name: str, form: re.Pattern[str]) -> str | None:
        match = self.match(name, form)
        return match and match[0]

    def limit(self, name: str) -> int | None:
        value = self._content.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value or None  # the agent on EC2 writes 0 for a container without a limit
        if value is not None:
            self._problems.append(f"{name} is not a positive integer")
        return None


def _read_facts(container: _Metadata, task: _Metadata) -> TaskFacts:
    arn = task.match("TaskARN", _TASK_ARN)
    options = container.part("LogOptions")  # those of another driver than awslogs have other names
    return TaskFacts(
        region=arn and arn["region"],
        account_id=arn and arn["account"],
        log_group=options.text("awslogs-group", _LOG_NAME),
        log_stream=options.text("awslogs-stream", _LOG_NAME),
        memory_mb=container.part("Limits").limit("Memory") or task.part("Limits").limit("Memory"),
    )


def _ask(uri: str, deadline: float, problems: list[str]) -> dict[str, object]:
    try:
        return call_agent(uri, deadline - time.monotonic())
    except (OSError, ValueError) as error:
        problems.append(str(error))
        return {}


def _exchange(uri: str, deadline: float, method: str, body: str | None) -> tuple[int, bytes]:
    """One request: the status and the body of its answer."""
    parts = urlsplit(uri)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("not an http address")
    headers = {"Content-Type": "application/json", "Connection": "close"}
    with closing(HTTPConnection(parts.hostname, parts.port or 80)) as connection:
        connection.sock = _Link((connection.host, connection.port), deadline)
        connection.request(method, parts.path, body, headers)
        with connection.getresponse() as response:
            return response.status, response.read(_MAX_BYTES)


class _Link(socket.socket):
    """A connection whose reads end at one moment, and after 1 MiB, however the bytes come."""

    def __init__(self, address: tuple[str, int], deadline: float) -> None:
        connected = socket.create_connection(address, _seconds_until(deadline))
        super().__init__(connected.family, connected.type, connected.proto, connected.detach())
        self.settimeout(_seconds_until(deadline))
        self._deadline = deadline
        self._bytes_left = _MAX_BYTES

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(_seconds_until(self._deadline))
        count = super().recv_into(buffer, nbytes, flags)
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise ValueError("the answer is longer than 1 MiB")
        return count


def _seconds_until(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds
