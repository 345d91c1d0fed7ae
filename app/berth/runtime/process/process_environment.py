"""An execution environment that runs its function in a process of its own."""

import socket
import threading
import time
import uuid
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from functools import partial

from berth.errors import EnvironmentDied, HandlerTimedOut, InvocationFault
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.runtime.environment import DEAD, NEW, READY, STARTED, Instance
from berth.runtime.logs.log_format import Report
from berth.runtime.outcome import final_result, init_error, init_outcome, invocation_outcome
from berth.runtime.process.channel import DeadlinePassed
from berth.runtime.process.launching import Launcher
from berth.runtime.process.resources import Resources
from berth.runtime.process.runtime_process import Run, RuntimeProcess
from berth.runtime.supervisor import Supervisor

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
_INIT_SECONDS = 10.0
_PROVISIONED_INIT_SECONDS = 130.0  # or the function's timeout, if that is longer
_MIB = 1024 * 1024
_EXIT_SECONDS = 0.1


class ProcessEnvironment:
    """Runs the function in one process after another, with one temporary folder and one log for all of them.

    When a process ends, by itself or because it was killed for a fault, the next one is started at
    once. It imports the function only when an invocation comes, as on Lambda ("suppressed init").
    """

    def __init__(
        self, function: Function, supervisor: Supervisor, launcher: Launcher, *, is_provisioned: bool = False
    ) -> None:
        self.function = function
        self._supervisor, self._launcher = supervisor, launcher
        self._instance = Instance(uuid.uuid4().hex, is_provisioned=is_provisioned)
        self._resources = Resources(function, supervisor, self._instance)
        self._log, self._pipe = self._resources.log, self._resources.pipe
        self._limited = self._resources.limited  # it has the launched process, once its start has succeeded
        self._state = NEW
        self._launched: Future[RuntimeProcess] = Future()  # _launch() replaces it
        self._launched_at = 0.0
        self._has_ended = False  # the process has ended, and the next one has not been launched
        self._is_first_process = True  # the init phase of the first process has a time limit of its own
        self._is_ending = False
        self._changing = threading.Lock()  # a pool that closes kills what a request's thread is using
        self._run: Run  # _start_run() sets it
        self._init_ms: float | None = None  # the duration of an init phase that no report contains yet

    def is_alive(self) -> bool:
        """Whether the environment can take an invocation; its process may have ended by itself."""
        if self._state is NEW or self._state is DEAD:
            return self._state is NEW
        launched = self._launched
        if not launched.done():
            return True
        return launched.exception() is None and launched.result().is_alive()

    def is_ready(self) -> bool:
        """Whether the function has been imported."""
        return self._state is READY

    def start(self) -> None:
        """Start the interpreter and wait until it runs; raises EnvironmentDied if it cannot be started."""
        with ExitStack() as on_failure:
            try:
                self._resources.open(on_failure)
                with self._changing:
                    if self._is_ending:
                        raise OSError("the server is ending")
                    self._launch()
            # No descriptor or thread is free, or the server is ending.
            except (OSError, RuntimeError) as failed:
                raise EnvironmentDied(f"Runtime could not be started: {failed}") from failed
            on_failure.pop_all()
        try:
            self._process.await_start()
        except BaseException:
            self.retire()
            raise

    def initialize(self) -> InvocationResult | None:
        """Run the init phase alone; returns None, or the error that the import raised.

        Raises InvocationFault if the process timed out or ended.
        """
        if self._state is READY:
            return None
        failure = self._initialize("init", max(_PROVISIONED_INIT_SECONDS, self.function.timeout))
        self._replace_ended_process()
        if isinstance(failure, InvocationFault):
            raise failure
        return failure

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one invocation; before the first one, run the init phase.

        A fault, such as a timeout, is returned as a result that describes it in Lambda's words.
        """
        is_cold = self._state is not READY
        self._resources.occupy()
        try:
            failure = self._init_phase() if self._is_first_process else None
            self._start_run(invocation)
            return self._conclude(failure or self._answer(), is_cold)
        finally:
            self._resources.vacate()

    def begin(self, invocation: Invocation) -> socket.socket:
        """Send an invocation to the function, which must be ready; see ExecutionEnvironment."""
        self._resources.occupy()
        try:
            self._start_run(invocation)
            return self._process.begin(self._run)
        except BaseException:
            self._resources.vacate()
            raise

    def look(self) -> InvocationResult | None:
        """Take the result of the invocation that was begun, if it is there; see ExecutionEnvironment."""
        result = self._process.look(self._run)
        return None if result is None else self._finish(result)

    def await_result(self) -> InvocationResult:
        """Wait for the result of the invocation that was begun."""
        return self._finish(self._await_ending())

    def _finish(self, ending: InvocationResult | InvocationFault) -> InvocationResult:
        try:
            return self._conclude(ending)
        finally:
            self._resources.vacate()

    def log_tail(self, request_id: str) -> bytes:
        """The last bytes of what an invocation has logged so far; nothing before it runs."""
        return self._log.tail(request_id)

    def kill(self) -> None:
        """Kill the process group and start no other process; a running invocation gets EnvironmentDied."""
        with self._changing:
            self._is_ending = True
            if self._state is not NEW and self._launched.exception() is None:
                self._process.kill()

    def retire(self) -> None:
        """Kill the process group and clean up after it; does nothing if the environment is DEAD."""
        self.kill()
        with self._changing:
            if self._state in {NEW, DEAD}:
                return
            self._state = DEAD
            self._limited.process = None
        self._resources.close()
        self._supervisor.in_background(partial(self._clean_up, self._launched))

    @property
    def _process(self) -> RuntimeProcess:
        """The current process; raises EnvironmentDied if it could not be started."""
        process = self._limited.process
        if process is None:
            process = self._limited.process = self._launched.result()
        return process

    def _init_phase(self) -> InvocationResult | InvocationFault | None:
        """Import the function within the time limit of an init phase.

        Returns None if the invocation can run, or else the error or fault that it ends with.
        """
        if self._state is READY:
            return None
        failure = self._initialize("init", _INIT_SECONDS)
        if isinstance(failure, InvocationResult):
            from berth.runtime.advice import log_advice  # it reads sources, and most functions need none

            log_advice(self.function, init_error(failure))
        if isinstance(failure, HandlerTimedOut):
            self._replace_ended_process()  # Lambda imports it again, as part of the invocation
            return None
        return failure

    def _initialize(self, phase: str, seconds: float) -> InvocationResult | InvocationFault | None:
        began = time.monotonic()
        if phase == "init":
            self._log.init_start()
        failure: InvocationResult | InvocationFault | None
        try:
            failure = self._process.initialize(began + seconds)
        except EnvironmentDied as died:
            failure = died
        except DeadlinePassed:
            failure = HandlerTimedOut(self.function.timeout)
        # Lambda's init phase begins with the start of the runtime.
        since = self._launched_at if phase == "init" else began
        milliseconds = (time.monotonic() - since) * 1000
        if failure is not None:
            self._end_process()
        self._pipe.finish()  # log what the import printed before the next line
        if failure is not None:
            self._log.init_report(phase, milliseconds, init_outcome(failure))
            return failure
        self._state = READY
        self._init_ms = milliseconds if phase == "init" else None
        return None

    def _start_run(self, invocation: Invocation) -> None:
        self._log.start(invocation.request_id, invocation.cause)
        self._run = Run(invocation, time.monotonic(), invocation.seconds(time.time()))

    def _answer(self) -> InvocationResult | InvocationFault:
        """Run the invocation; a process that was replaced imports the function as a part of it."""
        run = self._run
        if self._state is STARTED:
            failure = self._initialize("invoke", run.deadline - time.monotonic())
            if failure is not None:
                return failure
        with suppress(OSError):  # the process has closed its socket, and its end says why
            self._process.begin(run)
        return self._await_ending()

    def _await_ending(self) -> InvocationResult | InvocationFault:
        run = self._run
        try:
            return self._process.await_result(run)
        except EnvironmentDied as died:
            fault: InvocationFault = died
        except DeadlinePassed:
            fault = HandlerTimedOut(run.seconds)
        self._end_process()
        return fault

    def _conclude(
        self, ending: InvocationResult | InvocationFault, is_cold: bool = False
    ) -> InvocationResult:
        """Log how the invocation ended; the result that its caller gets."""
        seconds = time.monotonic() - self._run.began
        self._process.note_peak(seconds)
        self._pipe.finish()
        tail = self._log.report(self._report(seconds, ending))
        self._replace_ended_process()
        return final_result(ending, self._run.invocation.request_id, tail, is_cold)

    def _report(self, seconds: float, ending: InvocationResult | InvocationFault) -> Report:
        init_ms, self._init_ms = self._init_ms, None
        timeout = self.function.timeout
        return Report(
            request_id=self._run.invocation.request_id,
            duration_ms=(min(timeout, seconds) if isinstance(ending, HandlerTimedOut) else seconds) * 1000,
            max_memory_used=min(-(-self._process.most_memory // _MIB), self.function.memory_size),
            init_duration_ms=init_ms,
            outcome=invocation_outcome(ending) if self._state is READY else init_outcome(ending),
        )

    def _end_process(self) -> None:
        """Kill the process, unless it has ended, and the rest of its group."""
        self._process.note_peak()
        self._process.kill()
        # After its end the pipe holds all that it wrote. A large process may take longer to end than this.
        self._process.has_exited(_EXIT_SECONDS)
        self._pipe.finish(has_ended=True)
        self._state = STARTED
        self._has_ended = True

    def _replace_ended_process(self) -> None:
        if not self._has_ended:  # the thread that uses the environment sets it
            return
        with self._changing:
            if not self._is_ending:
                self._supervisor.in_background(partial(_close, self._launched))
                self._launch()
                self._is_first_process = False

    def _launch(self) -> None:
        folder, output = self._resources.folder, self._pipe.writing
        start = self._launcher.prepare(self.function, self._instance, folder, output)
        self._limited.process = None
        self._launched_at = time.monotonic()
        self._launched = self._supervisor.launch(start)
        self._has_ended = False
        self._state = STARTED

    def _clean_up(self, launched: "Future[RuntimeProcess]") -> None:
        _close(launched)
        self._resources.remove_folder()


def _close(launched: "Future[RuntimeProcess]") -> None:
    if launched.exception() is None:
        launched.result().close()
