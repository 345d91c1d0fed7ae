"""Whether a process may run on after its deadline, so that nobody is interrupted while debugging."""

import socket
from contextlib import suppress

from berth.runtime.process.os_process import OsProcess
from berth.runtime.process.start import ASKING, YES, is_debugged
from berth.settings import Settings

_ANSWER_SECONDS = 0.5


class Overtime:
    """Decides for one process when a deadline of it has passed.

    The process is asked itself under the development server alone: elsewhere a function could lie.
    """

    def __init__(self, settings: Settings) -> None:
        self._is_unlimited = settings.no_timeout
        self._sockets = socket.socketpair() if settings.is_development else None

    @property
    def descriptor(self) -> int | None:
        """Where the process answers; None if it is not asked."""
        return self._sockets[1].fileno() if self._sockets else None

    def close_descriptor(self) -> None:
        """Close the process's end, which the process has inherited."""
        if self._sockets:
            self._sockets[1].close()

    def close(self) -> None:
        """Close both ends."""
        for each in self._sockets or ():
            each.close()

    def is_granted(self, process: OsProcess) -> bool:
        """Whether deadlines are off, or a debugger is at work in this server or in the process."""
        return self._is_unlimited or is_debugged() or self._is_process_debugged(process)

    def _is_process_debugged(self, process: OsProcess) -> bool:
        if self._sockets is None:
            return False
        answers = self._sockets[0]
        answers.setblocking(False)
        with suppress(BlockingIOError):
            answers.recv(64)  # an answer that came too late
        process.send_signal(ASKING)
        answers.settimeout(_ANSWER_SECONDS)
        try:
            return answers.recv(1) == YES
        except (TimeoutError, ConnectionResetError):
            return False  # the process computes without looking at signals
