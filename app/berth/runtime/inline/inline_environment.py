"""An execution environment that runs its function inside the server's process."""

import inspect
import operator
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property, partial
from types import ModuleType
from typing import Any

from berth.errors import EnvironmentDied, InvocationFault
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult, Parted, exceeds
from berth.runtime.environment import (
    DEAD,
    LONG_BYTES,
    NEW,
    READY,
    STARTED,
    Instance,
    LongResult,
    runtime_headers,
)
from berth.runtime.inline.delivery import Delivery
from berth.runtime.inline.module_scope import ModuleScope
from berth.runtime.logs.log_format import Report
from berth.runtime.outcome import final_result, invocation_outcome
from berth.runtime.process.environ import build_environ
from berth.runtime.process.frames import ERROR, MAX_RESPONSE_BYTES, InvocationRequest, limited_response
from berth.runtime.process.parts import MarshallerMethods, Parts
from berth.runtime.process.start import replace_marshaller, replace_methods
from berth.runtime.supervisor import Supervisor

# Each call swaps the interpreter's globals, so only one call may run at a time.
_interpreter = threading.RLock()


@contextmanager
def without_inline_functions() -> Iterator[bool]:
    """Let no inline function begin inside the `with` block; yields False if one is running now."""
    is_free = _interpreter.acquire(blocking=False)
    try:
        yield is_free
    finally:
        if is_free:
            _interpreter.release()


class InlineEnvironment:
    """Runs the handler in the server's process; swaps `sys.modules` and `os.environ` around each call.

    Under gunicorn one thread of the supervisor runs all calls, as one thread of a process does on Lambda.
    Elsewhere, as in tests, a call runs in the thread that asks for it.

    Its limits: the whole server runs one inline invocation at a time. No deadline is enforced.
    `os._exit` or a segfault ends the server. In a server the handler does not run in the main thread.
    """

    def __init__(self, function: Function, supervisor: Supervisor) -> None:
        self.function = function
        instance = Instance(uuid.uuid4().hex)
        self._thread = supervisor.inline_thread
        self._call = self._thread.call if supervisor.settings.under_gunicorn else operator.call
        self._log = supervisor.open_log(function, instance)
        self._scope = ModuleScope(function, build_environ(function, supervisor, instance))
        self._state = NEW
        self._client: Any = None
        self._at_end = ExitStack()

    def is_alive(self) -> bool:
        """Whether the environment can take an invocation."""
        return self._state is not DEAD

    def is_ready(self) -> bool:
        """Whether the function has been imported."""
        return self._state is READY

    def start(self) -> None:
        """Become STARTED; the first invocation imports the function."""
        self._state = STARTED

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one invocation; if it would have ended a process, the environment is DEAD afterwards."""
        return self._call(partial(self._invoke, invocation))

    def _invoke(self, invocation: Invocation) -> InvocationResult:
        self._log.start(invocation.request_id, invocation.cause)
        is_cold = self._state is not READY
        began = time.monotonic()
        ending: InvocationResult | InvocationFault
        try:
            ending = self._run(invocation)
        except EnvironmentDied as died:
            ending = died
        report = Report(
            request_id=invocation.request_id,
            duration_ms=(time.monotonic() - began) * 1000,
            max_memory_used=self.function.memory_size,  # not known: the memory belongs to the whole server
            init_duration_ms=None,
            outcome=invocation_outcome(ending),
        )
        return final_result(ending, invocation.request_id, self._log.report(report), is_cold)

    def begin(self, invocation: Invocation) -> socket.socket:
        """Begin an invocation in the supervisor's thread; see ExecutionEnvironment."""
        self._delivery.begin()
        self._thread.begin(partial(self._deliver, invocation))
        return self._delivery.connection

    def look(self) -> InvocationResult | None:
        """Take the result of the invocation that was begun, if it is there; see ExecutionEnvironment."""
        result = self._delivery.look()
        if result is not None and exceeds(result.content, LONG_BYTES):
            raise LongResult
        return result

    def await_result(self) -> InvocationResult:
        """Wait for the result of the invocation that was begun."""
        return self._delivery.wait()

    def initialize(self) -> InvocationResult | None:
        """Run the init phase alone; returns None, or the error that the import raised."""
        result = self._call(partial(self._run, None))
        return result if result.function_error else None

    def log_tail(self, request_id: str) -> bytes:
        """The last bytes of what an invocation has logged so far; nothing before it runs."""
        return self._log.tail(request_id)

    def kill(self) -> None:
        """Let the invocation run to its end, because a thread cannot be killed."""

    def retire(self) -> None:
        """Become DEAD; the next environment imports the function anew."""
        self._state = DEAD
        self._at_end.close()

    def module(self, name: str | None = None) -> ModuleType:
        """Find the handler's module, or another that the function has imported; raises KeyError if none.

        A test may replace what it finds there, the handler included: from now on each call looks it up.
        """
        runtime: Any = self._scope.module("awslambdaric.bootstrap")
        runtime._get_handler = inspect.unwrap(runtime._get_handler)
        return self._scope.module(name or self.function.handler.rpartition(".")[0].replace("/", "."))

    @cached_property
    def _delivery(self) -> Delivery:
        return self._at_end.enter_context(closing(Delivery()))

    def _deliver(self, invocation: Invocation) -> None:
        try:
            self._delivery.bring(self._invoke(invocation))
        except BaseException as failed:  # noqa: BLE001 - the thread that waits raises it
            self._state = DEAD
            self._delivery.bring(failed)

    def _run(self, invocation: Invocation | None) -> InvocationResult:
        with _interpreter:
            self._scope.run(partial(self._run_loop, invocation))
        result: InvocationResult = self._client.result
        return result

    def _run_loop(self, invocation: Invocation | None, runtime: Any) -> None:
        """Run awslambdaric's loop for one invocation."""
        client = self._client = self._client or _make_client(runtime)
        client.offer(invocation)
        try:
            runtime.run(self.function.handler, client)
        except _Answered:
            if self._state is not READY:
                self._state = READY
                _keep_logging(runtime)
        except BaseException as ended:
            self._state = DEAD
            if client.result is None:
                raise EnvironmentDied(f"Runtime exited {_ending(ended)}") from ended


def _make_client(runtime: ModuleType) -> Any:
    """Make a client of AWS's own class, in which the function may replace methods."""
    client_class = runtime.LambdaRuntimeClient
    replace_methods(client_class.__base__, _OneInvocation)
    replace_marshaller(type(client_class.marshaller), MarshallerMethods)
    client = client_class("")
    client._parts = Parts(client, runtime, MAX_RESPONSE_BYTES)
    return client


def _keep_logging(runtime: ModuleType) -> None:
    """Have awslambdaric's loop, which begins anew with each call, set up logging no second time."""

    def leave(*_: object) -> None:
        return

    vars(runtime).update(
        _setup_logging=leave,
        _log_preview_runtime_warning=leave,
        create_log_sink=runtime.StandardLogSink,
    )


class _Answered(BaseException):
    """Raised when awslambdaric asks for a second invocation, to leave its loop."""


class _OneInvocation:
    """The methods of a Runtime API that offers one invocation, or none if only the init phase is to run."""

    _parts: Parts
    result: InvocationResult | None = None

    def offer(self, invocation: Invocation | None) -> None:
        self._invocation, self.result = invocation, None

    def wait_next_invocation(self) -> Any:
        invocation, self._invocation = self._invocation, None
        if invocation is None:
            self.result = self.result or InvocationResult(b"null")
            raise _Answered
        now = time.time()
        head = runtime_headers(invocation, int((now + invocation.seconds(now)) * 1000))
        content, parts = invocation.content, self._parts
        if isinstance(content, bytes):
            event = parts.event(content or b"{}")
        else:
            event = parts.event(content.document, content.body, content.value)
        return InvocationRequest(head, event)

    def post_invocation_result(
        self, invoke_id: str, result_data: Any, content_type: str = "", invocation_id: str | None = None
    ) -> None:
        if self._parts.are_in(result_data):
            self.result = InvocationResult(Parted(*result_data))
        else:
            kind, payload = limited_response(result_data)
            self.result = InvocationResult(payload, "Unhandled" if kind == ERROR else None)

    def post_invocation_error(
        self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: str | None = None
    ) -> None:
        self.result = InvocationResult(error_response_data.encode("utf-8"), "Unhandled")

    def post_init_error(self, error_response_data: Any, error_type_override: str | None = None) -> None:
        to_json = sys.modules["awslambdaric.lambda_runtime_marshaller"].to_json
        self.result = InvocationResult(to_json(error_response_data).encode("utf-8"), "Unhandled")


def _ending(ended: BaseException) -> str:
    """How a process would have ended, in the words of Lambda's supervisor."""
    if isinstance(ended, KeyboardInterrupt):
        return "with error: signal: interrupt"
    code = ended.code if isinstance(ended, SystemExit) else 1
    if code is None or code == 0:
        return "without providing a reason"
    return f"with error: exit status {code if isinstance(code, int) else 1}"
