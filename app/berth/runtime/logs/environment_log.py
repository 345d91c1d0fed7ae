"""The log of one execution environment: each line is attributed to function, environment and invocation."""

import threading
from collections.abc import Callable, Sequence

from berth.runtime.logs.log_format import LogFormat, Outcome, Report, Source

TAIL_BYTES = 4096  # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: X-Amz-Log-Result


class EnvironmentLog:
    """Formats and writes what happens in one environment, and keeps the log tail of its invocation."""

    def __init__(self, log_format: LogFormat, source: Source, write: Callable[[bytes], None]) -> None:
        self._format = log_format
        self._source = source
        self._write = write
        self._lock = threading.Lock()
        self._request_id = ""  # empty in the init phase
        self._tail = b""
        self._held = b""  # the START line, until it is written together with the next line
        self._preface = b""  # what is written before the START line, and is no part of the log tail

    def tail(self, request_id: str) -> bytes:
        """The last bytes that an invocation has logged so far; nothing if another one was the last."""
        with self._lock:
            return self._tail if request_id == self._request_id else b""

    def lines(self, block: bytes) -> None:
        """Write whole lines that the function printed."""
        self._put(self._format.lines(self._source, self._request_id, block))

    def record(self, message: bytes) -> None:
        """Write one log record of the function."""
        self._put(self._format.record(self._source, self._request_id, message))

    def init_start(self) -> None:
        """Write that the init phase starts."""
        self._request_id = ""
        self._put(self._format.init_start(self._source))

    def init_report(self, phase: str, duration_ms: float, outcome: Outcome) -> None:
        """Write that the init phase failed; `phase` says during which phase it ran: init or invoke."""
        self._put(self._format.init_report(self._source, phase, duration_ms, outcome))

    def start(self, request_id: str, cause: Sequence[str] = ()) -> None:
        """Begin an invocation, and with it a new log tail; `cause` says what asked for the invocation.

        Most invocations end soon, so the START line is held back and written together with the next
        line, or by show_start().
        """
        with self._lock:
            self._request_id, self._tail = request_id, b""
            self._preface = self._format.preface(self._source, cause)
            self._held = self._format.start(self._source, request_id)

    def show_start(self) -> None:
        """Write the START line if it is still held back."""
        if self._held:
            self._put(b"")

    def report(self, report: Report) -> bytes:
        """Write that an invocation has ended, and return the tail of its log."""
        return self._put(self._format.report(self._source, report))

    def _put(self, chunk: bytes) -> bytes:
        """Write a chunk after what was held back, and return the log tail so far."""
        with self._lock:  # the output reader's thread writes lines, too
            chunk, self._held = self._held + chunk, b""
            self._tail = (self._tail + chunk[-TAIL_BYTES:])[-TAIL_BYTES:]
            preface, self._preface = self._preface, b""
            self._write(preface + chunk)
            return self._tail
