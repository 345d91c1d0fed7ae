"""Records some invocations, with their results and without their secrets, to compare others with them later.

It delays no answer: what its queue cannot hold is dropped and counted.
"""

import logging
import os
import random
import secrets
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from berth.comparison.recording import RecordedInvocation, write_recording
from berth.comparison.redaction import Redactor
from berth.comparison.side_queue import SideQueue
from berth.errors import QueueUnavailable
from berth.invoke.aws_client import AwsClients, reaching
from berth.invoke.invoker import Invoker, Loan, Watch
from berth.model.comparison import S3_SCHEME, Recording
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult, exceeds
from berth.runtime.environments import Environments

log = logging.getLogger("berth")

_MOST_ITEMS = 256
_MOST_BYTES = 16 * 1024 * 1024  # of all that wait
_MOST_OF_ONE = 1024 * 1024  # of an event and its result
_MIB = 1024 * 1024
_SECONDS_TO_CLOSE = 2.0
_BATCH_SECONDS = 60.0
_BATCH_BYTES = 1024 * 1024


class _Store(Protocol):
    """Where lines go; `lost` counts those that it had taken and could not write."""

    lost: int

    def write(self, line: bytes) -> None:
        """Take one line; raises OSError or QueueUnavailable."""
        ...

    def flush(self, *, is_end: bool) -> None:
        """Write what is due, at the end everything; raises OSError or QueueUnavailable."""
        ...


class FolderStore:
    """Files in a folder, a new one for each day and each process; nobody else can read them."""

    lost = 0

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"

    def write(self, line: bytes) -> None:
        """Append one line."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        day = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%d")
        file = os.open(self._folder / f"{day}-{self._name}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)

    def flush(self, *, is_end: bool) -> None:
        """Nothing is kept back."""


class S3Store:
    """Objects in a bucket, each with the lines of a minute."""

    def __init__(self, place: str, clients: AwsClients, clock: Callable[[], float] = time.time) -> None:
        self._bucket, _, prefix = place.removeprefix(S3_SCHEME).partition("/")
        self._prefix = f"{prefix.rstrip('/')}/" if prefix else ""
        self._clients = clients
        self._clock = clock
        self._lines = bytearray()
        self._began = 0.0
        self.lost = 0

    def write(self, line: bytes) -> None:
        """Keep one line until its minute is over."""
        if not self._lines:
            self._began = self._clock()
        self._lines += line
        self.flush(is_end=False)

    def flush(self, *, is_end: bool) -> None:
        """Write the lines as an object if their time has come; if that fails they are lost."""
        is_due = len(self._lines) >= _BATCH_BYTES or self._clock() - self._began >= _BATCH_SECONDS
        if not self._lines or not (is_due or is_end):
            return
        lines, self._lines = bytes(self._lines), bytearray()
        day = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y/%m/%d")
        key = f"{self._prefix}{day}/{uuid.uuid4().hex}.jsonl"
        try:
            with reaching(f"{S3_SCHEME}{self._bucket}"):
                self._clients.client("s3").put_object(Bucket=self._bucket, Key=key, Body=lines)
        except QueueUnavailable:
            self.lost += lines.count(b"\n")
            raise
        finally:
            if is_end:
                self._clients.close()


class Recorder:
    """Takes a share of all invocations. Its thread starts with the first of them."""

    def __init__(self, recording: Recording, store: _Store) -> None:
        self._recording = recording
        self._store = store
        self._redactor = Redactor(secrets.token_bytes(32))
        self._queue: SideQueue[RecordedInvocation] = SideQueue(
            "record", self._write, self._flush, most_items=_MOST_ITEMS, most_bytes=_MOST_BYTES
        )
        self._taken = self._written_bytes = self._lost = 0
        self._told: str | None = None
        self._is_closed = False

    def offer(self, invocation: Invocation, result: InvocationResult) -> None:
        """Record an invocation, if it is one of the share that is recorded."""
        if random.random() >= self._recording.sample_rate:  # noqa: S311
            return
        name = invocation.function.name
        if not any(fnmatchcase(name, pattern) for pattern in self._recording.functions):
            return
        if any(exceeds(each.content, _MOST_OF_ONE) for each in (invocation, result)):
            self._lost += 1
            return
        event, answer = invocation.payload, result.payload
        size = len(event) + len(answer)
        if size > _MOST_OF_ONE:
            self._lost += 1
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        recorded = RecordedInvocation(name, now, event, answer, result.function_error)
        self._queue.offer(recorded, size)

    def close(self) -> None:
        """Write what still waits, and tell how much was not recorded."""
        self._queue.close(_SECONDS_TO_CLOSE)
        self._attempt(lambda: self._store.flush(is_end=True))
        if self.dropped and not self._is_closed:
            taken = self._taken - self._store.lost
            log.warning("record: %d invocations were recorded, %d were dropped", taken, self.dropped)
        self._is_closed = True

    @property
    def dropped(self) -> int:
        """How many invocations of the share were not recorded."""
        return self._lost + self._store.lost + self._queue.dropped

    def _write(self, recorded: RecordedInvocation) -> None:
        line = write_recording(recorded, self._redactor)
        if self._written_bytes + len(line) > self._recording.most_megabytes * _MIB:
            self._lost += 1
            self._tell("mostMegabytes is reached")
        elif self._attempt(lambda: self._store.write(line)):
            self._taken += 1
            self._written_bytes += len(line)

    def _flush(self) -> None:
        self._attempt(lambda: self._store.flush(is_end=False))

    def _attempt(self, step: Callable[[], None]) -> bool:
        lost = self._store.lost
        try:
            step()
        except (OSError, QueueUnavailable) as failed:
            self._lost += lost == self._store.lost  # else the store has counted
            self._tell(str(failed))
            return False
        return True

    def _tell(self, reason: str) -> None:
        """Say once why something is not recorded."""
        if reason != self._told:
            self._told = reason
            log.warning("record: not written to %s: %s", self._recording.to, reason)


class RecordedInvoker(Invoker):
    """An Invoker that offers every invocation to a recorder once it has its result."""

    def __init__(self, environments: Environments, recorder: Recorder) -> None:
        super().__init__(environments)
        self._recorder = recorder

    def invoke(self, invocation: Invocation, watch: Watch | None = None) -> InvocationResult:
        """Run one invocation and wait for its result; raises what Invoker.invoke raises."""
        result = super().invoke(invocation, watch)
        self._recorder.offer(invocation, result)
        return result

    def borrow(self, function: Function) -> Loan | None:
        """Lend nothing: every invocation goes through invoke()."""
        return None


def create_recorder(recording: Recording, region: str) -> Recorder:
    """The recorder of a stage; this starts nothing and opens no file."""
    folder = recording.folder
    store = FolderStore(folder) if folder else S3Store(recording.to, AwsClients(region))
    return Recorder(recording, store)
