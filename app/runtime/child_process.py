"""An execution environment that is a process of its own."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from app.errors import EnvironmentDied, HandlerTimedOut
from app.model.function import Function
from app.model.invocation import Invocation, InvocationResult
from app.runtime import bootstrap
from app.runtime.environ import build_environ, server_packages
from app.runtime.environment import INIT_SECONDS, State, runtime_headers

_START_SECONDS = 30.0  # a bare interpreter; longer means that the machine cannot start processes
_MAX_HEAD_BYTES = 64 * 1024
_MAX_TAIL_BYTES = 16 * 1024 * 1024  # an error's stack trace may be longer than a result
_LONGEST_POLL = 86_400.0  # seconds; poll() counts milliseconds in an int
_POLL_WITHOUT_PIDFD = 0.02  # seconds; macOS has no descriptor for a process


class _DeadlinePassed(Exception):
    """Raised inside this module when waiting took too long."""


class ChildProcess:
    """One process in a process group of its own, driven over a private socket."""

    def __init__(
        self, function: Function, passed_on: Mapping[str, str], *, output: int | None, bytecode: bool
    ) -> None:
        self.function = function
        self._passed_on = passed_on
        self._output = output  # descriptor for stdout and stderr; the server's own without it
        self._writes_bytecode = bytecode
        self._state = State.NEW
        self._ending = threading.Lock()  # the pool's closing thread may kill what a request thread reaps

    def is_alive(self) -> bool:
        """Whether it can take an invocation; its process may have ended by itself."""
        return self._state is not State.DEAD and not self._has_exited(0)

    def start(self) -> None:
        """Start the interpreter; raises EnvironmentDied if none can be had."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = self._spawn(ours, theirs)
        ours.setblocking(False)
        self._connection = ours
        self._pidfd = os.pidfd_open(self._process.pid) if hasattr(os, "pidfd_open") else None
        self._poller = select.poll()
        self._exit_poller = select.poll()
        if self._pidfd is not None:
            self._poller.register(self._pidfd, select.POLLIN)
            self._exit_poller.register(self._pidfd, select.POLLIN)
        self._poller.register(ours, select.POLLIN)
        self._move(State.STARTED)
        try:
            self._receive(time.monotonic() + _START_SECONDS)
        except _DeadlinePassed:
            self.retire()
            raise EnvironmentDied("Runtime did not start") from None

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one invocation, the init phase before it if it is the first.

        Raises HandlerTimedOut or EnvironmentDied; the environment is DEAD afterwards.
        """
        timeout = self.function.timeout
        try:
            deadline, failure = self._initialize(timeout)
            if failure is not None:
                self.retire()
                return failure
            self._send(_invoke_frame(invocation, deadline), deadline)
            head, payload = self._answer(invocation.request_id, deadline)
        except _DeadlinePassed:
            self.retire()
            raise HandlerTimedOut(timeout) from None
        return InvocationResult(payload, "Unhandled" if head.get("type") == bootstrap.ERROR else None)

    def initialize(self) -> InvocationResult | None:
        """Run the init phase alone: None, or the error it ended with."""
        try:
            return self._initialize(self.function.timeout)[1]
        except _DeadlinePassed:
            self.retire()
            raise HandlerTimedOut(self.function.timeout) from None

    def kill(self) -> None:
        """Kill the process group; whoever waits for an answer then reaps it."""
        with self._ending:
            self._kill_group()

    def retire(self) -> None:
        """Kill the process group and reap the process; harmless when it is DEAD."""
        with self._ending:
            if self._state in {State.NEW, State.DEAD}:
                return
            self._kill_group()
            self._process.wait()
            self._move(State.DEAD)
            self._connection.close()
            if self._pidfd is not None:
                os.close(self._pidfd)

    def _kill_group(self) -> None:
        if self._state in {State.NEW, State.DEAD}:
            return
        # The process is not reaped yet, so the group's number cannot have been given away.
        with suppress(ProcessLookupError, PermissionError):  # the latter: on macOS, a group of zombies
            os.killpg(self._process.pid, signal.SIGKILL)

    def _spawn(self, ours: socket.socket, theirs: socket.socket) -> subprocess.Popen[bytes]:
        flags = ["-P", "-S", *([] if self._writes_bytecode else ["-B"])]
        program = [sys.executable, *flags, bootstrap.__file__, str(theirs.fileno()), *server_packages()]
        try:
            return subprocess.Popen(
                program,
                cwd=self.function.directory,
                env=build_environ(self.function, self._passed_on),
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError as failed:
            ours.close()
            raise EnvironmentDied(f"Runtime could not be started: {failed.strerror}") from failed

    def _initialize(self, timeout: float) -> tuple[float, InvocationResult | None]:
        """The invocation's deadline, and the error if the init phase failed.

        An init phase of more than ten seconds is started again and then counts against the timeout.
        """
        if self._state is State.READY:
            return time.monotonic() + timeout, None
        try:
            failure = self._await_ready(time.monotonic() + INIT_SECONDS)
            return time.monotonic() + timeout, failure
        except _DeadlinePassed:
            self.retire()
        self.start()
        deadline = time.monotonic() + timeout
        return deadline, self._await_ready(deadline)

    def _await_ready(self, deadline: float) -> InvocationResult | None:
        head, payload = self._receive(deadline)
        if head.get("type") == bootstrap.INIT_ERROR:
            return InvocationResult(payload, "Unhandled")
        self._move(State.READY)
        return None

    def _answer(self, request_id: str, deadline: float) -> tuple[dict[str, Any], bytes]:
        """The frame that answers this invocation; frames of any other are passed over."""
        while True:
            head, payload = self._receive(deadline)
            if head.get("requestId") == request_id:
                return head, payload

    def _send(self, frame: bytes, deadline: float) -> None:
        rest = memoryview(frame)
        while rest:
            try:
                rest = rest[self._connection.send(rest) :]
            except BlockingIOError:
                self._poller.modify(self._connection, select.POLLOUT)
                self._wait(deadline)
                self._poller.modify(self._connection, select.POLLIN)
            except (BrokenPipeError, ConnectionResetError):
                raise self._await_end(deadline) from None

    def _receive(self, deadline: float) -> tuple[dict[str, Any], bytes]:
        lengths = self._receive_exactly(bootstrap.LENGTHS.size, deadline)
        head_size, tail_size = bootstrap.LENGTHS.unpack(lengths)
        if head_size > _MAX_HEAD_BYTES or tail_size > _MAX_TAIL_BYTES:
            self.retire()
            raise EnvironmentDied("Runtime sent a frame that is too large")
        frame = self._receive_exactly(head_size + tail_size, deadline)
        try:
            head = dict(json.loads(frame[:head_size]))
        except (ValueError, TypeError):
            self.retire()
            raise EnvironmentDied("Runtime sent an unreadable frame") from None
        return head, bytes(frame[head_size:])

    def _receive_exactly(self, size: int, deadline: float) -> bytearray:
        buffer = bytearray(size)
        view = memoryview(buffer)
        while view:
            try:
                count = self._connection.recv_into(view)
            except BlockingIOError:
                self._wait(deadline)
                continue
            except ConnectionResetError:
                count = 0
            if count == 0:
                raise self._await_end(deadline)
            view = view[count:]
        return buffer

    def _wait(self, deadline: float) -> None:
        """Wait until the socket is ready; raises EnvironmentDied or _DeadlinePassed."""
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise _DeadlinePassed
        pause = min(remaining, _LONGEST_POLL if self._pidfd is not None else _POLL_WITHOUT_PIDFD)
        ready = dict(self._poller.poll(pause * 1000))
        # An answer that was sent before the end still counts, so the socket is looked at first.
        if self._connection.fileno() not in ready and self._has_exited(0):
            raise self._died()

    def _has_exited(self, seconds: float) -> bool:
        if self._pidfd is not None:
            return bool(self._exit_poller.poll(seconds * 1000))
        try:
            return self._process.wait(seconds) is not None
        except subprocess.TimeoutExpired:
            return False

    def _await_end(self, deadline: float) -> EnvironmentDied:
        """The socket is closed, which says nothing yet: wait for the process to end."""
        if not self._has_exited(min(_LONGEST_POLL, max(0.0, deadline - time.monotonic()))):
            raise _DeadlinePassed
        return self._died()

    def _died(self) -> EnvironmentDied:
        """Retire, and say how the process ended."""
        self.retire()
        return EnvironmentDied(f"Runtime exited {_ending(self._process.returncode)}")

    def _move(self, state: State) -> None:
        self._state = state


def _invoke_frame(invocation: Invocation, deadline: float) -> bytes:
    deadline_ms = int((time.time() + deadline - time.monotonic()) * 1000)
    return bootstrap.encode_frame(runtime_headers(invocation, deadline_ms), invocation.payload or b"{}")


def _ending(status: int) -> str:
    """How a process ended, in the words of Lambda's supervisor (Go's)."""
    if status == 0:
        return "without providing a reason"
    if status > 0:
        return f"with error: exit status {status}"
    return f"with error: signal: {(signal.strsignal(-status) or str(-status)).split(':')[0].lower()}"
