"""The log of one execution environment: every line knows its function, environment and invocation."""

import threading
from collections.abc import Callable

from berth.runtime.logs.log_format import LogFormat, Outcome, Report, Source

TAIL_BYTES = 4096  # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: X-Amz-Log-Result


class EnvironmentLog:
    """Attributes what is written, and keeps the last of each invocation for the log tail."""

    def __init__(self, log_format: LogFormat, source: Source, write: Callable[[bytes], None]) -> None:
        self._format = log_format
        self._source = source
        self._write = write
        self._lock = threading.Lock()
        self._request_id = ""  # none in the init phase
        self._tail = b""
        self._held = b""  # START, until there is something to write with it

    def lines(self, block: bytes) -> None:
        """Whole lines that the function printed."""
        self._put(self._format.lines(self._source, self._request_id, block))

    def record(self, message: bytes) -> None:
        """One log record."""
        self._put(self._format.record(self._source, self._request_id, message))

    def init_start(self) -> None:
        """The init phase starts."""
        self._request_id = ""
        self._put(self._format.init_start(self._source))

    def init_report(self, phase: str, duration_ms: float, outcome: Outcome) -> None:
        """The init phase did not succeed; `phase` is where it ran: init or invoke."""
        self._put(self._format.init_report(self._source, phase, duration_ms, outcome))

    def start(self, request_id: str) -> None:
        """An invocation starts: the log tail begins here.

        Most end at once, so this is written together with what comes next; or by show_start().
        """
        with self._lock:
            self._request_id, self._tail = request_id, b""
            self._held = self._format.start(self._source, request_id)

    def show_start(self) -> None:
        """Write that the invocation has started, if that has not been written yet."""
        if self._held:
            self._put(b"")

    def report(self, report: Report) -> bytes:
        """An invocation has ended; the last bytes of its log."""
        return self._put(self._format.report(self._source, report))

    def _put(self, chunk: bytes) -> bytes:
        """Write with what was held back, and return the tail that ends with it."""
        with self._lock:  # lines come from the reader's thread, too
            chunk, self._held = self._held + chunk, b""
            self._tail = (self._tail + chunk[-TAIL_BYTES:])[-TAIL_BYTES:]
            self._write(chunk)
            return self._tail
